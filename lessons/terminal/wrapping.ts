// Text -> lines of a width, for texts with and without spaces between words.
//
// Chinese may be broken between any two characters, but for punctuation: no line
// begins with 。 or ）, and none ends with （ or “. wrap-ansi knows spaces only,
// and would leave half of a line empty before a long run of characters.
import { inspect } from 'node:util'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

const wide = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u
/** Punctuation that holds on to what stands before it, or after it. */
const closing = '，。、；：？！）」』】〉》”’…—·％'
const opening = '（「『【〈《“‘'
const style = '\\x1b\\[[0-9;]*m'
const unit = new RegExp(
  `${style}|\\n| +|[${opening}]*[\\p{Script=Han}\\u3000-\\u303f\\uff00-\\uffef](?:${style})*[${closing}]*|[${opening}${closing}]+|[^\\s\\x1b\\p{Script=Han}\\u3000-\\u303f\\uff00-\\uffef${opening}${closing}]+[${closing}]*|.`,
  'gu',
)

/** Lines of `text`, each at most `width` cells wide; a style that goes over a line's end is closed there and opened again. */
export function wrap(text: string, width: number): string[] {
  if (!wide.test(text)) return wrapAnsi(text, width, { hard: true }).split('\n')
  const lines: string[] = []
  let line = ''
  let room = width
  const styles = new Map<number, string>()
  const breakLine = (): void => {
    const closed = [...styles.keys()].reverse().map((code) => `\x1b[${code}m`)
    lines.push(line.trimEnd() + closed.join(''))
    line = [...styles.values()].join('')
    room = width
  }
  for (const [part] of text.matchAll(unit)) {
    if (part.startsWith('\x1b')) {
      follow(styles, part)
      line += part
    } else if (part === '\n') breakLine()
    else if (part.startsWith(' ')) {
      // At the beginning of a line there is nothing to keep apart.
      if (room === width) continue
      line += part
      room -= part.length
    } else
      for (const piece of stringWidth(part) > width ? part : [part]) {
        const cells = stringWidth(piece)
        if (cells > room) breakLine()
        line += piece
        room -= cells
        // Between a character and the punctuation that holds on to it.
        for (const [code] of piece.matchAll(/\x1b\[[0-9;]*m/g)) follow(styles, code)
      }
  }
  breakLine()
  return lines
}

/** Opening code -> the code that ends it, as styleText() writes them. */
const ends = new Map<number, number>()
for (const pair of Object.values<readonly [number, number] | undefined>(inspect.colors))
  if (pair) ends.set(pair[0], pair[1])

/** Keeps in `styles`, by its end, what a sequence begins, and forgets what it ends. */
function follow(styles: Map<number, string>, sequence: string): void {
  const code = Number(sequence.slice(2, -1))
  const end = ends.get(code)
  if (code === 0) styles.clear()
  else if (end === undefined) styles.delete(code)
  else styles.set(end, sequence)
}
