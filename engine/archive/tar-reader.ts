// A tar archive, read member by member from a stream, never whole in memory.
//
// Our own, and not a library of npm's: those read a PAX value as text, so a file's
// capabilities are lost on the way; they know no sparse files, and a name that is not
// UTF-8 comes out as another. Formats: v7, ustar, PAX (x and g), GNU (L, K, S), star.
//
//   one member:  [ x: PAX header ] [ records ] [ header ] [ content, in whole blocks ]
//   the end:     two blocks of zeros; what follows is read, and means nothing
//
// Every number here was chosen by whoever made the archive. What it makes us keep in
// memory (PAX records, long names, sparse lists) has a limit.
//
// Next: engine/archive/unpack.ts
import type { Readable } from 'node:stream'
import { ByteSource } from './byte-source.ts'
import { type PaxRecord, parsePax, paxNumber, paxText, paxTime, xattrKey } from './pax.ts'
import { checkFragments, oldGnuFragments, oldGnuRealSize, paxSparse, readMap } from './sparse.ts'
import { badArchive, type EntryType, type Fragment, noXattrs, show, type TarEntry } from './tar-entry.ts'
import { blockSize, padded, parseHeader, type RawHeader, textField } from './tar-header.ts'

/** As Go's reader has it: names and attributes of any real file fit. */
const mostMetadata = 2 ** 20
/** Headers before one member. Each program writes three at most: x, L and K. */
const mostHeaders = 16
/** After the end: tape drives had records of a megabyte to fill up. */
const mostTrailing = 64 * 2 ** 20
/** The kernel's for nobody at all is the largest: -1, "leave as it is". */
const mostOwner = 2 ** 32 - 2

const types: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file', // "contiguous", on a system that had such files
  S: 'file',
  D: 'directory', // GNU's incremental archives: the content is a list of names
}

/** What stands before a header and belongs to it. */
interface Before {
  name?: string
  linkname?: string
  records: PaxRecord[]
  headers: number
  /** One of them is for the member to come, and not for all. */
  pending: boolean
}

/** Gets content as it comes, and where in the file it belongs. A promise is waited for before the next piece. */
export type Sink = (piece: Buffer, position: number) => undefined | Promise<void> | void

export class TarReader implements AsyncDisposable {
  readonly #source: ByteSource
  /** What a g header said, for all members after it. */
  #global: PaxRecord[] = []
  /** Stored bytes of this member that nobody has read, and those that fill up its last block. */
  #unread = 0
  #padding = 0
  #fragments: readonly Fragment[] = []

  constructor(stream: Readable) {
    this.#source = new ByteSource(stream)
  }

  /** @returns undefined at the end, when the stream has been read to its own @throws EngineError `invalid` */
  async next(): Promise<TarEntry | undefined> {
    if (this.#unread + this.#padding > 0) await this.#skip(this.#unread + this.#padding)
    const source = this.#source
    const before: Before = { records: [], headers: 0, pending: false }
    for (;;) {
      if (source.available < blockSize && !(await source.fill(blockSize))) return this.#atEnd(before)
      const at = source.position
      const block = source.take(blockSize)
      const raw = parseHeader(block, at)
      if (raw === undefined) return await this.#afterZeros(before)
      if (raw.size < 0) throw badArchive(`${show(raw.name)} has a size of ${raw.size}`)
      if ('xXgLK'.includes(raw.typeflag)) await this.#metadata(raw, before)
      else if (raw.typeflag !== 'V') return await this.#entry(raw, block, at, before)
    }
  }

  /** The content of the member that next() returned: of a sparse file, only what is no hole. */
  async content(sink: Sink): Promise<void> {
    const source = this.#source
    for (const { offset, length } of this.#fragments) {
      for (let done = 0; done < length; ) {
        if (source.available === 0 && !(await source.fill(1))) throw truncated()
        const piece = source.takeSome(length - done)
        this.#unread -= piece.length
        const later = sink(piece, offset + done)
        // Only then: an `await` of nothing for each piece of a small file would cost more than the file.
        if (later !== undefined) await later
        done += piece.length
      }
    }
    this.#fragments = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }

  async #skip(length: number): Promise<void> {
    this.#unread = this.#padding = 0
    if (!(await this.#source.passOver(length))) throw truncated()
  }

  /** Without its two blocks of zeros an archive is taken, too: some programs never wrote them. */
  #atEnd(before: Before): undefined {
    if (this.#source.available > 0 || before.pending) throw truncated()
    return undefined
  }

  async #afterZeros(before: Before): Promise<undefined> {
    const source = this.#source
    if (before.pending) throw badArchive('a header for the next file is followed by the end of the archive')
    if (await source.fill(blockSize)) {
      const at = source.position
      if (parseHeader(source.take(blockSize), at) !== undefined)
        throw badArchive(`one block of zeros in its middle, before byte ${at}`)
    }
    // Read to its end: whoever computes a digest on the way needs all of it.
    for (const end = source.position; await source.fill(1); source.takeSome(source.available))
      if (source.position - end > mostTrailing)
        throw badArchive(`more than ${mostTrailing} bytes follow after its end`)
    return undefined
  }

  async #metadata(raw: RawHeader, before: Before): Promise<void> {
    const { size, typeflag } = raw
    if (size > mostMetadata)
      throw badArchive(`a header of ${size} bytes for a single file; ${mostMetadata} are enough for any`)
    if (++before.headers > mostHeaders)
      throw badArchive(`more than ${mostHeaders} headers stand before a single file`)
    if (!(await this.#source.fill(padded(size)))) throw truncated()
    const bytes = this.#source.take(padded(size)).subarray(0, size)
    if (typeflag === 'g') {
      this.#global = parsePax(bytes)
      return
    }
    before.pending = true
    if (typeflag === 'L') before.name = textField(bytes, 0, size)
    else if (typeflag === 'K') before.linkname = textField(bytes, 0, size)
    else before.records = parsePax(bytes)
  }

  async #entry(raw: RawHeader, block: Buffer, at: number, before: Before): Promise<TarEntry> {
    const entry: TarEntry = {
      name: before.name ?? raw.name,
      type: types[raw.typeflag] ?? unknownType(raw),
      mode: raw.mode,
      uid: raw.uid,
      gid: raw.gid,
      size: raw.size,
      mtime: { seconds: raw.mtime, nanoseconds: 0 },
      linkname: before.linkname ?? raw.linkname,
      major: raw.major,
      minor: raw.minor,
      xattrs: noXattrs,
    }
    for (const [key, value] of this.#global) applyGlobal(entry, key, value)
    if (before.records.length > 0) applyRecords(entry, before.records, raw)
    // v7 has no type for a directory.
    const bare = entry.type === 'file' && entry.name.endsWith('/')
    if (bare) entry.type = 'directory'
    // Only these two have content. Some programs say a size for hard links, and write none.
    const stored = entry.type === 'file' || bare || raw.typeflag === 'D' ? entry.size : 0
    if (entry.type === 'directory' && stored > mostMetadata)
      throw badArchive(`the directory ${show(entry.name)} has ${stored} bytes of content`)
    if (!isOwner(entry.uid) || !isOwner(entry.gid))
      throw badArchive(`${show(entry.name)} belongs to ${entry.uid}:${entry.gid}, who cannot be`)
    this.#unread = stored
    this.#padding = padded(stored) - stored
    entry.size = entry.type === 'file' ? stored : 0
    this.#fragments = [{ offset: 0, length: entry.size }]
    if (entry.type === 'file') await this.#sparse(entry, raw, block, at, before.records)
    return entry
  }

  /** The list of pieces, from wherever it stands; the size is then that of the file with its holes. */
  async #sparse(
    entry: TarEntry,
    raw: RawHeader,
    block: Buffer,
    at: number,
    records: PaxRecord[],
  ): Promise<void> {
    let fragments: Fragment[] | undefined
    if (raw.typeflag === 'S') {
      if (!raw.gnu) throw badArchive(`${show(entry.name)} is sparse as in GNU's format, and is not in it`)
      fragments = []
      entry.size = oldGnuRealSize(block, at)
      let more = oldGnuFragments(block, true, at, fragments)
      while (more) {
        if (!(await this.#source.fill(blockSize))) throw truncated()
        more = oldGnuFragments(this.#source.take(blockSize), false, at, fragments)
      }
    } else {
      const sparse = records.length === 0 ? undefined : paxSparse(records)
      if (sparse === undefined) return
      entry.size = sparse.size
      fragments = sparse.fragments ?? (await readMap(() => this.#contentBlock()))
    }
    entry.sparse = checkFragments(entry.name, fragments, entry.size, this.#unread)
    this.#fragments = entry.sparse
  }

  async #contentBlock(): Promise<Buffer> {
    if (this.#unread < blockSize || !(await this.#source.fill(blockSize))) throw truncated()
    this.#unread -= blockSize
    return this.#source.take(blockSize)
  }
}

/**
 * Of what a g header may say, times and owners count. POSIX would have all of it count, a
 * name and a size for every file of the archive, too: nobody means that who means well.
 */
function applyGlobal(entry: TarEntry, key: string, value: Buffer): void {
  if (key === 'mtime') entry.mtime = paxTime(key, value)
  else if (key === 'uid') entry.uid = paxNumber(key, value)
  else if (key === 'gid') entry.gid = paxNumber(key, value)
}

function applyRecords(entry: TarEntry, records: readonly PaxRecord[], raw: RawHeader): void {
  const xattrs = new Map<string, Buffer>()
  for (const [key, value] of records) {
    // An empty value takes back what was said so far: what the header itself says holds.
    const none = value.length === 0
    if (key === 'path') entry.name = none ? raw.name : paxText(key, value)
    else if (key === 'linkpath') entry.linkname = none ? raw.linkname : paxText(key, value)
    else if (key === 'size') entry.size = none ? raw.size : paxNumber(key, value)
    else if (key === 'uid') entry.uid = none ? raw.uid : paxNumber(key, value)
    else if (key === 'gid') entry.gid = none ? raw.gid : paxNumber(key, value)
    else if (key === 'mtime')
      entry.mtime = none ? { seconds: raw.mtime, nanoseconds: 0 } : paxTime(key, value)
    else if (key.startsWith(xattrKey)) xattrs.set(key.slice(xattrKey.length), Buffer.from(value))
  }
  if (xattrs.size > 0) entry.xattrs = xattrs
  // `path` is then one that GNU tar made up, for programs that do not know sparse files.
  const real = records.findLast(([key]) => key === 'GNU.sparse.name')
  if (real !== undefined) entry.name = paxText(...real)
}

function isOwner(id: number): boolean {
  return id >= 0 && id <= mostOwner
}

function unknownType(raw: RawHeader): never {
  throw badArchive(`${show(raw.name)} is of a type that is not known: ${show(raw.typeflag)}`)
}

function truncated(): Error {
  return badArchive('it ends in the middle of a file or of a header: it was cut off')
}
