// The overlay2 driver: the kernel's overlay looks through all layers of an image at once.
// Nothing is copied when a container is made; a file is, when it is first written.
//
// Laid out as Docker's, so that what a learner reads about one is true of the other:
//
//   overlay2/l/ABC…                 short names (short-links.ts)
//   overlay2/<id>/diff              what this layer changes
//                 link, lower       its short name, and those of the layers below
//                 work              where the kernel makes its copies before they are moved to diff
//                 merged            the view, while somebody has called get()
//                 committed         nobody writes to it any more
//                 parent            ours: the id of the layer below
//
// What a layer changes need not be looked for: it lies in `diff`, and that is the whole
// of docker diff and docker commit. Rejected for more than 128 layers: fsopen(2), which
// takes each layer by itself (lowerdir+) and knows no page; that is Linux 6.5, the limit
// would depend on the kernel, and an image made here might not run elsewhere.
//
// Next: engine/drivers/graph/short-links.ts
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { unpack } from '../../archive/unpack.ts'
import type { OverlayStyle } from '../../archive/whiteout.ts'
import { EngineError } from '../../errors.ts'
import { MOUNT_ATTR_RDONLY, MS_BIND } from '../../syscalls/flags.ts'
import { mount, mountSetattr } from '../../syscalls/mount.ts'
import { checkOverlay, fileSystemOf, overlayStyle } from './backing.ts'
import type { Filling, Layer, Mechanism, Upper } from './mechanism.ts'
import { inDirectory, makeDirectoryLike, unmount } from './mounted.ts'
import { overlayOptions } from './overlay.ts'
import { linkDirectory, linkOf, makeLink, removeLink, removeStrayLinks } from './short-links.ts'

/** Docker's, too: what an image may have here, it may have everywhere. */
const mostLowers = 128

/** mount(2) copies one page of options, and its last byte ends them. */
const mostOptions = 4095

export class Overlay2 implements Mechanism {
  readonly name = 'overlay2'
  readonly reserved = [linkDirectory]
  readonly home: string
  readonly #style: OverlayStyle

  /** @throws EngineError `unavailable` when this kernel or this file system cannot do it */
  constructor(home: string) {
    this.home = home
    // Tried once in the life of a directory: the mount that answers takes longer than most verbs.
    // The directory of short names is the sign that it was, and that the answer was yes.
    const links = join(home, linkDirectory)
    const isTried = existsSync(links)
    this.#style = isTried ? overlayStyle(links) : checkOverlay(home)
    if (!isTried) mkdirSync(links, { mode: 0o700 })
  }

  async make(layer: Layer): Promise<void> {
    const { directory, parent } = layer
    makeDirectoryLike(parent && join(parent.directory, 'diff'), join(directory, 'diff'))
    makeLink(this.home, layer)
    if (!parent) return
    const lowers = [linkOf(parent), ...lowersOf(parent)]
    if (lowers.length > mostLowers)
      throw new EngineError('invalid', `more than ${mostLowers} layers: build the image of fewer steps`)
    writeFileSync(join(directory, 'lower'), lowers.join(':'))
    mkdirSync(join(directory, 'work'), { mode: 0o700 })
  }

  /** A whiteout is for what lies below. Under a bottom layer there is nothing, and nobody to turn a device 0:0 back into "nothing". */
  fill(layer: Layer, tar: Readable, how: Filling): Promise<number> {
    const whiteouts = layer.parent ? this.#style : 'apply'
    return unpack(tar, join(layer.directory, 'diff'), { whiteouts, ...how })
  }

  async mount(layer: Layer, once = false): Promise<string> {
    const diff = join(layer.directory, 'diff')
    const merged = join(layer.directory, 'merged')
    // An overlay has something below. A bottom layer is its own view.
    if (!layer.parent && layer.writable) return diff
    mkdirSync(merged, { recursive: true, mode: 0o700 })
    try {
      if (layer.parent) {
        const data = optionsOf(layer, this.#style)
        const overlay = { source: 'overlay', target: join(layer.id, 'merged'), type: 'overlay' }
        inDirectory(this.home, () => {
          // Unmounting an overlay writes all of its file system's dirty data to the disk, whosever it is.
          if (once && tried(() => mount({ ...overlay, data: `${data},volatile` }))) return
          mount({ ...overlay, data })
        })
      } else bindReadOnly(diff, merged)
    } catch (cause) {
      await rmdir(merged).catch(() => {})
      throw new EngineError('internal', `mount the layer ${layer.id}`, { cause })
    }
    return merged
  }

  view({ directory }: Layer): string {
    return join(directory, 'merged')
  }

  async unmount(layer: Layer): Promise<void> {
    const merged = join(layer.directory, 'merged')
    unmount(merged)
    // Of a file system that containers still have open nothing is in the way here.
    await rmdir(merged).catch(() => {})
  }

  async upper(layer: Layer): Promise<Upper> {
    return {
      tree: join(layer.directory, 'diff'),
      lowers: this.#lowerTrees(layer),
      whiteouts: this.#style,
    }
  }

  #lowerTrees(layer: Layer): string[] {
    return lowersOf(layer).map((link) => join(this.home, link))
  }

  async destroy(layer: Layer): Promise<void> {
    unmount(join(layer.directory, 'merged'))
    await removeLink(this.home, layer)
  }

  async metadata(layer: Layer): Promise<Record<string, string>> {
    const at = (name: string): string => join(layer.directory, name)
    return {
      UpperDir: at('diff'),
      ...(layer.parent ? { LowerDir: this.#lowerTrees(layer).join(':'), WorkDir: at('work') } : {}),
      MergedDir: at('merged'),
    }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [
      ['Backing Filesystem', fileSystemOf(this.home)],
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'true'],
    ]
  }

  async cleanup(): Promise<void> {
    await removeStrayLinks(this.home)
    for (const name of await readdir(this.home)) await rmdir(join(this.home, name, 'merged')).catch(() => {})
  }

  async close(): Promise<void> {}
}

function lowersOf(layer: Layer): string[] {
  return layer.parent ? readFileSync(join(layer.directory, 'lower'), 'utf8').split(':') : []
}

function optionsOf(layer: Layer, style: OverlayStyle): string {
  const lowers = lowersOf(layer)
  // Layers below are enough for a view that nobody writes to.
  const options = layer.writable
    ? { lowers, upper: join(layer.id, 'diff'), work: join(layer.id, 'work') }
    : { lowers: [linkOf(layer), ...lowers] }
  const data = overlayOptions({ ...options, userxattr: style === 'overlay-user' })
  if (data.length > mostOptions)
    throw new EngineError('invalid', `${lowers.length} layers do not fit into a page of options`)
  return data
}

/** `volatile` is Linux 5.10: EINVAL before. */
function tried(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

/** A bind mount takes no flags when it is made: it is told afterwards. */
function bindReadOnly(from: string, to: string): void {
  mount({ source: from, target: to, flags: MS_BIND })
  mountSetattr(to, { set: MOUNT_ATTR_RDONLY })
}
