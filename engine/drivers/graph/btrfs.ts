// The btrfs driver: a layer is a subvolume, and a new one a snapshot of the one below.
// The file system itself copies on write, block by block: a byte changed in a file of
// 500 MB costs 4 kB here, where an overlay copies the file.
//
//   btrfs/<id>/tree        a subvolume; read-only once an archive was unpacked into it
//              committed, parent
//
// Nothing is mounted. What a layer changes has to be looked for, by comparing its tree
// with its parent's. Rejected: `btrfs send`, which knows it from the snapshots, but tells it
// in a format of its own, and only of subvolumes that are read-only, which a running
// container's is not.
//
// Next: engine/syscalls/subvolume.ts
import { lstatSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { unpack } from '../../archive/unpack.ts'
import { EngineError, hasCode } from '../../errors.ts'
import {
  collectDeleted,
  createSubvolume,
  destroySubvolume,
  isSubvolume,
  protectSubvolume,
  snapshotSubvolume,
} from '../../syscalls/subvolume.ts'
import { fileSystemOf } from './backing.ts'
import type { Filling, Layer, Mechanism } from './mechanism.ts'

export class Btrfs implements Mechanism {
  readonly name = 'btrfs'
  readonly reserved = []
  readonly home: string

  /** @throws EngineError `unavailable` anywhere but on btrfs */
  constructor(home: string) {
    this.home = home
    const fileSystem = fileSystemOf(home)
    if (fileSystem !== 'btrfs')
      throw new EngineError('unavailable', `${home} lies on ${fileSystem}: snapshots need btrfs there`)
  }

  async make({ directory, parent }: Layer): Promise<void> {
    const tree = join(directory, 'tree')
    if (parent) snapshotSubvolume(join(parent.directory, 'tree'), tree)
    else createSubvolume(tree)
  }

  async fill({ directory }: Layer, tar: Readable, how: Filling): Promise<number> {
    const tree = join(directory, 'tree')
    const bytes = await unpack(tar, tree, { whiteouts: 'apply', ...how })
    protectSubvolume(tree)
    return bytes
  }

  async mount(layer: Layer): Promise<string> {
    return this.view(layer)
  }

  view({ directory }: Layer): string {
    return join(directory, 'tree')
  }

  async unmount(): Promise<void> {}

  async destroy({ directory }: Layer): Promise<void> {
    if (!isSubvolume(join(directory, 'tree'))) return
    destroyWithNested(directory, Buffer.from('tree'))
    // Whoever removes a layer because the disk is full wants the room now. Else it is a write to disk for nothing.
    const { bavail, blocks } = statfsSync(this.home)
    if (bavail < blocks / 10) collectDeleted(this.home)
  }

  async metadata({ directory }: Layer): Promise<Record<string, string>> {
    return { MergedDir: join(directory, 'tree') }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return [['Backing Filesystem', fileSystemOf(this.home)]]
  }

  async cleanup(): Promise<void> {}

  async close(): Promise<void> {}
}

/**
 * A container may have made subvolumes inside its own. They are looked for only when the
 * kernel says that there are some: that is a walk over every directory.
 */
function destroyWithNested(directory: string | Buffer, name: Buffer): void {
  try {
    destroySubvolume(directory, name)
    return
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY')) throw error
  }
  const path = below(directory, name)
  destroyNested(path, lstatSync(path).dev)
  destroySubvolume(directory, name)
}

/** @param device of the subvolume: each has one of its own, and what else is mounted in there is none of our business */
function destroyNested(directory: Buffer, device: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    if (!entry.isDirectory()) continue
    const path = below(directory, entry.name)
    if (isSubvolume(path)) destroyWithNested(directory, entry.name)
    else if (lstatSync(path).dev === device) destroyNested(path, device)
  }
}

function below(directory: string | Buffer, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), name])
}
