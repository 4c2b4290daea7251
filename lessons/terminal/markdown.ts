// Markdown -> lines for a terminal: wrapped to the width, with bold, colour and
// highlighted code as escape sequences. markdown-it reads it, as on the site.

import { styleText } from 'node:util'
import { highlight } from 'cli-highlight'
import type { Token } from 'markdown-it'
import MarkdownIt from 'markdown-it'
import wrapAnsi from 'wrap-ansi'

const markdown = new MarkdownIt()

type Style = Parameters<typeof styleText>[0]

/** Colours on a terminal; none in a pipe, or when NO_COLOR says so (no-color.org). */
export function paint(style: Style, text: string): string {
  return coloured() ? styleText(style, text, { validateStream: false }) : text
}

function coloured(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR
}

/** Lines of `text`, each at most `width` cells wide. */
export function markdownLines(text: string, width: number): string[] {
  const lines: string[] = []
  const prefixes: { first: string; rest: string }[] = []
  const push = (content: string): void => {
    const first = prefixes.map((prefix) => prefix.first).join('')
    const rest = prefixes.map((prefix) => prefix.rest).join('')
    const body = wrapAnsi(content, Math.max(10, width - rest.length), { hard: true }).split('\n')
    for (const [index, line] of body.entries()) lines.push((index === 0 ? first : rest) + line)
    // A bullet stands before the first line only.
    for (const prefix of prefixes) prefix.first = prefix.rest
  }
  const numbers: (number | undefined)[] = []
  for (const token of markdown.parse(text, {})) {
    if (token.type === 'inline') push(inline(token.children ?? []))
    else if (token.type === 'fence' || token.type === 'code_block')
      lines.push(...codeLines(token.content, token.info, width))
    else if (token.type === 'bullet_list_open') numbers.push(undefined)
    else if (token.type === 'ordered_list_open') numbers.push(1)
    else if (token.type.endsWith('_list_close')) numbers.pop()
    else if (token.type === 'list_item_open') {
      const number = numbers.at(-1)
      const mark = number === undefined ? '• ' : `${number}. `
      if (number !== undefined) numbers[numbers.length - 1] = number + 1
      prefixes.push({ first: mark, rest: ' '.repeat(mark.length) })
    } else if (token.type === 'blockquote_open')
      prefixes.push({ first: paint('dim', '│ '), rest: paint('dim', '│ ') })
    else if (token.type === 'list_item_close' || token.type === 'blockquote_close') prefixes.pop()
    if (/^(paragraph|heading)_close$/.test(token.type) && !token.hidden) lines.push('')
  }
  while (lines.at(-1)?.trim() === '') lines.pop()
  return lines
}

function inline(tokens: readonly Token[]): string {
  let out = ''
  const styles: Style[] = []
  for (const token of tokens) {
    if (token.type === 'strong_open') styles.push('bold')
    else if (token.type === 'em_open') styles.push('italic')
    else if (token.type === 'link_open') styles.push('underline')
    else if (/_close$/.test(token.type)) styles.pop()
    else if (token.type === 'code_inline') out += paint('cyan', token.content)
    else if (token.type === 'softbreak') out += ' '
    else if (token.type === 'hardbreak') out += '\n'
    else out += styles.reduce((text, style) => paint(style, text), token.content)
  }
  return out
}

/** Code, highlighted, with long lines cut: code that wraps is code that cannot be read. */
export function codeLines(code: string, language: string, width: number, numberFrom?: number): string[] {
  const lines = code.trimEnd().split('\n')
  const digits = numberFrom === undefined ? 0 : String(numberFrom + lines.length).length + 1
  const cut = lines.map((line) =>
    line.length > width - digits - 2 ? `${line.slice(0, width - digits - 3)}…` : line,
  )
  const name = language.split(' ')[0] || 'text'
  const painted = !coloured() ? cut : highlightCode(cut.join('\n'), name).split('\n')
  return painted.map((line, index) => {
    const number =
      numberFrom === undefined ? '' : paint('dim', `${String(numberFrom + index).padStart(digits - 1)} `)
    return `${number}  ${line}`
  })
}

function highlightCode(code: string, language: string): string {
  try {
    return highlight(code, { language: language === 'sh' ? 'bash' : language, ignoreIllegals: true })
  } catch {
    // A language that it does not know: as it is.
    return code
  }
}
