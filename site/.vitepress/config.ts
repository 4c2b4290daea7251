// The site: VitePress, with lesson pages made from the same parser as everything else.
import { defineConfig } from 'vitepress'
import { stageScript } from '../components/stage/stage-name.ts'
import { markdown } from '../markdown.ts'

export default defineConfig({
  title: 'learn-containers',
  description: 'Find out what a container is, by building one on a real Linux kernel.',
  lang: 'en',
  outDir: '../dist/site',
  cleanUrls: true,
  lastUpdated: false,
  head: [
    ['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }],
    ['script', {}, stageScript],
  ],
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Lessons', link: '/lessons/' },
      { text: 'Teaching', link: '/teaching' },
      { text: 'How tocker works', link: '/engine/', activeMatch: '^/engine/' },
    ],
    footer: { message: 'Apache-2.0. Everything here runs on your own machine.' },
  },
  markdown,
  vite: {
    // Monaco and xterm are large, and wanted: each is a chunk of its own, loaded when it is used.
    build: { chunkSizeWarningLimit: 4000 },
    ssr: { noExternal: ['monaco-editor'] },
  },
})
