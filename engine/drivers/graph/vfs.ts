// The vfs driver: every layer is a whole copy of the one below. It needs nothing of the
// kernel, works on any file system and in any container, and shows what the others save.
//
//   vfs/<id>/tree        everything that the layer's view has
//            committed, parent
//
// On btrfs and xfs a copy shares its blocks with what it was made of (FICLONE): then even
// vfs takes space only for what is changed, and time for every inode.
//
// Next: engine/archive/copy-tree.ts
import { closeSync, constants, openSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { copyTreeInTurns } from '../../archive/copy-tree.ts'
import { unpack } from '../../archive/unpack.ts'
import { fileSystemOf } from './backing.ts'
import type { Filling, Layer, Mechanism } from './mechanism.ts'

export class Vfs implements Mechanism {
  readonly name = 'vfs'
  readonly reserved = []
  readonly home: string

  constructor(home: string) {
    this.home = home
  }

  async make({ directory, parent }: Layer): Promise<void> {
    const tree = join(directory, 'tree')
    await mkdir(tree, { mode: 0o755 })
    if (parent) await copyDirectory(join(parent.directory, 'tree'), tree)
  }

  fill({ directory }: Layer, tar: Readable, how: Filling): Promise<number> {
    return unpack(tar, join(directory, 'tree'), { whiteouts: 'apply', ...how })
  }

  /** Nothing to mount, so nothing that makes a layer read-only either: a bind mount would, and is refused to those who have only vfs. */
  async mount(layer: Layer): Promise<string> {
    return this.view(layer)
  }

  view({ directory }: Layer): string {
    return join(directory, 'tree')
  }

  async unmount(): Promise<void> {}

  async destroy(): Promise<void> {}

  async metadata({ directory }: Layer): Promise<Record<string, string>> {
    return { MergedDir: join(directory, 'tree') }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    const layers = (await readdir(this.home)).length
    return [
      ['Backing Filesystem', fileSystemOf(this.home)],
      ['Full Copies', `${layers}`],
    ]
  }

  async cleanup(): Promise<void> {}

  async close(): Promise<void> {}
}

async function copyDirectory(from: string, to: string): Promise<void> {
  const source = openSync(from, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const target = openSync(to, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await copyTreeInTurns(source, target)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}
