// One page per lesson, in English.
import { lessonViews } from '../lesson-view.ts'

export default {
  async paths() {
    const views = await lessonViews('en')
    return views.map((view) => ({ params: { slug: view.lesson.slug, title: view.lesson.title, view } }))
  },
}
