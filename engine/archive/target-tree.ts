// The tree that an archive is unpacked into: makes one thing at a time in it.
//
// What is already in an entry's place goes, as for Docker, unless both are directories:
// a layer that brings a file where the layer below had a directory means it.
//
// Directories get their times when all else is done: each file made in one is a change.
// Permissions that would keep ourselves out wait until then, too, and attributes, since
// a default ACL would be inherited.
//
// Called by unpack.ts. Next: engine/archive/target-whiteouts.ts
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { EngineError } from '../errors.ts'
import { mknodat } from '../syscalls/open.ts'
import { utimensat } from '../syscalls/time.ts'
import { lsetxattr } from '../syscalls/xattr.ts'
import { setAttributes, setNodeAttributes, setOwner, setXattrs } from './attributes.ts'
import { checkSymlink, linkTargetPath } from './entry-path.ts'
import { encodePath, type PathBytes } from './name.ts'
import type { Owners } from './owners.ts'
import { at, Parents } from './parents.ts'
import { badArchive, show, type TarEntry } from './tar-entry.ts'
import { TargetWhiteouts } from './target-whiteouts.ts'
import { unpackError, within } from './unpack-error.ts'
import type { Whiteout, WhiteoutStyle } from './whiteout.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

/** An entry's place: its parent directory held open, and its name there. */
interface Place {
  /** Of the archive; undefined for a directory that it implies. */
  parts?: readonly string[]
  parent: number
  name: string
  path: PathBytes
}

/** What of an unpack's options concerns the tree: unpack.ts. */
interface Inside {
  directory: readonly string[]
  keepKinds: boolean
}
interface TreeOptions {
  into?: Inside
  owners?: Owners | undefined
}

type Later = Pick<TarEntry, 'mode' | 'mtime' | 'xattrs'>

export class TargetTree implements Disposable {
  readonly #parents: Parents
  readonly #whiteouts: TargetWhiteouts
  readonly #style: WhiteoutStyle
  readonly #inside: Inside | undefined
  readonly #owners: Owners | undefined
  readonly #directories = new Map<string, Later>()

  constructor(target: string, style: WhiteoutStyle, { into, owners }: TreeOptions = {}) {
    this.#style = style
    this.#inside = into
    this.#owners = owners
    try {
      this.#parents = new Parents(target, (parent, name) => {
        this.#makeDirectory({ parent, name, path: at(parent, name) }, 'implied')
      })
    } catch (cause) {
      throw new EngineError('not-found', `unpack into ${target}`, { cause })
    }
    this.#whiteouts = new TargetWhiteouts(this.#parents, style)
    if (owners !== undefined && into === undefined) this.#giveTop(owners)
  }

  /** The top of a layer that has none below was made by the daemon, whom no container knows. */
  #giveTop(owners: Owners): void {
    const top = at(this.#parents.of(''), '.')
    if (lstatSync(top).uid === 0) owners.give(top)
  }

  whiteout(directory: readonly string[], whiteout: Whiteout): void {
    const path = directory.join('/')
    within(path, () => {
      if (whiteout.kind === 'opaque') this.#whiteouts.opaque(path)
      else if (whiteout.kind === 'file') this.#whiteouts.hide(path, whiteout.name)
    })
  }

  /** A file, open; its attributes are set by finish(). */
  create(parts: readonly string[], entry: TarEntry): NewFile {
    return within(entry.name, () => {
      const place = this.#place(parts, entry)
      // Nobody else's until it has its owner and mode.
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
      const fd = this.#anew(place, () => openSync(place.path, flags, 0o600))
      return new NewFile(fd, entry)
    })
  }

  /** Anything but a file. */
  make(parts: readonly string[], entry: TarEntry): void {
    within(entry.name, () => {
      if (entry.type === 'directory') this.#directory(parts, entry)
      else if (entry.type === 'link') this.#link(parts, entry)
      else if (entry.type === 'symlink') this.#symlink(parts, entry)
      else this.#node(parts, entry)
    })
  }

  finish(): void {
    // The last first: a parent that keeps us out from now on comes after what is in it.
    for (const [path, later] of [...this.#directories].reverse())
      within(path, () => this.#finishDirectory(path, later))
  }

  [Symbol.dispose](): void {
    this.#parents[Symbol.dispose]()
  }

  #place(parts: readonly string[], entry: TarEntry): Place {
    const name = parts.at(-1)
    if (name === undefined) throw badArchive(`${show(entry.name)} would be in place of the target itself`)
    this.#whiteouts.own(parts)
    const parent = this.#parents.of(parts.slice(0, -1).join('/'))
    return { parts, parent, name, path: at(parent, name) }
  }

  /** Makes something where nothing may be: what is there goes first. */
  #anew<T>(place: Place, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    if (this.#inside?.keepKinds && lstatSync(place.path, { throwIfNoEntry: false })?.isDirectory())
      throw this.#kept(place, 'directory', 'non-directory')
    rmSync(place.path, { recursive: true, force: true })
    if (place.parts !== undefined) this.#directories.delete(place.parts.join('/'))
    this.#parents.forget(place.parent)
    return make()
  }

  #directory(parts: readonly string[], entry: TarEntry): void {
    const path = parts.join('/')
    if (parts.length > 0) this.#makeDirectory(this.#place(parts, entry), 'listed')
    const here = at(this.#parents.of(path), '.')
    setOwner(entry, () => lchownSync(here, entry.uid, entry.gid))
    chmodSync(here, entry.mode | 0o700)
    this.#directories.set(path, { mode: entry.mode, mtime: entry.mtime, xattrs: entry.xattrs })
  }

  /** `implied`: the archive has something in it, and has not listed it itself. */
  #makeDirectory(place: Place, how: 'listed' | 'implied'): void {
    const { path } = place
    const mode = 0o755
    try {
      mkdirSync(path, mode)
    } catch (error) {
      const info = lstatSync(path, { throwIfNoEntry: false })
      if (info?.isDirectory()) return
      const hidden = info !== undefined && this.#whiteouts.isWhiteout(info)
      // A file on the way to an entry, or a link to nowhere: not to be replaced by what nobody listed.
      if (info === undefined || (how === 'implied' && !hidden)) throw error
      if (this.#inside?.keepKinds) throw this.#kept(place, 'non-directory', 'directory')
      this.#anew(place, () => mkdirSync(path, mode))
      // `.wh.x`, then `x/`: a new directory, and nothing of the one below.
      if (hidden) this.#whiteouts.makeOpaque(path)
    }
    // By a descriptor: a container that runs may put a link in its place meanwhile, to anywhere.
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try {
      const root = this.#owners?.root
      if (root !== undefined) fchownSync(fd, root.uid, root.gid)
      // The umask took its bits off.
      fchmodSync(fd, mode)
    } finally {
      closeSync(fd)
    }
  }

  /** Docker's words. */
  #kept({ parts = [] }: Place, old: string, other: string): EngineError {
    const [path, target] = [parts, this.#inside?.directory ?? []].map((one) =>
      JSON.stringify(`/${one.join('/')}`),
    )
    return new EngineError('invalid', `cannot overwrite ${old} ${path} with ${other} ${target}`)
  }

  #finishDirectory(path: string, { mode, mtime, xattrs }: Later): void {
    const fd = this.#stillThere(path)
    if (fd === undefined) return
    const here = at(fd, '.')
    setXattrs({ xattrs }, (name, value) => lsetxattr(here, name, value))
    if ((mode & 0o700) !== 0o700) chmodSync(here, mode)
    utimensat(fd, '.', mtime)
  }

  /** What it was in may have been replaced by a later entry. */
  #stillThere(path: string): number | undefined {
    try {
      return this.#parents.find(path)
    } catch {
      return undefined
    }
  }

  #symlink(parts: readonly string[], entry: TarEntry): void {
    checkSymlink(entry, parts)
    const place = this.#place(parts, entry)
    this.#anew(place, () => symlinkSync(encodePath(entry.linkname), place.path))
    setNodeAttributes(place.parent, place.name, place.path, entry)
  }

  #link(parts: readonly string[], entry: TarEntry): void {
    const target = [...(this.#inside?.directory ?? []), ...linkTargetPath(entry)]
    const place = this.#place(parts, entry)
    const missing = (): Error =>
      badArchive(
        `${show(entry.name)} is a hard link to ${show(entry.linkname)}, which this archive does not have`,
      )
    const from = this.#parents.find(target.slice(0, -1).join('/'))
    if (from === undefined || target.join('/') === parts.join('/')) throw missing()
    const path = at(from, target.at(-1) ?? '')
    const info = lstatSync(path, { throwIfNoEntry: false })
    if (info === undefined || this.#whiteouts.isWhiteout(info)) throw missing()
    if (info.isDirectory()) throw badArchive(`${show(entry.name)} is a hard link to a directory`)
    // link(2) does not follow a symbolic link: it becomes one of that link.
    this.#anew(place, () => linkSync(path, place.path))
  }

  /** A device or a FIFO. */
  #node(parts: readonly string[], entry: TarEntry): void {
    const { major, minor, type, mode } = entry
    if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff)
      throw badArchive(`${show(entry.name)} is a device ${major}:${minor}, which Linux does not have`)
    if (this.#whiteouts.isOverlay && type === 'character' && major === 0 && minor === 0)
      throw badArchive(`${show(entry.name)} is a device 0:0, which is a whiteout in a wrong spelling`)
    const place = this.#place(parts, entry)
    const letter = type === 'fifo' ? 'p' : type === 'block' ? 'b' : 'c'
    try {
      this.#anew(place, () =>
        mknodat(place.parent, encodePath(place.name), mode, { type: letter, major, minor }),
      )
    } catch (error) {
      // In a user namespace there are no devices to be made, and no container there misses them: Docker passes them over.
      const refused = error instanceof Error && 'code' in error && error.code === 'EPERM'
      if (refused && this.#style === 'overlay-user') return
      throw error
    }
    setNodeAttributes(place.parent, place.name, place.path, entry)
  }
}

/** A file that is being written. */
export class NewFile implements Disposable {
  readonly #fd: number
  readonly #entry: TarEntry

  constructor(fd: number, entry: TarEntry) {
    this.#fd = fd
    this.#entry = entry
  }

  /** For TarReader.content(). */
  readonly write = (piece: Buffer, position: number): void => {
    try {
      for (let done = 0; done < piece.length; )
        done += writeSync(this.#fd, piece, done, piece.length - done, position + done)
    } catch (cause) {
      throw unpackError(this.#entry.name, cause)
    }
  }

  finish(): void {
    within(this.#entry.name, () => {
      // A hole at the end is nobody's write.
      if (this.#entry.sparse !== undefined) ftruncateSync(this.#fd, this.#entry.size)
      setAttributes(this.#fd, this.#entry)
    })
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}
