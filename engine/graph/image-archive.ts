// The files of an image archive, whatever it is of: read once, front to back, since it may
// come from a pipe.
//
// What is needed of it only its last entries may say. So every file that could be a layer
// or a config goes to the content store at once; what turns out to belong to no image is
// dropped when the load is over. The few small files that tell how all of it hangs together
// are kept in memory. Nothing is ever written under a name that the archive chose.
//
// Called by load.ts.
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { decompress } from '../archive/compression.ts'
import { show, type TarEntry } from '../archive/tar-entry.ts'
import { TarReader } from '../archive/tar-reader.ts'
import { EngineError } from '../errors.ts'
import type { Blob, ContentStore } from './content-store.ts'

const documents = ['manifest.json', 'index.json', 'oci-layout']
/** Bytes of one of them; the lists of a thousand images have less. */
export const largestDocument = 16 * 2 ** 20
/** An archive of more than that is made to fill the memory with names. */
const mostEntries = 100_000

export class ImageArchive {
  readonly #documents = new Map<string, Buffer>()
  readonly #blobs = new Map<string, Blob>()
  readonly #links = new Map<string, string>()
  readonly #added: Set<string>

  private constructor(added: Set<string>) {
    this.#added = added
  }

  /**
   * @param added gets the digests of what this adds to the content store, also when it fails
   * @throws EngineError `invalid` when it is broken, or a blob is not what its name says
   */
  static async read(content: ContentStore, stream: Readable, added: Set<string>): Promise<ImageArchive> {
    const archive = new ImageArchive(added)
    try {
      const { tar } = await decompress(stream)
      await using reader = new TarReader(tar)
      let count = 0
      for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
        if (++count > mostEntries)
          throw new EngineError('invalid', `the archive has more than ${mostEntries} files: that is no image`)
        await archive.#add(content, reader, entry)
      }
    } finally {
      stream.destroy()
    }
    return archive
  }

  async #add(content: ContentStore, reader: TarReader, entry: TarEntry): Promise<void> {
    const name = normal(entry.name)
    if (entry.type === 'symlink')
      this.#links.set(name, normal(posix.join(posix.dirname(name), entry.linkname)))
    if (entry.type === 'link') this.#links.set(name, normal(entry.linkname))
    if (entry.type !== 'file') return
    // Holes are left out of what the reader gives, and a digest counts them.
    if (entry.sparse !== undefined)
      throw new EngineError(
        'invalid',
        `the archive has ${show(name)} as a sparse file: no program makes images so`,
      )
    // The last of a name counts, as with tar.
    this.#links.delete(name)
    if (documents.includes(name)) this.#documents.set(name, await inMemory(reader, entry))
    else if (!isLegacy(name)) this.#blobs.set(name, await this.#ingest(content, reader, name))
  }

  async #ingest(content: ContentStore, reader: TarReader, name: string): Promise<Blob> {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
    const digest = hex === undefined ? undefined : `sha256:${hex}`
    // What is here under this digest was checked when it came.
    const there = digest === undefined ? undefined : await content.stat(digest)
    if (there !== undefined) return there
    await using ingest = await content.ingest(digest)
    await reader.content((piece) => ingest.write(piece))
    const { isNew, ...blob } = await ingest.commit()
    if (isNew) this.#added.add(blob.digest)
    return blob
  }

  document(name: string): Buffer | undefined {
    return this.#documents.get(name)
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined
  }

  /** @throws EngineError `invalid` when there is no such file */
  blob(path: string): Blob {
    const blob = this.#find(path)
    if (blob !== undefined) return blob
    throw new EngineError('invalid', `the archive names ${show(path)}, and has no such file`)
  }

  #find(path: string): Blob | undefined {
    let name: string | undefined = normal(path)
    // Old Dockers made layers that several images have symbolic links to the first.
    for (let hops = 0; name !== undefined && hops < 16; hops++) {
      const blob = this.#blobs.get(name)
      if (blob !== undefined) return blob
      name = this.#links.get(name)
    }
    return undefined
  }
}

/** `./a//b/../c` is `a/c`; a key, and never a path on this machine. */
function normal(name: string): string {
  return posix.normalize(`/${name}`).slice(1).replace(/\/$/, '')
}

/** What Docker before 1.10 needed, and no reader since: tags by layer, and a config for each layer. */
function isLegacy(name: string): boolean {
  return name === 'repositories' || /^[0-9a-f]{64}\/(json|VERSION)$/.test(name)
}

async function inMemory(reader: TarReader, { name, size }: TarEntry): Promise<Buffer> {
  if (size > largestDocument)
    throw new EngineError('invalid', `${show(name)} has ${size} bytes, and ${largestDocument} are the most`)
  const pieces: Buffer[] = []
  await reader.content((piece) => {
    pieces.push(Buffer.from(piece))
  })
  return Buffer.concat(pieces)
}
