// `tocker rootfs DIR`: a root filesystem without any image, of this machine's busybox. No
// daemon is asked: it is the first thing that a learner makes.
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import { findBusybox, makeBusyboxTree } from '../local/busybox-tree.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'DIRECTORY',
  flags: [],
  arity: [1, 1],
  failure: 'engine',
  notes: 'The directory must not exist yet. What is in it is for: tocker run --rootfs DIRECTORY',
  run: async ({ streams }, _flags, [directory = '']) => {
    streams.out(await makeRootfs(resolve(directory)))
    return 0
  },
}

async function makeRootfs(target: string): Promise<string> {
  if (existsSync(target))
    throw new EngineError('conflict', `${target} exists already: name another directory`)
  const busybox = findBusybox()
  // Beside, then renamed: whoever sees the directory sees all of it.
  const partial = `${target}.partial-${process.pid}`
  try {
    const count = await makeBusyboxTree(busybox, partial)
    await rename(partial, target)
    return `${target}: busybox with ${count} commands\n`
  } catch (cause) {
    await rm(partial, { recursive: true, force: true })
    throw new EngineError('internal', `make ${target}`, { cause })
  }
}
