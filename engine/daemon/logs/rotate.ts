// The file that a log driver writes, and how it makes room.
//
//   web-json.log          written now
//   web-json.log.1        finished; .1.gz once it is compressed
//   web-json.log.2.gz     …  as Docker has it: what is older than max-file goes
//
// A reader that follows is another process, may be slower than the writer, and wants
// every line once. Names do not help: a file is .1 now, .2 in a moment, and another
// file after its compression. So a reader leaves a mailbox, and the writer puts every
// file that it finishes into it, as a hard link, which is neither renamed nor deleted:
//
//   writer, when the file is full              reader, at the end of its file F
//     link  F  into each mailbox, numbered       is F still web-json.log? then wait
//     web-json.log.1 -> .2, …                    open web-json.log, call it C
//     F -> web-json.log.1                        mailbox: F is crossed off; the first
//     web-json.log made anew                     of the others is next, or else C
//
// C is opened before the mailbox is read: whatever was finished between F and C is in it
// by then. So none is missed, and none read twice, however far the reader is behind. Files that it has not read
// yet take disk beyond max-file; it pays for nobody else's mailbox, and one whose reader
// has died is cleared away here.
//
// Rejected: reading in the supervisor, beside the writer. Then whoever reads a large log
// takes time from every container's output.
//
// Called by the drivers that keep files. Next: engine/daemon/logs/read.ts
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  write,
} from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from '../../errors.ts'
import { Bytes } from './bytes.ts'
import type { LogCodec } from './codec.ts'
import { compressFile } from './compress.ts'
import type { LogDriver, LogRecord } from './driver.ts'
import { mailboxes } from './mailbox.ts'

export interface RotationOptions {
  /** Bytes, after which a new file begins; undefined: never. */
  maxSize?: number
  /** How many there are at most, the current one among them. */
  maxFiles: number
  compress: boolean
}

const writeAt = promisify(write)

/** Bytes handed to the kernel at once: large enough to be cheap, small enough to rotate in time. */
const largestWrite = 1024 * 1024

export class RotatingLog implements LogDriver {
  readonly #path: string
  readonly #codec: LogCodec
  readonly #options: RotationOptions
  #fd: number
  #size: number
  /** Number of the next finished file. */
  #finished = 0
  #compressing: Promise<void> = Promise.resolve()

  /** @param path absolute; its directory is made. @throws EngineError `unavailable` */
  constructor(path: string, codec: LogCodec, options: RotationOptions) {
    this.#path = path
    this.#codec = codec
    this.#options = options
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o710 })
      this.#fd = openSync(path, 'a+', 0o640)
    } catch (cause) {
      throw new EngineError('unavailable', `open the log ${path}`, { cause })
    }
    this.#size = this.#mend()
  }

  /** What a writer that was killed has left of its last record goes: it would spoil the next one. @returns the size */
  #mend(): number {
    const { size } = fstatSync(this.#fd)
    const whole = this.#codec.whole((buffer, at) => readSync(this.#fd, buffer, 0, buffer.length, at), size)
    if (whole < size) ftruncateSync(this.#fd, whole)
    return whole
  }

  async write(records: readonly LogRecord[]): Promise<void> {
    const { maxSize = Number.POSITIVE_INFINITY } = this.#options
    let batch = new Bytes(expected(records))
    for (const record of records) {
      // Docker looks before it writes: the last record may reach beyond the limit.
      const full = this.#size + batch.length >= maxSize
      if (full || batch.length >= largestWrite) {
        await this.#append(batch.whole)
        batch = new Bytes(batch.length)
      }
      if (full) await this.#rotate()
      this.#codec.encode(record, batch)
    }
    await this.#append(batch.whole)
  }

  async #append(bytes: Buffer): Promise<void> {
    const before = this.#size
    let at = 0
    try {
      while (at < bytes.length)
        at += (await writeAt(this.#fd, bytes, at, bytes.length - at, null)).bytesWritten
      this.#size += bytes.length
    } catch (error) {
      // ENOSPC in the middle of a record: half of one would spoil the next.
      ftruncateSync(this.#fd, before)
      throw error
    }
  }

  async #rotate(): Promise<void> {
    const { maxFiles, compress } = this.#options
    await this.#compressing
    for (const box of await mailboxes(this.#path))
      await link(this.#path, box.place(this.#finished)).catch(() => {})
    this.#finished++
    if (maxFiles < 2) await rm(this.#path, { force: true })
    // Somebody has deleted it by hand, to win space; or there was no number for the next one, the last time.
    else if (existsSync(this.#path)) {
      for (const suffix of ['', '.gz']) await rm(`${this.#path}.${maxFiles - 1}${suffix}`, { force: true })
      for (let age = maxFiles - 2; age > 0; age--)
        for (const suffix of ['', '.gz'])
          await rename(`${this.#path}.${age}${suffix}`, `${this.#path}.${age + 1}${suffix}`).catch(() => {})
      await rename(this.#path, `${this.#path}.1`)
    }
    // In this order: were there no next one, a number that we have closed would soon be another container's.
    const next = openSync(this.#path, 'a+', 0o640)
    closeSync(this.#fd)
    this.#fd = next
    this.#size = 0
    // A failure costs disk, and no line.
    if (compress && maxFiles > 1) this.#compressing = compressFile(`${this.#path}.1`).catch(() => {})
  }

  async close(): Promise<void> {
    await this.#compressing
    closeSync(this.#fd)
  }
}

/** Bytes, with what a format adds to each record. */
function expected(records: readonly LogRecord[]): number {
  return records.reduce((sum, { line }) => sum + line.length + 100, 0)
}
