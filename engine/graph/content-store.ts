// Blobs under their digests: compressed layers, manifests, configs, exactly as they came.
//
//   content/
//     blobs/sha256/4fe2ade4…     complete, and never changed: the name is the sum
//     ingest/4fe2ade4….partial   a download that was cut off; the next try goes on with it
//     ingest/7.tmp               on its way in, by this process
//
// blobs/ is laid out as in an OCI image layout, so `save` has little to do.
//
// Whoever opens one is the only process that does (graph.ts and the registry hold a
// lock), so what another left in ingest/ is nobody's any more.
//
// Nothing here knows which blob is needed. sweep() asks, and spares besides what was put
// or looked up under a lease: a pull's blobs belong to no image until its last step.
//
// Next: engine/graph/graphdb.ts

import { createHash } from 'node:crypto'
import { constants, createReadStream, openSync, statSync, unlinkSync } from 'node:fs'
import { mkdir, opendir, open as openFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import { hexOf, sha256 } from './digest.ts'
import { FileIngest, type Ingest } from './ingest.ts'

export interface Blob {
  digest: string
  /** Bytes. */
  size: number
}

const chunkSize = 2 ** 20
/** Nobody goes on with a download after a week. */
const stale = 7 * 24 * 3600 * 1000

export class ContentStore {
  readonly #blobs: string
  readonly #ingest: string
  #made = 0
  /** Partial files that an ingest of this process is writing. */
  readonly #partials = new Set<string>()
  readonly #shared = new Map<string, Promise<unknown>>()
  /** When each blob was last put or found, and when each lease began, by a clock that counts events. */
  readonly #touched = new Map<string, number>()
  readonly #leases = new Set<number>()
  #clock = 0

  private constructor(directory: string) {
    this.#blobs = join(directory, 'blobs/sha256')
    this.#ingest = join(directory, 'ingest')
  }

  /** Makes the directory if need be, and sweeps what dead processes left. */
  static async open(directory: string): Promise<ContentStore> {
    const store = new ContentStore(directory)
    try {
      await mkdir(store.#blobs, { recursive: true, mode: 0o711 })
      await mkdir(store.#ingest, { recursive: true, mode: 0o700 })
      const before = Date.now() - stale
      for (const name of await readdir(store.#ingest)) {
        const path = join(store.#ingest, name)
        if (!name.endsWith('.partial') || (await stat(path)).mtimeMs < before) await rm(path, { force: true })
      }
    } catch (cause) {
      throw new EngineError('unavailable', `open the content store ${directory}`, { cause })
    }
    return store
  }

  #path(digest: string): string {
    return join(this.#blobs, hexOf(digest))
  }

  #touch(digest: string): void {
    if (this.#leases.size > 0) this.#touched.set(digest, ++this.#clock)
  }

  async stat(digest: string): Promise<Blob | undefined> {
    const path = this.#path(digest)
    // Before the look: a sweep between the two would take away what is found.
    this.#touch(digest)
    try {
      return { digest, size: (await stat(path)).size }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /**
   * @param options.verify the stream fails at its end when the disk has changed the bytes
   * @throws EngineError `not-found`
   */
  read(digest: string, { verify = false, start = 0 }: { verify?: boolean; start?: number } = {}): Readable {
    const path = this.#path(digest)
    this.#touch(digest)
    // Opened now and not when it is first read: what is open, no sweep takes away.
    const fd = openNow(path, digest)
    const file = createReadStream('', { fd, start, highWaterMark: chunkSize })
    if (!verify || start > 0) return file
    const checked = Readable.from(verified(file, digest), { objectMode: false })
    // A generator that is never begun cannot tidy up.
    return checked.once('close', () => file.destroy())
  }

  /** A small blob, verified. @throws EngineError `not-found`; `invalid` when larger than `mostBytes` or changed on disk */
  async readBytes(digest: string, mostBytes: number): Promise<Buffer> {
    const path = this.#path(digest)
    this.#touch(digest)
    const file = await openFile(path, constants.O_RDONLY).catch((error: unknown) => {
      throw isMissing(error) ? missing(digest) : error
    })
    try {
      const { size } = await file.stat()
      if (size > mostBytes)
        throw new EngineError('invalid', `blob ${digest} has ${size} bytes, and ${mostBytes} are the most`)
      const content = await file.readFile()
      if (sha256(content) !== digest) throw damaged(digest)
      return content
    } finally {
      await file.close()
    }
  }

  /** @returns the digest. @throws EngineError `invalid` when it is not the expected one */
  async put(bytes: Uint8Array, expected?: string): Promise<string> {
    const digest = sha256(bytes)
    // What is here already costs no fsync(2).
    if (digest === (expected ?? digest) && (await this.stat(digest)) !== undefined) return digest
    await using ingest = await this.ingest(expected)
    await ingest.write(bytes)
    return (await ingest.commit()).digest
  }

  /**
   * A blob that arrives in pieces.
   * @param digest what it has to be, when that is known
   * @param options.resume goes on with what an earlier try at this digest left, and leaves the rest to a later one
   */
  async ingest(
    digest: string | undefined,
    options: { size?: number; resume?: boolean } = {},
  ): Promise<Ingest> {
    const partial = digest === undefined ? undefined : join(this.#ingest, `${hexOf(digest)}.partial`)
    // Two who write one file would make soup of it: the second gets a file of its own.
    const resumed = options.resume === true && partial !== undefined && !this.#partials.has(partial)
    const path = resumed ? partial : join(this.#ingest, `${++this.#made}.tmp`)
    this.#partials.add(path)
    return FileIngest.open({
      path,
      digest,
      size: options.size,
      resume: resumed,
      destination: (actual) => {
        this.#touch(actual)
        return this.#path(actual)
      },
      ended: () => this.#partials.delete(path),
    })
  }

  /** Runs `work` once for one digest, however many ask at the same time: all get its result, or its error. */
  async share<T>(digest: string, work: () => Promise<T>): Promise<T> {
    const running = this.#shared.get(digest)
    if (running !== undefined) return running as Promise<T>
    const started = work().finally(() => this.#shared.delete(digest))
    this.#shared.set(digest, started)
    return started
  }

  /** Nothing when there is none. */
  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true })
  }

  async *list(): AsyncIterable<Blob> {
    for await (const { name } of await opendir(this.#blobs)) {
      const found = await stat(join(this.#blobs, name)).catch(() => undefined)
      if (found !== undefined && /^[0-9a-f]{64}$/.test(name))
        yield { digest: `sha256:${name}`, size: found.size }
    }
  }

  // #region sweep
  /** Until it is disposed, no sweep takes what is put or found from now on. */
  lease(): Disposable {
    const since = ++this.#clock
    this.#leases.add(since)
    return {
      [Symbol.dispose]: () => {
        this.#leases.delete(since)
        if (this.#leases.size === 0) this.#touched.clear()
      },
    }
  }

  /**
   * Removes what nobody needs: blobs, and downloads that were given up.
   * @param needed asked of each blob in the moment before it would go
   * @returns what went
   */
  async sweep(needed: (digest: string) => boolean): Promise<Blob[]> {
    const removed: Blob[] = []
    for await (const blob of this.list()) if (this.drop(blob.digest, needed) !== undefined) removed.push(blob)
    for (const name of await readdir(this.#ingest)) {
      const path = join(this.#ingest, name)
      const found = await stat(path).catch(() => undefined)
      if (found === undefined || this.#partials.has(path)) continue
      await rm(path, { force: true })
      removed.push({ digest: `sha256:${name.replace(/\..*/, '')}`, size: found.size })
    }
    return removed
  }

  /** Removes one blob, unless it is needed or under a lease. @returns its bytes; undefined when it stays, or was not there */
  drop(digest: string, needed: (digest: string) => boolean): number | undefined {
    // No await between the question and the deed: in between, an image could come to need it.
    const touched = this.#touched.get(digest)
    const oldest = Math.min(...this.#leases)
    if ((touched !== undefined && touched > oldest) || needed(digest)) return undefined
    const path = this.#path(digest)
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size !== undefined) unlinkSync(path)
    return size
  }
  // #endregion sweep
}

function openNow(path: string, digest: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw isMissing(error) ? missing(digest) : error
  }
}

async function* verified(file: Readable, digest: string): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of file) {
    hash.update(chunk)
    yield chunk
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw damaged(digest)
}

function missing(digest: string): EngineError {
  return new EngineError('not-found', `there is no blob ${digest}`)
}

function damaged(digest: string): EngineError {
  return new EngineError('invalid', `blob ${digest} is damaged on disk: remove the image and get it again`)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
