// From the bytes of a stream to records, as Docker's copier cuts them: at newlines, and
// where none comes, after 16 KiB.
//
// Called by supervisor/output.ts for what one read(2) brought. Next: engine/daemon/logs/json-file.ts
import { randomBytes } from 'node:crypto'
import type { LogRecord, LogStream, Partial } from './driver.ts'

/** Of one record. */
const longest = 16 * 1024

const newline = 10

/** One stream of one container. */
export class Lines {
  readonly #stream: LogStream
  readonly #now: () => bigint
  /** The beginning of a line whose end has not come: less than `longest`. */
  #rest: Buffer = Buffer.alloc(0)
  /** Of a line that was cut already. */
  #cut: { id: string; ordinal: number; time: bigint } | undefined

  /** @param now nanoseconds since 1970 */
  constructor(stream: LogStream, now: () => bigint) {
    this.#stream = stream
    this.#now = now
  }

  /** What is complete with this chunk, all at the time of its arrival. The records look into it: write them before it is used again. */
  take(chunk: Buffer): LogRecord[] {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const records: LogRecord[] = []
    const time = this.#now()
    let from = 0
    for (;;) {
      const end = all.indexOf(newline, from)
      const length = (end < 0 ? all.length : end) - from
      if (length >= longest) {
        records.push(this.#piece(all.subarray(from, from + longest), false, time))
        from += longest
      } else if (end < 0) break
      else {
        records.push(this.#whole(all.subarray(from, end), time))
        from = end + 1
      }
    }
    // A copy: the chunk's memory is 64 KiB, and a prompt of two bytes must not keep it.
    this.#rest = Buffer.from(all.subarray(from))
    return records
  }

  /** The stream is over: a line without an end is a partial one for ever. */
  end(): LogRecord[] {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest.length === 0 ? [] : [this.#piece(rest, false, this.#now())]
  }

  #whole(line: Buffer, time: bigint): LogRecord {
    if (this.#cut !== undefined) return this.#piece(line, true, time)
    return { stream: this.#stream, time, line }
  }

  #piece(line: Buffer, last: boolean, now: bigint): LogRecord {
    const cut = this.#cut ?? { id: randomBytes(16).toString('hex'), ordinal: 0, time: now }
    const partial: Partial = { id: cut.id, ordinal: cut.ordinal + 1, last }
    this.#cut = last ? undefined : { ...cut, ordinal: partial.ordinal }
    return { stream: this.#stream, time: cut.time, line, partial }
  }
}
