// The directory that an entry of an archive goes into, held open.
//
// The archive chose the path, and the symbolic links on it: `lib -> /etc`, then
// `lib/passwd`. Handed to open(2) as target + path, that is the host's /etc. So the
// kernel walks it under RESOLVE_IN_ROOT, where "/" and ".." end at the target, and what
// comes out is a descriptor; the entry is then made in /proc/self/fd/N, under a name
// without a slash, by calls that do not follow a link in the last part. (The same as
// libcontainer/resolve.ts does for mounts.)
//
// Archives list a directory's files one after the other, so the last few are kept open.
// Whoever replaces a directory or a link by something else says forget().
import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { constants as os } from 'node:os'
import { EngineError, SyscallError } from '../errors.ts'
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../syscalls/flags.ts'
import { O_PATH, openat2 } from '../syscalls/open.ts'
import { encodePath, type PathBytes } from './name.ts'
import { badArchive, show } from './tar-entry.ts'

const { O_DIRECTORY } = constants

/** More than a tree is deep, usually: coming back to a directory finds it open. */
const keptOpen = 32

/** What node:fs calls `name` in the directory `fd`. */
export function at(fd: number, name: string): PathBytes {
  return encodePath(`/proc/self/fd/${fd}/${name}`)
}

export class Parents implements Disposable {
  readonly #root: number
  readonly #open = new Map<string, number>()
  /** Makes one that the archive has not listed; throws EEXIST when something is in its place. */
  readonly #make: (fd: number, name: string) => void

  constructor(target: string, make: (fd: number, name: string) => void = makePlain) {
    this.#root = openSync(target, O_PATH | O_DIRECTORY)
    this.#make = make
  }

  /**
   * The directory as a process whose "/" is the target would find it, made when it is missing.
   * @param path `usr/lib`, without `.` and `..`; empty is the target itself
   * @returns a descriptor that stays ours
   * @throws EngineError `invalid` when something else is in its place
   */
  of(path: string): number {
    const open = this.find(path)
    if (open !== undefined) return open
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    try {
      this.#make(this.of(path.slice(0, Math.max(slash, 0))), name)
    } catch (cause) {
      throw notADirectory(path, cause)
    }
    const made = this.find(path)
    if (made === undefined) throw notADirectory(path, undefined)
    return made
  }

  /** The same, and undefined when it is missing, or is no directory. */
  find(path: string): number | undefined {
    if (path === '') return this.#root
    const kept = this.#open.get(path)
    if (kept !== undefined) {
      // Last again: a caller may hold two of them, and neither must be closed for the other.
      this.#open.delete(path)
      this.#open.set(path, kept)
      return kept
    }
    const fd = this.#resolve(path)
    if (fd === undefined) return undefined
    if (this.#open.size >= keptOpen) this.#closeOldest()
    this.#open.set(path, fd)
    return fd
  }

  /**
   * Something that was there is there no more: paths may lead elsewhere now.
   * @param but the directory that it was in, which has not moved, and is still in use
   */
  forget(but?: number): void {
    for (const [path, fd] of this.#open) {
      if (fd === but) continue
      this.#open.delete(path)
      closeSync(fd)
    }
  }

  [Symbol.dispose](): void {
    this.forget()
    closeSync(this.#root)
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      this.#open.delete(path)
      closeSync(fd)
      return
    }
  }

  #resolve(path: string): number | undefined {
    try {
      return openat2(
        this.#root,
        encodePath(path),
        O_PATH | O_DIRECTORY,
        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
      )
    } catch (cause) {
      const { ENOENT, ENOTDIR } = os.errno
      if (cause instanceof SyscallError && [ENOENT, ENOTDIR].includes(cause.errno)) return undefined
      throw notADirectory(path, cause)
    }
  }
}

function makePlain(fd: number, name: string): void {
  mkdirSync(at(fd, name), 0o755)
}

function notADirectory(path: string, cause: unknown): Error {
  if (cause instanceof EngineError) return cause
  const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
  return badArchive(`${show(path)} does not lead to a directory inside${code}`, { cause })
}
