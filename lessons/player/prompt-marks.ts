// OSC 133: how a shell tells where its prompt and its commands begin and end.
//
//   A  prompt begins     B  prompt ends, the learner may type
//   C  command begins    D;status  command ended
//
// Terminals of iTerm2, VS Code and others speak the same. The marks travel in the
// output as escape sequences and show nothing. This reads them out of chunks
// that may be cut anywhere. Pure.
import { stripVTControlCharacters } from 'node:util'

export type Mark =
  | { type: 'A' | 'B' | 'C' }
  | { type: 'D'; status: number | undefined }
  | { type: 'text'; text: string }

const start = '\x1b]133;'

export class PromptMarks {
  #rest = ''
  readonly #decoder = new TextDecoder()

  /** Marks and the text between them, in order. A mark that is cut off waits for the next chunk. */
  push(chunk: Uint8Array): Mark[] {
    const input = this.#rest + this.#decoder.decode(chunk, { stream: true })
    this.#rest = ''
    const marks: Mark[] = []
    let at = 0
    while (at < input.length) {
      const next = input.indexOf(start, at)
      if (next < 0) {
        const cut = partialStart(input.slice(at))
        if (input.length - cut > at) marks.push({ type: 'text', text: input.slice(at, input.length - cut) })
        this.#rest = cut > 0 ? input.slice(-cut) : ''
        return marks
      }
      if (next > at) marks.push({ type: 'text', text: input.slice(at, next) })
      // Ends with BEL or with ST (ESC \).
      const end = /\x07|\x1b\\/g
      end.lastIndex = next + start.length
      const found = end.exec(input)
      if (!found) {
        this.#rest = input.slice(next)
        return marks
      }
      const mark = parse(input.slice(next + start.length, found.index))
      if (mark) marks.push(mark)
      at = end.lastIndex
    }
    return marks
  }
}

function parse(body: string): Mark | undefined {
  const [type, status] = body.split(';')
  if (type === 'A' || type === 'B' || type === 'C') return { type }
  if (type === 'D')
    return { type, status: status === undefined || status === '' ? undefined : Number(status) }
  return undefined
}

/** How many characters at the end may be the beginning of a mark. */
function partialStart(text: string): number {
  for (let length = Math.min(start.length - 1, text.length); length > 0; length--) {
    if (start.startsWith(text.slice(-length))) return length
  }
  return 0
}

/** Text without colours, titles and cursor movements: what `expect` looks at. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n')
}
