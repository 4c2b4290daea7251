// A cgroup limits what a group of processes may use. This is the one interface;
// the two kernels' worth of it are v2.ts (one tree for all controllers) and
// v1.ts (a tree for each). hierarchy.ts finds out which of them this host has.
//
//   make, limit     by create.ts, before init does anything
//   add(pid)        init goes in; what it starts later is born in there
//   remove          at the end, when nobody is left inside
//
// Next: engine/libcontainer/cgroups/v2.ts
import { dirname } from 'node:path'
import { EngineError } from '../../errors.ts'
import { removeDirectory } from '../../syscalls/file.ts'
import type { Limits } from '../spec.ts'

export interface Cgroup {
  limit(limits: Limits): void
  add(pid: number): void
  /** How often the OOM killer struck inside. */
  oomKills(): number
  /** Removes it, ending whoever is still inside. */
  remove(): void
}

/** rmdir(2), for a cgroup that may be in use. */
export function tryRemove(path: string): void {
  try {
    removeDirectory(path)
  } catch {
    // EBUSY: somebody is still in it, or dying. The next run finds it.
  }
}

/** rmdir(2) gives EBUSY until the kernel has finished with the last process: a few milliseconds. */
export function removeWhenEmpty(path: string): void {
  const deadline = Date.now() + 2000
  for (;;) {
    try {
      removeDirectory(path)
      // The last one out takes `tocker` itself along; EBUSY says that others are still there.
      tryRemove(dirname(path))
      return
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || Date.now() > deadline)
        throw new EngineError('internal', `remove the cgroup ${path}`, { cause: error })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/** What a mount of type `cgroup` shows in the container. */
export type CgroupMounts =
  | { version: 2 /** Of the container's cgroup, on the host. */; path: string }
  | {
      version: 1
      controllers: { name: string; mountPoint: string; path: string; options: string }[]
      links: [string, string][]
    }
