// What an overlay's upper directory lies on: a directory as it looks through all layers
// below, whiteouts and opaque directories minded, without mounting anything.
//
// The kernel does the same on each lookup: from the top layer down; a whiteout ends the
// search; a directory goes on collecting directories below it, until one is opaque or
// something else is in the way.
// https://docs.kernel.org/filesystems/overlayfs.html#upper-and-lower
import { closeSync } from 'node:fs'
import { fileIn, namesIn, type TreeFile } from './tree-walk.ts'
import { isOpaque, isWhiteoutDevice, type OverlayStyle } from './whiteout.ts'

export class LowerStack implements Disposable {
  readonly style: OverlayStyle
  readonly #fds: readonly number[]
  readonly #owned: boolean

  /** @param fds of one directory in each layer that has it, the topmost first; the caller's to close */
  constructor(fds: readonly number[], style: OverlayStyle, owned = false) {
    this.#fds = fds
    this.style = style
    this.#owned = owned
  }

  /** What is seen under this name; undefined when nothing is. */
  find(name: string, prefix: string): TreeFile | undefined {
    for (const fd of this.#fds) {
      const file = fileIn(fd, name, prefix)
      if (file !== undefined) return isWhiteoutDevice(file.info) ? undefined : file
    }
    return undefined
  }

  /** The directory of this name; with no layers at all when there is none. */
  enter(name: string, prefix: string): LowerStack {
    const fds: number[] = []
    for (const fd of this.#fds) {
      const file = fileIn(fd, name, prefix)
      if (file === undefined) continue
      if (file.type !== 'directory') break
      fds.push(file.open())
      if (isOpaque(file.xattrs(), this.style)) break
    }
    return new LowerStack(fds, this.style, true)
  }

  names(): string[] {
    const seen = new Set(this.#fds.flatMap(namesIn))
    return [...seen].filter((name) => this.find(name, '') !== undefined)
  }

  [Symbol.dispose](): void {
    if (this.#owned) for (const fd of this.#fds) closeSync(fd)
  }
}
