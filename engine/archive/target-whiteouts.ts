// Deletions that an archive asks for, carried out in the target (whiteout.ts has the words).
//
// A whiteout is about the layers below, never about what its own archive brings. An
// overlay's target has nothing else in it. Where deletions are applied, the target is a
// copy of the layers below, and what this archive has made must be remembered.
import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs'
import { EngineError } from '../errors.ts'
import { mknodat } from '../syscalls/open.ts'
import { lsetxattr } from '../syscalls/xattr.ts'
import { decodeName, encodePath, type PathBytes } from './name.ts'
import { at, type Parents } from './parents.ts'
import { type OverlayStyle, opaqueAttribute, type WhiteoutStyle } from './whiteout.ts'

export class TargetWhiteouts {
  readonly #parents: Parents
  readonly #overlay: OverlayStyle | undefined
  /** Paths that this archive made, and the directories they are in. */
  readonly #own: Set<string> | undefined

  constructor(parents: Parents, style: WhiteoutStyle) {
    this.#parents = parents
    this.#overlay = style === 'overlay' || style === 'overlay-user' ? style : undefined
    this.#own = style === 'apply' ? new Set() : undefined
  }

  get isOverlay(): boolean {
    return this.#overlay !== undefined
  }

  /** This archive has a file of its own there. */
  own(parts: readonly string[]): void {
    if (this.#own === undefined) return
    for (let length = parts.length; length > 0; length--) {
      const path = parts.slice(0, length).join('/')
      if (this.#own.has(path)) break
      this.#own.add(path)
    }
  }

  /** `.wh.name` */
  hide(directory: string, name: string): void {
    if (this.#overlay === undefined) this.#remove(directory, name)
    else this.#hideInOverlay(this.#overlay, this.#parents.of(directory), name)
  }

  /** `.wh..wh..opq` */
  opaque(directory: string): void {
    if (this.#overlay !== undefined) {
      this.makeOpaque(at(this.#parents.of(directory), '.'))
      return
    }
    const fd = this.#parents.find(directory)
    if (fd === undefined) return
    for (const bytes of readdirSync(at(fd, '.'), 'buffer')) this.#remove(directory, decodeName(bytes))
  }

  /** For an overlay: nothing of this directory in the layers below is seen. */
  makeOpaque(path: PathBytes): void {
    const attribute = opaqueAttribute(this.#overlay ?? 'overlay')
    try {
      lsetxattr(path, attribute, Buffer.from('y'))
    } catch (cause) {
      // To go on without would bring back what the image deleted.
      throw new EngineError('unavailable', `the file system of the layers takes no attribute ${attribute}`, {
        cause,
      })
    }
  }

  isWhiteout(info: Stats): boolean {
    return this.isOverlay && info.isCharacterDevice() && info.rdev === 0
  }

  #hideInOverlay(style: OverlayStyle, parent: number, name: string): void {
    const path = at(parent, name)
    const info = lstatSync(path, { throwIfNoEntry: false })
    if (info === undefined) {
      try {
        mknodat(parent, encodePath(name), 0, { type: 'c', major: 0, minor: 0 })
      } catch (cause) {
        const hint =
          style === 'overlay' ? 'make a whiteout (needs root)' : 'make a whiteout (needs Linux 5.8)'
        throw new EngineError('unavailable', hint, { cause })
      }
    }
    // The archive's own. A file hides what is below anyway.
    else if (info.isDirectory()) this.makeOpaque(path)
  }

  /** Removes what was there before this archive. */
  #remove(directory: string, name: string): void {
    const path = directory === '' ? name : `${directory}/${name}`
    const parent = this.#parents.find(directory)
    if (parent === undefined) return
    const here = at(parent, name)
    if (!this.#own?.has(path)) {
      rmSync(here, { recursive: true, force: true })
      this.#parents.forget()
    } else if (lstatSync(here, { throwIfNoEntry: false })?.isDirectory()) {
      for (const bytes of readdirSync(here, 'buffer')) this.#remove(path, decodeName(bytes))
    }
  }
}
