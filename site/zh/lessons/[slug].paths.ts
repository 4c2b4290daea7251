// One page per lesson, in Chinese.
import { lessonViews } from '../../lesson-view.ts'

export default {
  async paths() {
    const views = await lessonViews('zh')
    return views.map((view) => ({ params: { slug: view.lesson.slug, title: view.lesson.title, view } }))
  },
}
