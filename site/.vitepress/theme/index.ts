// VitePress' own theme, with our colours, our pages, and in the navigation bar
// the search and the other language.

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import GlossaryPage from '../../components/GlossaryPage.vue'
import Landing from '../../components/Landing.vue'
import LanguageSwitch from '../../components/LanguageSwitch.vue'
import LessonList from '../../components/LessonList.vue'
import LessonPage from '../../components/LessonPage.vue'
import ModulePage from '../../components/ModulePage.vue'
import SearchBox from '../../components/SearchBox.vue'
import './style.css'

const theme: Theme = {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'nav-bar-content-before': () => h(SearchBox),
      'nav-bar-content-after': () => h(LanguageSwitch),
    }),
  enhanceApp({ app }) {
    app.component('GlossaryPage', GlossaryPage)
    app.component('Landing', Landing)
    app.component('LessonList', LessonList)
    app.component('LessonPage', LessonPage)
    app.component('ModulePage', ModulePage)
  },
}

export default theme
