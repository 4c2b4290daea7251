// VitePress' own theme, with our colours and our pages.

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import Landing from '../../components/Landing.vue'
import LessonList from '../../components/LessonList.vue'
import LessonStage from '../../components/LessonStage.vue'
import JoinPage from '../../components/stage/JoinPage.vue'
import './style.css'

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Landing', Landing)
    app.component('LessonList', LessonList)
    app.component('LessonPage', LessonStage)
    app.component('JoinPage', JoinPage)
  },
}

export default theme
