// A blob on its way in: bytes come, are hashed and written, and are a blob only when
// their digest is right and the disk has them.
//
//   open ── write, write, … ── commit ──> fsync(file), rename(2), fsync(directory)
//                          └─ dispose ──> gone; or kept to go on with, for a download
//
// Killed at any instruction, it leaves a file in ingest/ and nothing in blobs/.
//
// Two buffers of a megabyte take turns: while the kernel writes one (in a thread of
// libuv's), the main thread hashes and fills the other. The caller's chunk is copied,
// so that it may use its memory again; that costs a fiftieth of the hashing.
//
// Called by content-store.ts, which says where.
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EngineError } from '../errors.ts'

/** Bytes. */
const bufferSize = 2 ** 20

export interface Ingest extends AsyncDisposable {
  /** Bytes that were there already, of an earlier try: what comes next belongs behind them. */
  readonly offset: number
  /** The chunk is the caller's again when this resolves. */
  write(chunk: Uint8Array): Promise<void>
  /** @throws EngineError `invalid` when digest or size are not what was expected; the bytes are gone then */
  commit(): Promise<Committed>
}

export interface Committed {
  digest: string
  /** Bytes. */
  size: number
  /** The store did not have it. */
  isNew: boolean
}

export interface IngestPlan {
  /** Where the bytes are until they are a blob. */
  path: string
  /** What it has to be; undefined when only its end will tell. */
  digest: string | undefined
  /** Bytes in all, when known beforehand. */
  size: number | undefined
  /** Goes on with what is there, and leaves it there when not committed. */
  resume: boolean
  /** Where a blob of this digest lives. */
  destination(digest: string): string
  /** Called once, when it is over. */
  ended(): void
}

export class FileIngest implements Ingest {
  readonly offset: number
  readonly #plan: IngestPlan
  readonly #file: FileHandle
  readonly #hash: Hash
  #fill = Buffer.allocUnsafe(bufferSize)
  #spare = Buffer.allocUnsafe(bufferSize)
  #used = 0
  #total: number
  /** The write that is under way. */
  #flight: Promise<void> = Promise.resolve()
  #over = false

  private constructor(plan: IngestPlan, file: FileHandle, hash: Hash, offset: number) {
    this.#plan = plan
    this.#file = file
    this.#hash = hash
    this.offset = offset
    this.#total = offset
  }

  static async open(plan: IngestPlan): Promise<FileIngest> {
    const hash = createHash('sha256')
    let file: FileHandle
    try {
      // a+ so that every write goes to the end; its hash is not kept over a kill, and is made again.
      file = await open(plan.path, plan.resume ? 'a+' : 'wx+', 0o600)
    } catch (cause) {
      plan.ended()
      throw new EngineError('unavailable', `make a file in ${dirname(plan.path)}`, { cause })
    }
    try {
      let offset = (await file.stat()).size
      if (plan.size !== undefined && offset > plan.size) {
        await file.truncate(0)
        offset = 0
      }
      if (offset > 0)
        for await (const chunk of createReadStream(plan.path, { end: offset - 1, highWaterMark: bufferSize }))
          hash.update(chunk)
      return new FileIngest(plan, file, hash, offset)
    } catch (error) {
      await file.close()
      plan.ended()
      throw error
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#total += chunk.byteLength
    const { size } = this.#plan
    if (size !== undefined && this.#total > size)
      throw new EngineError('invalid', `${this.#name()} is longer than the ${size} bytes that were announced`)
    this.#hash.update(chunk)
    for (let from = 0; from < chunk.byteLength; ) {
      const part = chunk.subarray(from, from + bufferSize - this.#used)
      this.#fill.set(part, this.#used)
      this.#used += part.byteLength
      from += part.byteLength
      if (this.#used === bufferSize) await this.#flush()
    }
  }

  /** Hands the full buffer to the kernel, as soon as it is done with the other one. */
  async #flush(): Promise<void> {
    await this.#flight
    const full = this.#fill.subarray(0, this.#used)
    ;[this.#fill, this.#spare] = [this.#spare, this.#fill]
    this.#used = 0
    // writeFile() on a handle goes on where the last one ended, and repeats short writes.
    this.#flight = this.#file.writeFile(full).catch((cause: unknown) => {
      throw new EngineError('unavailable', `write to ${this.#plan.path}`, { cause })
    })
    // Whoever waits for it next gets the error; until then nobody has missed it.
    this.#flight.catch(() => {})
  }

  async commit(): Promise<Committed> {
    await this.#flush()
    await this.#flight
    const size = this.#total
    const digest = `sha256:${this.#hash.digest('hex')}`
    const wrong = this.#whyWrong(digest, size)
    if (wrong !== undefined) {
      await this.#end(true)
      throw new EngineError('invalid', wrong)
    }
    // In this order, or a power cut leaves a name without its bytes.
    await this.#file.sync()
    const destination = this.#plan.destination(digest)
    const isNew = !existsSync(destination)
    await rename(this.#plan.path, destination)
    await this.#end(false)
    await syncDirectory(dirname(destination))
    return { digest, size, isNew }
  }

  #whyWrong(digest: string, size: number): string | undefined {
    const { digest: wanted, size: announced } = this.#plan
    if (announced !== undefined && size !== announced)
      return `${this.#name()} ends after ${size} of ${announced} bytes`
    if (wanted !== undefined && digest !== wanted)
      return `its content does not fit its digest: ${digest} came in place of ${wanted}`
    return undefined
  }

  #name(): string {
    return this.#plan.digest ?? 'the blob'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return
    // What a download has is worth keeping, to the last byte.
    if (this.#plan.resume) await this.#flush().catch(() => {})
    await this.#flight.catch(() => {})
    await this.#end(!this.#plan.resume)
  }

  async #end(remove: boolean): Promise<void> {
    this.#over = true
    await this.#file.close()
    if (remove) await rm(this.#plan.path, { force: true })
    this.#plan.ended()
  }
}

/** fsync(2) of a directory: a rename in it survives a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
