// What a layer changes: as a list, as a number of bytes, as an archive.
//
// Where a mechanism keeps it in a directory of its own (an overlay's upper), that is read.
// Elsewhere the layer's tree is compared with its parent's, and both have to be in view
// meanwhile; for the archive, until its last byte.
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, pipeline, type Readable } from 'node:stream'
import type { Change } from '../../archive/change.ts'
import { changesOfUpper, compareTrees } from '../../archive/changes.ts'
import { encodePath } from '../../archive/name.ts'
import { pack } from '../../archive/pack.ts'
import type { GraphDriver } from './driver.ts'
import type { Layer, Mechanism } from './mechanism.ts'

type Trees = Pick<GraphDriver, 'get' | 'put' | 'owners'>

export async function changesOf(trees: Trees, mechanism: Mechanism, layer: Layer): Promise<Change[]> {
  return seen(trees, mechanism, layer, (_tree, changes) => changes)
}

export async function sizeOfDiff(trees: Trees, mechanism: Mechanism, layer: Layer): Promise<number> {
  return seen(trees, mechanism, layer, sizeOf)
}

export async function diffOf(trees: Trees, mechanism: Mechanism, layer: Layer): Promise<Readable> {
  const upper = await mechanism.upper?.(layer)
  const { owners } = trees
  if (upper) return pack(upper.tree, { whiteouts: upper.whiteouts, owners })
  const tree = await trees.get(layer.id)
  let archive: Readable
  try {
    archive = pack(tree, { only: await changesOf(trees, mechanism, layer), owners })
  } catch (error) {
    await trees.put(layer.id)
    throw error
  }
  // The tree is needed until the last byte, or until nobody wants any more.
  const out = new PassThrough()
  pipeline(archive, out, () => void trees.put(layer.id).catch(() => {}))
  return out
}

/** Runs `work` with the changes, and with the tree that has what was added. */
async function seen<T>(
  trees: Trees,
  mechanism: Mechanism,
  layer: Layer,
  work: (tree: string, changes: Change[]) => T,
): Promise<T> {
  const upper = await mechanism.upper?.(layer)
  if (upper) return work(upper.tree, changesOfUpper(upper.tree, upper.lowers, upper.whiteouts))
  const tree = await trees.get(layer.id)
  try {
    if (!layer.parent) return work(tree, compareTrees(tree, undefined))
    const below = await trees.get(layer.parent.id)
    try {
      return work(tree, compareTrees(tree, below))
    } finally {
      await trees.put(layer.parent.id)
    }
  } finally {
    await trees.put(layer.id)
  }
}

/** Content alone, and that of a file with several names once. */
function sizeOf(tree: string, changes: readonly Change[]): number {
  const counted = new Set<number>()
  let size = 0
  for (const { kind, path } of changes) {
    if (kind === 'D') continue
    // A container that runs may have deleted it since.
    const info = lstatSync(encodePath(join(tree, path)), { throwIfNoEntry: false })
    if (!info?.isFile() || counted.has(info.ino)) continue
    counted.add(info.ino)
    size += info.size
  }
  return size
}
