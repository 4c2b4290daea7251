// Marks the words of the glossary in a lesson's prose while it becomes HTML: each
// the first time that a step uses it, and never in code, links or headings.
//
// The mark is a button, so that keyboards and fingers reach what it explains;
// site/components/term-definitions.ts shows it.
import type { MarkdownOptions } from 'vitepress'
import type { TermFinder } from '../lessons/format/glossary.ts'

/** What a caller of render() passes to have words marked. */
export interface MarkEnvironment {
  finder?: TermFinder
  /** Ids that were marked already, in this text or one before it. */
  seen?: Set<string>
}

export const markTerms: NonNullable<MarkdownOptions['config']> = (markdown) => {
  markdown.core.ruler.push('glossary', (state) => {
    const { finder, seen }: MarkEnvironment = state.env ?? {}
    if (!finder || !seen) return
    for (const [index, token] of state.tokens.entries()) {
      if (token.type !== 'inline' || !token.children || state.tokens[index - 1]?.type === 'heading_open')
        continue
      let links = 0
      token.children = token.children.flatMap((child) => {
        if (child.type === 'link_open') links++
        if (child.type === 'link_close') links--
        if (child.type !== 'text' || links > 0) return [child]
        const parts = []
        let at = 0
        const text = (to: number): void => {
          if (to === at) return
          const part = new state.Token('text', '', 0)
          part.content = child.content.slice(at, to)
          parts.push(part)
        }
        for (const { id, from, to } of finder.find(child.content)) {
          if (seen.has(id)) continue
          seen.add(id)
          text(from)
          const mark = new state.Token('html_inline', '', 0)
          const word = markdown.utils.escapeHtml(child.content.slice(from, to))
          mark.content = `<button type="button" class="term" data-term="${id}">${word}</button>`
          parts.push(mark)
          at = to
        }
        text(child.content.length)
        return parts
      })
    }
  })
}
