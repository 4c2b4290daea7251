// Where the output of a process goes: to its log, and to everybody who is attached.
//
//   read(2), 64 KiB ──┬──> lines ──> log driver
//                     ├──> viewer
//                     └──> viewer            then, when there is room: the next read
//
// Lines that come while the log is being written wait for its next write, 64 KiB of them
// at the most; then nothing is read. So no queue grows in here, and a container that writes
// faster than its log or its slowest viewer waits in write(2), and it alone. A viewer that goes away is waited for no longer; one
// that stays and does not read holds the container up, as Docker has it, since nobody
// wants a `docker run … | less` that loses lines. Its end it does not hold up: hurry().
import type { Readable } from 'node:stream'
import { errorLine } from '../../errors.ts'
import { nanoseconds } from '../logs/clock.ts'
import type { LogDriver, LogRecord, LogStream } from '../logs/driver.ts'
import { Lines } from '../logs/lines.ts'

/** Bytes of lines that may wait while others are written. */
const mostQueued = 64 * 1024
/** Bytes of each stream after hurry(): a FIFO's content, and what Node has read of it, is less. What else comes is of others. */
const mostLeft = 256 * 1024
/** What an empty line counts. */
const overhead = 64

export interface Viewer {
  /** Resolves when there is room for more, or when it is gone. Undefined: there is room. */
  show(stream: LogStream, chunk: Buffer): Promise<void> | undefined
  /** The output is over. */
  end(): void
}

export class Output {
  readonly #log: LogDriver | undefined
  readonly #onWarning: (line: string) => void
  readonly #viewers = new Set<Viewer>()
  /** Records of both streams that wait for their turn. */
  #queue: LogRecord[] = []
  #queued = 0
  #writing: Promise<void> | undefined
  #lost = 0
  #over = false
  /** Pumps that wait for viewers. */
  readonly #waiting = new Set<() => void>()
  #hurried = false

  constructor(log: LogDriver | undefined, onWarning: (line: string) => void) {
    this.#log = log
    this.#onWarning = onWarning
  }

  attach(viewer: Viewer): Disposable {
    if (this.#over) viewer.end()
    else this.#viewers.add(viewer)
    return { [Symbol.dispose]: () => void this.#viewers.delete(viewer) }
  }

  /** Resolves when the stream is at its end, and everything of it is where it belongs. */
  async pump(stream: LogStream, from: Readable): Promise<void> {
    const lines = this.#log && new Lines(stream, nanoseconds)
    let left = mostLeft
    try {
      for await (const chunk of from) {
        const waits = [...this.#viewers].map((viewer) => viewer.show(stream, chunk))
        const written = lines && this.#write(lines.take(chunk))
        if (waits.some((one) => one !== undefined)) await this.#shown(waits)
        if (written) await written
        if (this.#hurried) left -= chunk.length
        if (left <= 0) break
      }
    } catch {
      // EIO: a terminal's way of saying that its last process is gone.
    }
    if (lines) this.#write(lines.end())
    await this.#writing
  }

  /** Not by Promise.race() with one promise for all: that remembers everybody who ever waited for it. */
  #shown(waits: readonly (Promise<void> | undefined)[]): Promise<void> {
    if (this.#hurried) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        resolve()
      }
      this.#waiting.add(done)
      void Promise.all(waits).then(done)
    })
  }

  /** From here on no viewer is waited for: who does not read now finds what is left in their socket, or never comes. */
  hurry(): void {
    this.#hurried = true
    for (const done of this.#waiting) done()
  }

  /** Undefined when there is room for more. */
  #write(records: readonly LogRecord[]): Promise<void> | undefined {
    for (const record of records) {
      this.#queue.push(record)
      this.#queued += record.line.length + overhead
    }
    if (records.length > 0) this.#writing ??= this.#writeQueue()
    return this.#queued > mostQueued ? this.#writing : undefined
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const records = this.#queue
      this.#queue = []
      this.#queued = 0
      try {
        await this.#log?.write(records)
      } catch (error) {
        // A full disk must not end the container: its output is lost, and we say so, once.
        if (this.#lost === 0) this.#onWarning(`write the log: ${errorLine(error)}`)
        this.#lost += records.length
      }
    }
    this.#writing = undefined
  }

  /** After the last pump: the log is closed, and who is attached sees the end. */
  async close(): Promise<void> {
    this.#over = true
    await this.#writing
    if (this.#lost > 0) this.#onWarning(`${this.#lost} lines of the log could not be written`)
    await this.#log?.close().catch(() => {})
    for (const viewer of this.#viewers) viewer.end()
    this.#viewers.clear()
  }
}
