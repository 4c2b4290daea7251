// cgroup v1: a tree for each controller, so a container has a directory in each.
// Documentation/admin-guide/cgroup-v1/ of the kernel; hosts of before 2020, and
// some of today, have only this.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { makeDirectory, readKernelFile, writeKernelFile } from '../../syscalls/file.ts'
import type { Limits } from '../spec.ts'
import { type Cgroup, removeWhenEmpty } from './cgroup.ts'

export class CgroupV1 implements Cgroup {
  readonly #memory: string
  readonly #pids: string

  constructor(roots: { memory: string; pids: string }, id: string) {
    this.#memory = join(roots.memory, 'tocker', id)
    this.#pids = join(roots.pids, 'tocker', id)
    try {
      for (const path of [this.#memory, this.#pids]) makeDirectory(path)
    } catch (cause) {
      throw new EngineError('forbidden', `make the cgroup ${this.#memory} (root is needed)`, { cause })
    }
  }

  limit(limits: Limits): void {
    if (limits.memory !== undefined) {
      writeKernelFile(join(this.#memory, 'memory.limit_in_bytes'), String(limits.memory))
      // Memory and swap together: the same number leaves no swap. There only when the kernel counts swap.
      const both = join(this.#memory, 'memory.memsw.limit_in_bytes')
      if (existsSync(both)) writeKernelFile(both, String(limits.memory))
    }
    if (limits.pids !== undefined) writeKernelFile(join(this.#pids, 'pids.max'), String(limits.pids))
  }

  add(pid: number): void {
    for (const path of [this.#memory, this.#pids]) writeKernelFile(join(path, 'cgroup.procs'), String(pid))
  }

  oomKills(): number {
    return Number(
      /^oom_kill (\d+)$/m.exec(readKernelFile(join(this.#memory, 'memory.oom_control')))?.[1] ?? 0,
    )
  }

  remove(): void {
    // No cgroup.kill here: each process gets its own signal, until a look finds nobody.
    for (const path of [this.#memory, this.#pids]) {
      if (!existsSync(path)) continue
      for (let round = 0; round < 20 && this.#killAll(path); round++);
      removeWhenEmpty(path)
    }
  }

  #killAll(path: string): boolean {
    const pids = readKernelFile(join(path, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // ESRCH: it ended by itself.
      }
    }
    return pids.length > 0
  }
}
