// Every file below a directory, in the order of names, without following a link.
//
// A directory is held open while its files are looked at, and each is opened or asked
// about by /proc/self/fd/N/name: nobody can swap a directory on the way for a link to
// somewhere else. Called by pack.ts and changes.ts.
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import { EngineError, hasCode } from '../errors.ts'
import { splitDevice } from '../syscalls/open.ts'
import type { Timestamp } from '../syscalls/time.ts'
import { lgetxattr, llistxattr } from '../syscalls/xattr.ts'
import { decodeName, type PathBytes } from './name.ts'
import { at } from './parents.ts'
import { type EntryType, show } from './tar-entry.ts'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** As in an archive, and what an archive has not. */
export type FileType = EntryType | 'socket'

/** One file; valid until the walk goes on. */
export class TreeFile {
  /** Without a leading slash: `etc/hosts`. */
  readonly path: string
  readonly name: string
  readonly type: FileType
  readonly info: BigIntStats
  readonly #place: PathBytes

  constructor(path: string, name: string, info: BigIntStats, place: PathBytes) {
    this.path = path
    this.name = name
    this.type = typeOf(info)
    this.info = info
    this.#place = place
  }

  get mtime(): Timestamp {
    const seconds = this.info.mtimeNs / 1_000_000_000n
    const rest = Number(this.info.mtimeNs % 1_000_000_000n)
    return rest < 0
      ? { seconds: Number(seconds) - 1, nanoseconds: rest + 1e9 }
      : { seconds: Number(seconds), nanoseconds: rest }
  }

  get device(): { major: number; minor: number } {
    return splitDevice(Number(this.info.rdev))
  }

  /**
   * For reading: of a file or directory.
   * @returns a descriptor, for the caller to close
   * @throws EngineError `conflict` when it is something else by now; ENOENT when it is gone
   */
  open(): number {
    const fd = this.#openAsItIs()
    const now = fstatSync(fd)
    if (this.type === 'directory' ? now.isDirectory() : now.isFile()) return fd
    closeSync(fd)
    throw this.#changed()
  }

  #openAsItIs(): number {
    try {
      // O_NONBLOCK: should it have become a FIFO since we looked, we must not wait for its writer.
      return openSync(this.#place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch (error) {
      // A link, or a socket.
      throw hasCode(error, 'ELOOP') || hasCode(error, 'ENXIO') ? this.#changed() : error
    }
  }

  #changed(): EngineError {
    return new EngineError('conflict', `${show(this.path)} became something else while it was read`)
  }

  /** Of a symbolic link. */
  target(): string {
    try {
      return decodeName(readlinkSync(this.#place, 'buffer'))
    } catch (error) {
      // A file, say.
      throw hasCode(error, 'EINVAL') ? this.#changed() : error
    }
  }

  xattrs(): ReadonlyMap<string, Buffer> {
    const found = new Map<string, Buffer>()
    for (const name of llistxattr(this.#place).sort()) {
      const value = lgetxattr(this.#place, name)
      if (value !== undefined) found.set(name, value)
    }
    return found
  }
}

/** All below `root`, a directory before what is in it. */
export function* walkTree(root: string): Generator<TreeFile> {
  const fd = openTree(root)
  try {
    yield* walk(fd, '')
  } finally {
    closeSync(fd)
  }
}

/** @returns a descriptor @throws EngineError `not-found` when there is no such directory */
export function openTree(root: string): number {
  try {
    return openSync(root, O_RDONLY | O_DIRECTORY)
  } catch (cause) {
    throw new EngineError('not-found', `read the directory ${root}`, { cause })
  }
}

/**
 * One file, or a directory with all below it, under another name.
 * @param directory of the file: a descriptor that stays the caller's
 * @param name `.` for that directory itself
 * @param as the name that it gets: `etc` for `etc/hosts` and all its neighbours, empty for `/`
 * @throws EngineError `not-found`
 */
export function* walkOne(directory: number, name: string, as: string): Generator<TreeFile> {
  const found = fileIn(directory, name, '')
  if (found === undefined) throw new EngineError('not-found', `${show(name)} is gone`)
  const file = new TreeFile(as, name, found.info, at(directory, name))
  yield file
  if (file.type !== 'directory') return
  const fd = file.open()
  try {
    yield* walk(fd, `${as}/`)
  } finally {
    closeSync(fd)
  }
}

function* walk(directory: number, prefix: string): Generator<TreeFile> {
  for (const name of namesIn(directory)) {
    const file = fileIn(directory, name, prefix)
    if (file === undefined) continue
    yield file
    if (file.type !== 'directory') continue
    const fd = unlessGone(() => file.open())
    if (fd === undefined) continue
    try {
      yield* walk(fd, `${file.path}/`)
    } finally {
      closeSync(fd)
    }
  }
}

/** Whoever writes in the tree meanwhile deletes, too: undefined for what was there a moment ago. */
export function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** In the order of their bytes. */
export function namesIn(directory: number): string[] {
  const path = `/proc/self/fd/${directory}`
  // A directory that was deleted since has no names, and no list of them.
  const names = unlessGone(() => readdirSync(path)) ?? []
  const strange = names.some((name) => name.includes('\ufffd'))
  if (!strange) return names.sort(byBytes)
  return (unlessGone(() => readdirSync(path, 'buffer')) ?? []).sort(Buffer.compare).map(decodeName)
}

/** UTF-16 sorts as UTF-8 does, but for what lies beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  if (/[\ud800-\uffff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

/** @param prefix of its path: `etc/` @returns undefined for what is not there */
export function fileIn(directory: number, name: string, prefix: string): TreeFile | undefined {
  const place = at(directory, name)
  const info = lstatSync(place, { bigint: true, throwIfNoEntry: false })
  return info && new TreeFile(prefix + name, name, info, place)
}

function typeOf(info: BigIntStats): FileType {
  if (info.isFile()) return 'file'
  if (info.isDirectory()) return 'directory'
  if (info.isSymbolicLink()) return 'symlink'
  if (info.isCharacterDevice()) return 'character'
  if (info.isBlockDevice()) return 'block'
  return info.isFIFO() ? 'fifo' : 'socket'
}
