// Docker's json-file, byte for byte: one JSON object a line.
//
//   {"log":"hello\n","stream":"stdout","time":"2026-01-31T12:00:00.123456789Z"}
//
// `log` has the line's newline, and none when the line goes on in the next record: that
// is all there is about partial lines. `attrs`, from --log-opt labels and env, comes
// before `time`.
//
// JSON is text, and output need not be: where a line is not UTF-8, Docker writes
// U+FFFD in place of its bytes, and they are gone. Here such a line has its bytes as
// well, as `raw` in base64. Programs that read Docker's files see the same as ever.
//
// Docker escapes more than JSON asks for: <, >, & and two line separators, since its
// library thinks of HTML.
//
// Next: engine/daemon/logs/rotate.ts
import { isUtf8 } from 'node:buffer'
import * as z from 'zod/mini'
import type { Bytes } from './bytes.ts'
import { formatTime, parseTime } from './clock.ts'
import type { LogCodec, RandomRead } from './codec.ts'
import type { LogRecord } from './driver.ts'

const newline = 10
/** Of a file, at a time, when looking for its last lines. */
const block = 64 * 1024
/** No line is longer: 16 KiB of control characters take six times as much, and base64 of them once more. */
const longestLine = 1024 * 1024

const lineSchema = z.object({
  log: z._default(z.string(), ''),
  stream: z.enum(['stdout', 'stderr']),
  time: z.string(),
  raw: z.exactOptional(z.string()),
  attrs: z.exactOptional(z.record(z.string(), z.string())),
})

/** @param attributes what --log-opt adds to every line; none when empty */
export function jsonFile(attributes: Readonly<Record<string, string>> = {}): LogCodec {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
  const attrs = sorted.map(([name, value]) => `${quote(name)}:${quote(value)}`).join(',')
  const ends = new Ends(attrs === '' ? '' : `"attrs":{${attrs}},`)
  return {
    encode: (record, to) => encodeLine(record, to, ends),
    decoder: () => new LineDecoder().take,
    tail,
    whole: (file, size) => tail(file, size, 1, true).offset,
  }
}

const begin = Buffer.from('{"log":"')

/** What follows the text. The records of one read(2) have the same time, and so the same end. */
class Ends {
  readonly #attrs: string
  #time = -1n
  readonly #ends = new Map<string, Buffer>()

  constructor(attrs: string) {
    this.#attrs = attrs
  }

  of({ stream, time, partial }: LogRecord, raw: string): Buffer {
    if (time !== this.#time) this.#ends.clear()
    this.#time = time
    const newline = partial === undefined || partial.last ? '\\n' : ''
    const key = `${newline}","stream":"${stream}",${raw}`
    const found = this.#ends.get(key)
    if (found) return found
    const made = Buffer.from(`${key}${this.#attrs}"time":"${formatTime(time)}"}\n`)
    if (raw === '') this.#ends.set(key, made)
    return made
  }
}

function encodeLine(record: LogRecord, to: Bytes, ends: Ends): void {
  const { line } = record
  to.add(begin)
  if (isUtf8(line)) {
    addEscaped(line, to)
    to.add(ends.of(record, ''))
  } else {
    addEscaped(Buffer.from(line.toString('utf8')), to)
    to.add(ends.of(record, `"raw":"${line.toString('base64')}",`))
  }
}

/** U+2028 and U+2029 are E2 80 A8 and E2 80 A9. */
const separator = 0xe2

/** By byte, what is written in its place. */
const escapes = Array.from({ length: 256 }, (_, byte) => Buffer.from(escaped(String.fromCharCode(byte))))
/** By byte: does it need another look? A table of bytes, since this is asked for every byte of output. */
const isSpecial = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === separator || '"\\<>&'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** @param text UTF-8 */
function addEscaped(text: Buffer, to: Bytes): void {
  // Six bytes for one is the most: \u001b.
  const { buffer, at } = to.room(text.length * 6)
  let end = at
  let run = 0
  for (let from = 0; from <= text.length; from++) {
    const byte = text[from] ?? 0
    if (from < text.length && isSpecial[byte] === 0) continue
    // What stands for itself goes in one piece.
    text.copy(buffer, end, run, from)
    end += from - run
    run = from + 1
    if (from === text.length) break
    if (byte !== separator) end += escapes[byte]?.copy(buffer, end) ?? 0
    else if (text[from + 1] === 0x80 && ((text[from + 2] ?? 0) & 0xfe) === 0xa8) {
      end += buffer.write(text[from + 2] === 0xa8 ? '\\u2028' : '\\u2029', end)
      from += 2
      run = from + 1
    } else buffer[end++] = byte
  }
  to.took(end - at)
}

const specials = /[\u0000-\u001f"\\<>&\u2028\u2029]/g

function quote(text: string): string {
  return `"${text.replace(specials, escaped)}"`
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

class LineDecoder {
  #rest: Buffer = Buffer.alloc(0)
  /** Is the last record a piece of a line that goes on? By stream, since they are mixed. */
  readonly #open = new Map<string, { id: string; ordinal: number }>()

  readonly take = (chunk: Buffer): LogRecord[] => {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const records: LogRecord[] = []
    let from = 0
    for (let end = all.indexOf(newline); end >= 0; end = all.indexOf(newline, from)) {
      const record = this.#decode(all.toString('utf8', from, end))
      if (record) records.push(record)
      from = end + 1
    }
    // Not of a writer of ours: whatever it is, it takes no memory.
    this.#rest = all.length - from > longestLine ? Buffer.alloc(0) : Buffer.from(all.subarray(from))
    return records
  }

  #decode(text: string): LogRecord | undefined {
    const value = parse(text)
    const time = value && parseTime(value.time)
    if (value === undefined || time === undefined) return undefined
    const whole = value.log.endsWith('\n')
    const log = whole ? value.log.slice(0, -1) : value.log
    const line = value.raw === undefined ? Buffer.from(log) : Buffer.from(value.raw, 'base64')
    const before = this.#open.get(value.stream)
    const { stream, attrs } = value
    const record: LogRecord = { stream, time, line, ...(attrs === undefined ? {} : { attributes: attrs }) }
    if (whole && before === undefined) return record
    const { id, ordinal } = before ?? { id: value.time, ordinal: 0 }
    if (whole) this.#open.delete(value.stream)
    else this.#open.set(value.stream, { id, ordinal: ordinal + 1 })
    return { ...record, partial: { id, ordinal: ordinal + 1, last: whole } }
  }
}

function parse(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Backwards, block by block: a log of many gigabytes has its last lines near its end, too. */
function tail(
  file: RandomRead,
  size: number,
  count: number,
  afterLast = false,
): { offset: number; found: number } {
  const buffer = Buffer.alloc(block)
  // The newline that ends the last line is not one between lines.
  let wanted = afterLast ? 1 : count + 1
  let newlines = 0
  if (!afterLast && count === 0) return { offset: size, found: 0 }
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block)
    const part = buffer.subarray(0, end - start)
    file(part, start)
    for (
      let at = part.lastIndexOf(newline);
      at >= 0;
      at = at === 0 ? -1 : part.lastIndexOf(newline, at - 1)
    ) {
      newlines++
      if (--wanted === 0) return { offset: start + at + 1, found: count }
    }
    end = start
  }
  return { offset: 0, found: afterLast ? 0 : newlines }
}
