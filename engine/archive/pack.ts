// A tree of files becomes an archive: what diff() of every graph driver gives.
//
// The tree may be a stranger's, and a container may still be writing in it. So
// directories are walked by descriptors, and no symbolic link is ever followed: a
// directory that becomes a link to the host's /etc while we look is an error.
//
// Deterministic: names in the order of their bytes, as Docker's walk has them. Sockets are
// passed over, since nobody answers them elsewhere; hard links inside the archive are kept.
//
// Next: engine/archive/tree-walk.ts
import { closeSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import { isPortable } from './attributes.ts'
import type { Change } from './change.ts'
import type { Owners } from './owners.ts'
import { type EntryType, noXattrs, show, type TarEntry } from './tar-entry.ts'
import { padded } from './tar-header.ts'
import { endOfArchive, formatHeader } from './tar-writer.ts'
import { type TreeFile, unlessGone, walkOne, walkTree } from './tree-walk.ts'
import {
  isOpaque,
  isWhiteoutDevice,
  looksLikeWhiteout,
  type OverlayStyle,
  opaqueName,
  refuseReference,
  whiteoutName,
} from './whiteout.ts'

export interface PackOptions {
  /** How the tree spells whiteouts; the archive has Docker's spelling. `none`: it has none, and names are literal. */
  whiteouts?: OverlayStyle | 'none'
  /** These changes alone: A and C as entries, D as whiteouts. */
  only?: readonly Change[]
  /** Whose the files are where containers have users of their own. */
  owners?: Owners | undefined
}

/** A chunk of the stream: header and content of many small files, or a piece of a large one. */
const chunkSize = 512 * 1024

/**
 * @returns the archive, not compressed; destroying it ends the work
 * @throws EngineError on the stream: `not-found` without that directory, `conflict` when a file changes while it is read
 */
export function pack(root: string, options: PackOptions = {}): Readable {
  return streamOf(archiveOf(walkTree(root), options))
}

/**
 * One file, or a directory and all below it, under another name: `docker cp`.
 * @param directory where it is: a descriptor that stays open until the stream has ended
 * @param name `.` for that directory itself
 * @param as its name in the archive; empty for `/`, as Docker calls a whole container's files
 */
export function packOne(directory: number, name: string, as: string, owners?: Owners): Readable {
  return streamOf(archiveOf(walkOne(directory, name, as), { owners }))
}

function streamOf(archive: Iterable<Buffer>): Readable {
  return Readable.from(archive, { objectMode: false, highWaterMark: chunkSize })
}

function* archiveOf(
  files: Iterable<TreeFile>,
  { whiteouts = 'none', only, owners }: PackOptions,
): Generator<Buffer> {
  const style = whiteouts === 'none' ? undefined : whiteouts
  const wanted = only && new Set(only.filter(({ kind }) => kind !== 'D').map(({ path }) => path))
  const gone = (only ?? []).filter(({ kind }) => kind === 'D').map(({ path }) => path)
  const layer = style !== undefined || only !== undefined
  const chunks = new Chunks()
  const links = new Map<string, string>()
  for (const file of files) {
    if (file.type === 'socket') continue
    if (layer && looksLikeWhiteout(file.name) && style !== 'overlay-user') continue
    if (wanted && !wanted.has(`/${file.path}`)) continue
    if (style !== undefined && isWhiteoutDevice(file.info)) {
      chunks.add(formatHeader(whiteoutEntry(file.path)))
      continue
    }
    const found = unlessGone(() => open(file))
    if (found === undefined) continue
    using _ = found
    const { fd, xattrs, target } = found
    if (style !== undefined) refuseReference(file.path, xattrs)
    const entry = describe(file, file.type, { xattrs, target }, links)
    Object.assign(entry, owners?.inArchive(entry))
    chunks.add(formatHeader(entry))
    if (fd !== undefined && entry.type === 'file') yield* content(fd, entry, chunks)
    if (style !== undefined && entry.type === 'directory' && isOpaque(xattrs, style))
      chunks.add(formatHeader(emptyFile(`${file.path}/${opaqueName}`)))
    yield* chunks.takeFull()
  }
  for (const path of gone) {
    chunks.add(formatHeader(whiteoutEntry(path.slice(1))))
    yield* chunks.takeFull()
  }
  chunks.add(endOfArchive)
  yield* chunks.takeAll()
}

function describe(
  file: TreeFile,
  type: EntryType,
  { xattrs, target }: Pick<Opened, 'xattrs' | 'target'>,
  links: Map<string, string>,
): TarEntry {
  const { info, path } = file
  const entry: TarEntry = {
    name: type === 'directory' ? `${path}/` : path,
    type,
    mode: Number(info.mode & 0o7777n),
    uid: Number(info.uid),
    gid: Number(info.gid),
    size: type === 'file' ? Number(info.size) : 0,
    mtime: file.mtime,
    linkname: target,
    ...(type === 'character' || type === 'block' ? file.device : { major: 0, minor: 0 }),
    xattrs: noXattrs,
  }
  if (type !== 'directory' && info.nlink > 1n) {
    const key = `${info.dev}:${info.ino}`
    const first = links.get(key)
    if (first !== undefined) return { ...entry, type: 'link', size: 0, linkname: first, major: 0, minor: 0 }
    links.set(key, path)
  }
  const portable = [...xattrs].filter(([name]) => isPortable(name))
  if (portable.length > 0) entry.xattrs = new Map(portable)
  return entry
}

interface Opened extends Disposable {
  /** Of a file that is not empty. */
  fd: number | undefined
  xattrs: ReadonlyMap<string, Buffer>
  /** Of a symbolic link. */
  target: string
}

/** All that has to be asked by its name, before its header is written: a header cannot be taken back. @throws ENOENT when it is gone */
function open(file: TreeFile): Opened {
  const { type, info } = file
  const xattrs = type === 'file' || type === 'directory' ? file.xattrs() : noXattrs
  const target = type === 'symlink' ? file.target() : ''
  const fd = type === 'file' && info.size > 0n ? file.open() : undefined
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
  }
  return { fd, xattrs, target, [Symbol.dispose]: close }
}

function* content(fd: number, { name, size }: TarEntry, chunks: Chunks): Generator<Buffer> {
  for (let done = 0; done < size; ) {
    const room = chunks.room(size - done)
    const length = readSync(fd, room, 0, room.length, done)
    if (length === 0)
      throw new EngineError('conflict', `${show(name)} became shorter while it was read: stop its writer`)
    done += length
    chunks.filled(length)
    yield* chunks.takeFull()
  }
  chunks.add(endOfArchive.subarray(0, padded(size) - size))
}

function whiteoutEntry(path: string): TarEntry {
  const slash = path.lastIndexOf('/') + 1
  return emptyFile(path.slice(0, slash) + whiteoutName(path.slice(slash)))
}

function emptyFile(name: string): TarEntry {
  const mtime = { seconds: 0, nanoseconds: 0 }
  return {
    ...{ name, type: 'file', mode: 0, uid: 0, gid: 0, size: 0, mtime },
    ...{ linkname: '', major: 0, minor: 0, xattrs: noXattrs },
  }
}

/** Collects what is written into chunks: files are read straight into them. */
class Chunks {
  #chunk = Buffer.allocUnsafeSlow(chunkSize)
  #used = 0
  #full: Buffer[] = []

  add(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      const length = bytes.copy(this.#chunk, this.#used, done)
      done += length
      this.filled(length)
    }
  }

  /** Where the next bytes go: at most `length`. */
  room(length: number): Buffer {
    return this.#chunk.subarray(this.#used, this.#used + length)
  }

  /** So much of it has been used. */
  filled(length: number): void {
    this.#used += length
    if (this.#used === this.#chunk.length) this.#next()
  }

  /** Those that are full, to be handed on; they are the reader's from then on. */
  takeFull(): readonly Buffer[] {
    if (this.#full.length === 0) return this.#full
    const full = this.#full
    this.#full = []
    return full
  }

  takeAll(): readonly Buffer[] {
    if (this.#used > 0) this.#next()
    return this.takeFull()
  }

  #next(): void {
    this.#full.push(this.#chunk.subarray(0, this.#used))
    this.#chunk = Buffer.allocUnsafeSlow(chunkSize)
    this.#used = 0
  }
}
