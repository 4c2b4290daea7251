// Markdown -> lines for a terminal: wrapped to the width, with bold, colour and
// highlighted code as escape sequences. markdown-it reads it, as on the site.
import { highlight } from 'cli-highlight'
import type { Token } from 'markdown-it'
import MarkdownIt from 'markdown-it'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { coloured, paint, type Style } from './paint.ts'
import { tableLines } from './table.ts'
import { wrap } from './wrapping.ts'

const markdown = new MarkdownIt()

/** What stands before the lines of a list item or a quotation: a bullet before the first line only. */
interface Prefix {
  first: string
  rest: string
}

/** Lines of `text`, each at most `width` cells wide. */
export function markdownLines(text: string, width: number): string[] {
  const lines: string[] = []
  const prefixes: Prefix[] = []
  const numbers: (number | undefined)[] = []
  const prefix = (): string => prefixes.map(({ rest }) => rest).join('')
  const room = (): number => Math.max(10, width - stringWidth(prefix()))
  const push = (content: readonly string[]): void => {
    for (const line of content) {
      lines.push(prefixes.map(({ first }) => first).join('') + line)
      for (const one of prefixes) one.first = one.rest
    }
  }
  const gap = (): void => {
    if (lines.length > 0) lines.push(prefix().trimEnd())
  }
  let style: Style | undefined
  let rows: string[][] | undefined
  for (const token of markdown.parse(text, {})) {
    if (token.type === 'table_open') rows = []
    else if (token.type === 'tr_open') rows?.push([])
    else if (token.type === 'inline' && rows)
      rows.at(-1)?.push(inline(token.children ?? [], rows.length === 1 ? 'bold' : undefined))
    else if (token.type === 'table_close') {
      push(tableLines(rows ?? [], room()))
      rows = undefined
      gap()
    } else if (token.type === 'inline') push(wrap(inline(token.children ?? [], style), room()))
    else if (token.type === 'fence' || token.type === 'code_block') {
      push(codeLines(token.content, token.info, room()))
      gap()
    } else if (token.type === 'hr') {
      push([paint('dim', '─'.repeat(Math.min(room(), 20)))])
      gap()
    } else if (token.type === 'heading_open') style = token.tag === 'h1' ? ['bold', 'underline'] : 'bold'
    else if (token.type === 'bullet_list_open') numbers.push(undefined)
    else if (token.type === 'ordered_list_open') numbers.push(Number(token.attrGet('start') ?? 1))
    else if (token.type === 'list_item_open') {
      const number = numbers.at(-1)
      const mark = number === undefined ? '• ' : `${number}. `
      if (number !== undefined) numbers[numbers.length - 1] = number + 1
      prefixes.push({ first: mark, rest: ' '.repeat(mark.length) })
    } else if (token.type === 'blockquote_open') {
      const bar = paint('dim', '│ ')
      prefixes.push({ first: bar, rest: bar })
    } else if (token.type === 'list_item_close') prefixes.pop()
    else if (token.type === 'blockquote_close') {
      // The space after the last paragraph belongs behind the quotation, not into it.
      lines.pop()
      prefixes.pop()
      gap()
    } else if (/_list_close$/.test(token.type)) {
      numbers.pop()
      if (numbers.length === 0) gap()
    } else if (/^(paragraph|heading)_close$/.test(token.type) && !token.hidden) gap()
    if (token.type === 'heading_close') style = undefined
  }
  while (lines.at(-1)?.trim() === '') lines.pop()
  return lines.filter((line, at) => line.trim() !== '' || lines[at - 1]?.trim() !== '')
}

function inline(tokens: readonly Token[], around: Style | undefined): string {
  let out = ''
  const styles: Style[] = around === undefined ? [] : [around]
  const links: string[] = []
  for (const token of tokens) {
    if (token.type === 'strong_open') styles.push('bold')
    else if (token.type === 'em_open') styles.push('italic')
    else if (token.type === 's_open') styles.push('strikethrough')
    else if (token.type === 'link_open') {
      styles.push('underline')
      links.push(String(token.attrGet('href') ?? ''))
    } else if (/_close$/.test(token.type)) {
      styles.pop()
      // Where it leads, unless the text says that already.
      const target = token.type === 'link_close' ? (links.pop() ?? '') : ''
      if (target.startsWith('http') && !out.includes(target)) out += paint('dim', ` (${target})`)
    } else if (token.type === 'code_inline')
      // Without colours only the backticks tell a command from the words around it.
      out += coloured() ? paint('cyan', token.content) : `\`${token.content}\``
    else if (token.type === 'softbreak') out += ' '
    else if (token.type === 'hardbreak') out += '\n'
    else out += styles.reduce<string>((text, style) => paint(style, text), token.content)
  }
  return out
}

/** Code, highlighted; a line that is too long goes on in the next, further in. */
export function codeLines(code: string, language: string, width: number, numberFrom?: number): string[] {
  const source = code.trimEnd().split('\n')
  const name = language.split(' ')[0] || 'text'
  const painted = coloured() ? highlightCode(source.join('\n'), name).split('\n') : source
  const digits = numberFrom === undefined ? 0 : String(numberFrom + source.length).length + 2
  return painted.flatMap((line, index) => {
    const indent = /^\s*(?:\*|\/\/|#)?\s*/.exec(source[index] ?? '')?.[0].length ?? 0
    const number = numberFrom === undefined ? '' : `${numberFrom + index}  `.padStart(digits)
    return hanging(line, width - digits, Math.min(indent + 2, 16)).map(
      (part, row) => paint('dim', row === 0 ? number : ' '.repeat(digits)) + part,
    )
  })
}

/** Wraps one line; what goes on is `indent` cells further in. */
function hanging(line: string, width: number, indent: number): string[] {
  if (stringWidth(line) <= width) return [line]
  const options = { hard: true, trim: false }
  const [first = '', ...rest] = wrapAnsi(line, width, options).split('\n')
  if (rest.length === 0) return [first]
  const others = wrapAnsi(rest.join(''), Math.max(10, width - indent), options).split('\n')
  return [first.trimEnd(), ...others.map((part) => ' '.repeat(indent) + part.trimEnd())]
}

function highlightCode(code: string, language: string): string {
  try {
    return highlight(code, { language: language === 'sh' ? 'bash' : language, ignoreIllegals: true })
  } catch {
    // A language that it does not know: as it is.
    return code
  }
}
