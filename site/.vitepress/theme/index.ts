// VitePress' own theme, with our colours and our pages.

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import Landing from '../../components/Landing.vue'
import LessonList from '../../components/LessonList.vue'
import LessonPage from '../../components/LessonPage.vue'
import './style.css'

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Landing', Landing)
    app.component('LessonList', LessonList)
    app.component('LessonPage', LessonPage)
  },
}

export default theme
