// cgroup v2: one tree, in which a directory is a cgroup and its files are its
// limits. Documentation/admin-guide/cgroup-v2.rst of the kernel describes each.
//
//   /sys/fs/cgroup          controllers: cpu io memory pids    hands down: all
//     └─ tocker             controllers: cpu io memory pids    hands down: all
//          └─ 3f9a…         has cpu.max, io.max, memory.max, pids.max
//
// A controller must be handed down before it can be used: a directory has
// memory.max only when its *parent* lists memory in cgroup.subtree_control, and the
// parent can list only what its own parent handed to it. So the whole way is walked.
//
// Two things can stand in the way:
//  - No internal processes: a cgroup other than the root either has processes or
//    hands controllers down, else the processes would compete with the children.
//    cgroup.subtree_control gives EBUSY.
//  - Threaded parents: below a cgroup whose threads are spread over its children,
//    a new one is "domain invalid" and takes nobody until it is threaded too, and
//    then memory and io, which belong to whole processes, are not to be had.
//
// Called through open.ts. Next: engine/libcontainer/cgroups/v1.ts
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, errorLine } from '../../errors.ts'
import { makeDirectory, readKernelFile, writeKernelFile } from '../../syscalls/file.ts'
import type { Resources } from '../config/resources.ts'
import type { Cgroup, CgroupMounts, FreezerState, OomWatcher } from './cgroup.ts'
import { completeRules } from './device-rules.ts'
import { attachDeviceRules } from './devices-v2.ts'
import { freezeV2, frozenFor, stateV2, thawV2 } from './freezer.ts'
import { hierarchies, isHostRoot, ownCgroup } from './hierarchy.ts'
import { endAll, joinCgroup, processesIn, removeEmptyParents, removeTree, signalAll } from './members.ts'
import { oomKillsV2, watchOomV2 } from './oom.ts'
import { codeOf, readIfThere, writeSettings } from './setting.ts'
import { settingsV2 } from './settings-v2.ts'
import type { Stats } from './stats.ts'
import { statsV2 } from './stats-v2.ts'

export class CgroupV2 implements Cgroup {
  readonly #path: string
  readonly #warn: (line: string) => void
  /** Why a controller did not come all the way down. */
  readonly #missing = new Map<string, string>()

  constructor(path: string, warn: (line: string) => void) {
    this.#path = path
    this.#warn = warn
  }

  get paths(): Record<string, string> {
    return { '': this.#path }
  }

  make(): void {
    const inside = processesIn(this.#path, true)
    if (inside.length > 0)
      throw new EngineError(
        'conflict',
        `the cgroup ${this.#path} is in use: it has ${inside.length} process(es)`,
      )
    const root = hierarchies().v2 ?? '/sys/fs/cgroup'
    for (let attempt = 1; ; attempt++) {
      try {
        this.#makeWay(root)
        return
      } catch (cause) {
        // ENOENT: the container before us was the last below /tocker, and took it along while we were on the way.
        if (codeOf(cause) === 'ENOENT' && attempt < 20) continue
        if (existsSync(this.#path)) removeTree(this.#path)
        throw new EngineError('forbidden', `make the cgroup ${this.#path}`, { cause })
      }
    }
  }

  #makeWay(root: string): void {
    let directory = root
    for (const name of this.#path.slice(root.length).split('/').filter(Boolean)) {
      this.#handDown(directory)
      directory = join(directory, name)
      makeDirectory(directory)
      // The root has no such file.
      if (readIfThere(directory, 'cgroup.type') === 'domain invalid')
        writeKernelFile(join(directory, 'cgroup.type'), 'threaded')
    }
  }

  #handDown(directory: string): void {
    const list = (file: string): string[] => (readIfThere(directory, file) ?? '').split(' ').filter(Boolean)
    const already = list('cgroup.subtree_control')
    const wanted = list('cgroup.controllers').filter((controller) => !already.includes(controller))
    if (wanted.length === 0) return
    const file = join(directory, 'cgroup.subtree_control')
    try {
      writeKernelFile(file, wanted.map((controller) => `+${controller}`).join(' '))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw error
      // Whether it matters is for apply() to say: nobody may ask for these.
      if (codeOf(error) === 'EBUSY') this.#explainBusy(directory, wanted)
      // One that cannot be had spoils the whole line.
      else for (const controller of wanted) this.#handDownOne(file, directory, controller)
    }
  }

  /** Not one by one, as runc does: cpu and pids alone would be taken, and make a threaded cgroup of somebody else's. */
  #explainBusy(directory: string, controllers: readonly string[]): void {
    const reason = `${directory} has processes of its own, and cgroup v2 hands controllers down only from a cgroup without`
    for (const controller of controllers) this.#missing.set(controller, reason)
  }

  #handDownOne(file: string, directory: string, controller: string): void {
    try {
      writeKernelFile(file, `+${controller}`)
    } catch (error) {
      const threaded = ['EOPNOTSUPP', 'ENOTSUP'].includes(codeOf(error))
      const reason = threaded
        ? `${directory} is threaded, and ${controller} is for whole processes`
        : errorLine(error)
      this.#missing.set(controller, reason)
    }
  }

  // #region memory
  /** The limits, before there is anybody whom they could hit. `{ memory: { limit: 50 MB, swap: 50 MB } }` becomes: */
  apply(resources: Resources): void {
    // memory.max = 52428800: above this the kernel reclaims, and when nothing is
    // left to reclaim it kills: a process of this cgroup, never one outside.
    // memory.swap.max = 0: without it the rest goes to swap, and the limit looks
    // as if it did not work.
    this.update({ ...resources, devices: resources.devices ?? [] })
  }

  /** A process joins by its number, written into cgroup.procs; all its children are born members. */
  add(pid: number, beside?: number): void {
    try {
      joinCgroup(this.#path, pid)
    } catch (error) {
      // No internal processes: the container made cgroups of its own, and hands controllers down to them.
      const cause = error instanceof Error ? error.cause : undefined
      if (beside === undefined || codeOf(cause) !== 'EBUSY') throw error
      const root = hierarchies().v2 ?? '/sys/fs/cgroup'
      joinCgroup(join(root, ownCgroup(readKernelFile(`/proc/${beside}/cgroup`))), pid)
    }
  }
  // #endregion memory

  update(resources: Resources): void {
    const settings = settingsV2(resources, (file) => readIfThere(this.#path, file), this.#warn)
    const controllers = (readIfThere(this.#path, 'cgroup.controllers') ?? '').split(' ')
    writeSettings(settings, (controller) =>
      // Files named cgroup.* belong to no controller.
      controller === 'cgroup' || controllers.includes(controller)
        ? { path: this.#path }
        : { missing: this.#whyMissing(controller) },
    )
    if (resources.devices === undefined) return
    try {
      attachDeviceRules(this.#path, completeRules(resources.devices))
    } catch (error) {
      if (isHostRoot()) throw error
      // A user namespace's root cannot: nor can it make or own a device node, so little is lost.
      this.#warn(`device rules do not hold: ${errorLine(error)}`)
    }
  }

  #whyMissing(controller: string): string {
    const reason = this.#missing.get(controller)
    return `the controller ${controller} is not available in ${this.#path}${reason === undefined ? ` (see cgroup.controllers above it)` : `: ${reason}`}`
  }

  freeze(): void {
    freezeV2(this.#path)
  }

  thaw(): void {
    thawV2(this.#path)
  }

  get state(): FreezerState {
    return stateV2(this.#path)
  }

  pids(recursive = true): number[] {
    return processesIn(this.#path, recursive)
  }

  signal(signal: NodeJS.Signals | number): void {
    if (signal === 'SIGKILL' || signal === 9) {
      this.kill()
      return
    }
    // Frozen, so that nobody forks while the list is read.
    using _ = this.state === 'thawed' ? frozenFor(this) : undefined
    signalAll(this.pids(), signal)
  }

  kill(): void {
    if (this.pids().length === 0) return
    // One write ends everybody inside and below, frozen or not (Linux 5.14); a fork bomb cannot outrun it.
    const file = join(this.#path, 'cgroup.kill')
    const freezer = existsSync(join(this.#path, 'cgroup.freeze')) ? this : undefined
    try {
      if (existsSync(file)) writeKernelFile(file, '1')
    } catch {
      // EOPNOTSUPP: it is threaded, and a process can be in several. One by one, then.
      signalAll(this.pids(), 'SIGKILL')
    }
    endAll(() => this.pids(), existsSync(file) ? undefined : freezer, this.#path)
  }

  stats(): Stats {
    return statsV2(this.#path)
  }

  oomKills(): number {
    return oomKillsV2(this.#path)
  }

  watchOom(watcher: OomWatcher): Disposable {
    return watchOomV2(this.#path, watcher)
  }

  remove(): void {
    if (!existsSync(this.#path)) return
    this.kill()
    removeTree(this.#path)
    removeEmptyParents(this.#path)
  }

  mounts(): CgroupMounts {
    return { version: 2, path: this.#path }
  }
}
