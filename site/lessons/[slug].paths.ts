// One page per lesson.
import { modules } from '../../lessons/format/catalogue.ts'
import { lessonView } from '../lesson-view.ts'

export default {
  watch: ['../../lessons/content/**/*.md', '../../engine/**/*.ts'],
  async paths() {
    const lessons = (await modules()).flatMap((module) => module.lessons)
    return Promise.all(
      lessons.map(async (lesson, index) => ({
        params: { slug: lesson.slug, view: await lessonView(lessons, index) },
      })),
    )
  },
}
