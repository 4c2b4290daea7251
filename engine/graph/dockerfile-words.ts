// Words of a Dockerfile instruction: `ENV a=1 b="two words" c=$a`.
//
// Quotes and backslashes hold words together, as a shell has it; variables of the image's
// own environment are filled in: $name, ${name}, ${name:-default}, ${name:+alternative}.
//
// Pure. Called by config-change.ts.

type Environment = Readonly<Record<string, string>>

interface Cursor {
  readonly text: string
  at: number
}

/** Parted at spaces that no quote and no backslash protects; variables filled in, quotes taken off. */
export function dockerfileWords(text: string, environment: Environment): string[] {
  const cursor: Cursor = { text, at: 0 }
  const words: string[] = []
  for (;;) {
    while (/\s/.test(text[cursor.at] ?? '')) cursor.at++
    if (cursor.at >= text.length) return words
    words.push(word(cursor, environment, /\s/))
  }
}

/** The whole text as one word: quotes taken off, variables filled in, spaces kept. */
export function expandText(text: string, environment: Environment): string {
  return word({ text, at: 0 }, environment, undefined)
}

function word(cursor: Cursor, environment: Environment, end: RegExp | undefined): string {
  let result = ''
  let quote = ''
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const char = cursor.text[cursor.at] ?? ''
    if (quote === "'") {
      if (char === "'") quote = ''
      else result += char
    } else if (char === '\\') result += escaped(cursor, quote)
    else if (char === '$') result += variable(cursor, environment)
    else if (quote === '"' && char === '"') quote = ''
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else if (quote === '' && end?.test(char)) break
    else result += char
  }
  return result
}

/** Between double quotes a backslash counts only before what would mean something there. */
function escaped(cursor: Cursor, quote: string): string {
  const next = cursor.text[cursor.at + 1]
  if (next === undefined) return '\\'
  cursor.at++
  return quote === '"' && !['"', '$', '\\'].includes(next) ? `\\${next}` : next
}

/** Leaves the cursor on the last character of the variable. */
function variable(cursor: Cursor, environment: Environment): string {
  const rest = cursor.text.slice(cursor.at)
  const [whole, plain, braced, operator, other = ''] =
    /^\$(?:(\w+)|\{(\w+)(?::([-+])((?:[^}\\]|\\.)*))?\})/s.exec(rest) ?? []
  if (whole === undefined) return '$'
  cursor.at += whole.length - 1
  const name = plain ?? braced ?? ''
  const value = Object.hasOwn(environment, name) ? (environment[name] ?? '') : ''
  if (operator === '-') return value === '' ? expandText(other, environment) : value
  if (operator === '+') return value === '' ? '' : expandText(other, environment)
  return value
}
