// The site: VitePress, with lesson pages made from the same parser as everything
// else. English at /, Chinese at /zh/; the engine's source is English only.
import { type DefaultTheme, defineConfig, type LocaleSpecificConfig } from 'vitepress'
import type { Language } from '../../lessons/language/language.ts'
import { siteWords } from '../../lessons/language/site.ts'
import { stageScript } from '../components/stage/stage-name.ts'
import { reloadLessons } from '../lesson-reload.ts'
import { markdown } from '../markdown.ts'

/** Without a label, VitePress shows no switch of its own: ours knows which pages have two languages. */
function locale(language: Language): LocaleSpecificConfig<DefaultTheme.Config> & { label: string } {
  const { tag, description, nav } = siteWords[language]
  const base = language === 'zh' ? '/zh' : ''
  return {
    label: '',
    lang: tag,
    description,
    themeConfig: {
      logoLink: `${base}/`,
      nav: [
        { text: nav.lessons, link: `${base}/lessons/`, activeMatch: `^${base}/(lessons|modules)/` },
        { text: nav.glossary, link: `${base}/glossary` },
        { text: nav.teaching, link: `${base}/teaching` },
        { text: nav.engine, link: '/engine/', activeMatch: '^/engine/' },
      ],
      footer: { message: nav.footer },
      sidebarMenuLabel: nav.menu,
      returnToTopLabel: nav.top,
      skipToContentLabel: nav.skip,
      darkModeSwitchLabel: nav.appearance,
      lightModeSwitchTitle: nav.light,
      darkModeSwitchTitle: nav.dark,
      outline: { label: nav.onThisPage },
      notFound: {
        title: nav.notFound.title,
        quote: nav.notFound.quote,
        linkText: nav.notFound.home,
        linkLabel: nav.notFound.home,
      },
    },
  }
}

export default defineConfig({
  title: 'learn-containers',
  outDir: '../dist/site',
  cleanUrls: true,
  lastUpdated: false,
  head: [
    ['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }],
    ['script', {}, stageScript],
  ],
  themeConfig: { logo: '/logo.svg' },
  locales: { root: locale('en'), zh: locale('zh') },
  markdown,
  // Pages that are made from data have no heading to take it from.
  transformPageData: ({ params }) => (typeof params?.title === 'string' ? { title: params.title } : {}),
  vite: {
    plugins: [reloadLessons()],
    // Monaco and xterm are large, and wanted: each is a chunk of its own, loaded when it is used.
    build: { chunkSizeWarningLimit: 4000 },
    ssr: { noExternal: ['monaco-editor'] },
  },
})
