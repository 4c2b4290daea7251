// How the site turns Markdown into HTML. VitePress makes one renderer for all:
// whoever asks first decides (lessons do, by lesson-view.ts), so both ask for this.
import type { MarkdownOptions } from 'vitepress'
import { markTerms } from './glossary-marks.ts'

/** Where a file's header sends its reader; test/architecture.test.ts holds that the file exists. */
const next = /^(\/\/ Next: )(engine\/\S+)$/

export const markdown: MarkdownOptions = {
  config: markTerms,
  theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  codeTransformers: [
    {
      name: 'next-links',
      // A comment is one span. The path in it becomes a link to that file's page.
      span(node) {
        const [text] = node.children
        const [, words, path] = (text?.type === 'text' && next.exec(text.value)) || []
        if (words === undefined || path === undefined) return
        const label = { type: 'text' as const, value: path }
        node.children = [
          { type: 'text', value: words },
          { type: 'element', tagName: 'a', properties: { href: `/${path}` }, children: [label] },
        ]
      },
    },
  ],
}
