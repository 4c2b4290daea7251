// cgroup v2: one tree, in which a directory is a cgroup and its files are its
// limits. Documentation/admin-guide/cgroup-v2.rst of the kernel describes each.
//
// A controller must be handed down before it can be used: a directory has
// memory.max only when its *parent* lists memory in cgroup.subtree_control.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { makeDirectory, readKernelFile, writeKernelFile } from '../../syscalls/file.ts'
import type { Limits } from '../spec.ts'
import { type Cgroup, removeWhenEmpty } from './cgroup.ts'

export class CgroupV2 implements Cgroup {
  readonly #path: string

  constructor(root: string, id: string) {
    const parent = join(root, 'tocker')
    this.#path = join(parent, id)
    try {
      makeDirectory(parent)
      for (const directory of [root, parent])
        writeKernelFile(join(directory, 'cgroup.subtree_control'), '+memory +pids')
      makeDirectory(this.#path)
    } catch (cause) {
      throw new EngineError('forbidden', `make the cgroup ${this.#path} (root is needed)`, { cause })
    }
  }

  // #region memory
  limit(limits: Limits): void {
    if (limits.memory !== undefined) {
      // Above this the kernel reclaims, and when nothing is left to reclaim it
      // kills: a process of this cgroup, never one outside.
      writeKernelFile(join(this.#path, 'memory.max'), String(limits.memory))
      // Without this the rest goes to swap, and the limit looks as if it did not work.
      const swap = join(this.#path, 'memory.swap.max')
      if (existsSync(swap)) writeKernelFile(swap, '0')
    }
    if (limits.pids !== undefined) writeKernelFile(join(this.#path, 'pids.max'), String(limits.pids))
  }

  /** A process joins by its number; all its children are born members. */
  add(pid: number): void {
    writeKernelFile(join(this.#path, 'cgroup.procs'), String(pid))
  }
  // #endregion memory

  oomKills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readKernelFile(join(this.#path, 'memory.events')))?.[1] ?? 0)
  }

  remove(): void {
    if (!existsSync(this.#path)) return
    // One write ends everybody inside (Linux 5.14); a fork bomb cannot outrun it.
    const kill = join(this.#path, 'cgroup.kill')
    if (existsSync(kill)) writeKernelFile(kill, '1')
    removeWhenEmpty(this.#path)
  }
}
