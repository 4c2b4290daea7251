// Words of a Go template: text between `{{` and `}}` becomes tokens.
//
// What stands outside is text, and is kept as it is; `{{-` and `-}}` eat the white
// space beside them. Pure.
import { TemplateError } from './template-error.ts'

export interface Token {
  /** `field` is `.Name`; `name` a function or a word like `range`; `variable` is `$x`; `mark` is ( ) | , = := . */
  kind: 'field' | 'name' | 'variable' | 'text' | 'number' | 'mark'
  value: string
  /** Blank space stands before it: `.A.B` is one way, `.A .B` two arguments. */
  spaced: boolean
}

export type Piece = { text: string } | { action: Token[]; source: string }

/** @throws TemplateError for an action that does not end, or a character that means nothing */
export function scan(template: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trimNext = false
  const addText = (text: string): void => {
    if (text !== '') pieces.push({ text })
  }
  while (at < template.length) {
    const open = template.indexOf('{{', at)
    let text = template.slice(at, open < 0 ? undefined : open)
    if (trimNext) text = text.trimStart()
    if (open < 0) {
      addText(text)
      break
    }
    const trimBefore = /^\{\{-\s/.test(template.slice(open))
    addText(trimBefore ? text.trimEnd() : text)
    const start = open + (trimBefore ? 3 : 2)
    const { tokens, end, comment } = scanAction(template, start)
    const source = template.slice(start, end).trim()
    trimNext = /\s-$/.test(template.slice(open + 2, end))
    if (!comment) pieces.push({ action: tokens, source: source.replace(/\s-$/, '').trim() })
    at = end + 2
  }
  return pieces
}

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /[+-]?\d[\w.]*/y],
  ['variable', /\$\w*/y],
  ['field', /\.[A-Za-z_]\w*/y],
  ['name', /[A-Za-z_]\w*/y],
  ['mark', /:=|[()|,=.]/y],
]

function scanAction(template: string, start: number): { tokens: Token[]; end: number; comment: boolean } {
  const tokens: Token[] = []
  const comment = /\s*\/\*[\s\S]*?\*\/\s*(?=\}\}|-\}\})/y
  comment.lastIndex = start
  const skipped = comment.exec(template)
  let at = start + (skipped?.[0].length ?? 0)
  let spaced = false
  while (at < template.length) {
    // `-` before the end belongs to the trim marker.
    if (template.startsWith('}}', at)) return { tokens, end: at, comment: skipped !== null }
    if (template.startsWith('-}}', at)) return { tokens, end: at + 1, comment: skipped !== null }
    if (/\s/.test(template[at] ?? '')) {
      spaced = true
      at++
      continue
    }
    const token = readToken(template, at)
    if (!token)
      throw new TemplateError(`unexpected "${template[at]}" in {{${template.slice(start).split('}}')[0]}}}`)
    tokens.push({ ...token, spaced })
    spaced = false
    at += token.length
  }
  throw new TemplateError(`unclosed action: {{${template.slice(start)} has no }}`)
}

function readToken(
  template: string,
  at: number,
): { kind: Token['kind']; value: string; length: number } | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const [raw] = pattern.exec(template) ?? []
    if (raw === undefined) continue
    return { kind, value: kind === 'text' ? unquote(raw) : raw, length: raw.length }
  }
  return undefined
}

function unquote(raw: string): string {
  if (raw.startsWith('`')) return raw.slice(1, -1)
  try {
    return String(JSON.parse(raw))
  } catch {
    throw new TemplateError(`the string ${raw} has an escape that is not known`)
  }
}
