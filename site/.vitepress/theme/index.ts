// VitePress' own theme, with our colours, and in the navigation bar the search and
// the other language. Pages bring their components along, so that none waits for
// what another needs.

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import LanguageSwitch from '../../components/LanguageSwitch.vue'
import SearchBox from '../../components/SearchBox.vue'
import './style.css'

const theme: Theme = {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'nav-bar-content-before': () => h(SearchBox),
      'nav-bar-content-after': () => h(LanguageSwitch),
    }),
}

export default theme
