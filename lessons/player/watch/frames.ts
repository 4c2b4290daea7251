// The stream of a sampler, cut into frames, whatever names it carries.
//
// File names hold anything but NUL and "/", names of processes anything but NUL.
// So NUL ends a record, and a record begins with its kind, which is ours:
//
//   head\n…text…\0   file\t…one file…\0   end\0
//
// Text is at most what a script prints in one frame; a frame that grows beyond
// all bounds is dropped.
import { StringDecoder } from 'node:string_decoder'

export interface Frame {
  /** Text of the record of that kind; empty when there was none. */
  text(kind: string): string
  /** Every record of that kind. */
  all(kind: string): string[]
}

const most = 4 * 1024 * 1024

export class FrameReader {
  // A character may be cut in two by the end of a chunk.
  readonly #decoder = new StringDecoder('utf8')
  readonly #onFrame: (frame: Frame) => void
  #rest = ''
  #records: { kind: string; body: string }[] = []
  #size = 0

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Uint8Array): void {
    this.#rest += this.#decoder.write(chunk)
    const records = this.#rest.split('\0')
    this.#rest = records.pop() ?? ''
    if (this.#rest.length > most) this.#rest = ''
    for (const record of records) this.#take(record)
  }

  #take(record: string): void {
    if (record === 'end') {
      const records = this.#records
      if (this.#size <= most) this.#onFrame(frameOf(records))
      this.#records = []
      this.#size = 0
      return
    }
    this.#size += record.length
    if (this.#size > most) return
    const cut = record.search(/[\n\t]/)
    this.#records.push({ kind: record.slice(0, Math.max(0, cut)), body: record.slice(cut + 1) })
  }
}

function frameOf(records: readonly { kind: string; body: string }[]): Frame {
  const all = (kind: string): string[] =>
    records.filter((record) => record.kind === kind).map((record) => record.body)
  return { all, text: (kind) => all(kind)[0] ?? '' }
}

/** A name that can do no harm where it is shown: what would move a cursor, or turn text around, is spelled out. */
export function printable(name: string): string {
  return name.replaceAll(
    /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (one) => shortSpelling[one] ?? `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

const shortSpelling: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\x1b': '\\e' }
