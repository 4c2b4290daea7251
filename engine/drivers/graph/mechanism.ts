// What differs from driver to driver: how a tree is made of the parent's, how it comes
// into view, and how it goes away. What is the same for all of them (ids, parents,
// counting, who may be removed) is layered.ts, which calls these in the right order.
//
// Every layer has a directory of its own, <root>/<driver>/<id>. Two files in it are
// layered.ts's, and the rest is the mechanism's:
//
//   parent      the id of the layer below; a layer without one is a bottom layer
//   committed   empty; nobody writes to this layer any more
//
// A process may be killed between any two lines of a verb. So destroy() and cleanup()
// meet layers of which anything may be missing.
//
// Next: engine/drivers/graph/layered.ts
import type { Readable } from 'node:stream'
import type { UnpackOptions } from '../../archive/unpack.ts'
import type { OverlayStyle } from '../../archive/whiteout.ts'

export interface Layer {
  id: string
  /** The layer's own directory. */
  directory: string
  parent?: Layer
  /** A container's; without, the tree is filled by an archive once and then only read. */
  writable: boolean
}

/** What a layer changes, where that lies by itself: in an overlay's upper directory. */
export interface Upper {
  tree: string
  /** The trees below, topmost first. */
  lowers: readonly string[]
  /** Whose attributes its opaque directories have. */
  whiteouts: OverlayStyle
}

/** How an archive is unpacked, as far as all mechanisms do it alike. */
export type Filling = Pick<UnpackOptions, 'limits' | 'owners'>

export interface Mechanism {
  readonly name: string
  /** Real path of the directory that has all the layers. */
  readonly home: string
  /** Names in `home` that are no layers. */
  readonly reserved: readonly string[]

  /** Makes the tree of a new layer in its directory, which has nothing in it but `parent` and `committed`. */
  make(layer: Layer): Promise<void>

  /** Unpacks an archive into a layer that nobody has used yet. @returns bytes of the files' content */
  fill(layer: Layer, tar: Readable, how: Filling): Promise<number>

  /** The tree as a directory. Called once until unmount(). @param once as of get() in driver.ts */
  mount(layer: Layer, once?: boolean): Promise<string>
  /** Where mount() shows it, or would. */
  view(layer: Layer): string
  unmount(layer: Layer): Promise<void>

  /** Left out where trees can only be compared. */
  upper?(layer: Layer): Promise<Upper>

  /** Everything outside the layer's directory, and whatever in it rm(1) cannot remove. */
  destroy(layer: Layer): Promise<void>

  metadata(layer: Layer): Promise<Record<string, string>>
  status(): Promise<readonly (readonly [name: string, value: string])[]>

  /** After somebody was killed here. Mounts below `home` are gone already, except of layers in use. */
  cleanup(inUse: readonly Layer[]): Promise<void>
  close(): Promise<void>
}
