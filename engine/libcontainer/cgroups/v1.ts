// cgroup v1: a tree for each controller, so a container has a directory in each.
// Documentation/admin-guide/cgroup-v1/ of the kernel; hosts of before 2020, and
// some of today, have only this.
//
// Some controllers share a tree (cpu and cpuacct, usually), some trees have no
// controller (name=systemd), and on a "hybrid" host v2's tree stands beside them,
// without controllers. We go into all of them: whoever asks where a process is,
// gets the same answer everywhere. And v2's, even empty, has cgroup.kill.
//
// Called through open.ts. Next: engine/libcontainer/namespaces.ts
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EngineError, errorLine } from '../../errors.ts'
import { makeDirectory, writeKernelFile } from '../../syscalls/file.ts'
import type { Resources } from '../config/resources.ts'
import type { Cgroup, CgroupMounts, FreezerState, OomWatcher } from './cgroup.ts'
import { completeRules } from './device-rules.ts'
import { writeDeviceRules } from './devices-v1.ts'
import { attachDeviceRules } from './devices-v2.ts'
import { freezeV1, frozenFor, stateV1, thawV1 } from './freezer.ts'
import { hierarchies, isHostRoot } from './hierarchy.ts'
import { endAll, joinCgroup, processesIn, removeEmptyParents, removeTree, signalAll } from './members.ts'
import { oomKillsV1, watchOomV1 } from './oom.ts'
import { codeOf, readIfThere, resourcesPath, writeSettings } from './setting.ts'
import { settingsV1 } from './settings-v1.ts'
import type { Stats } from './stats.ts'
import { statsV1 } from './stats-v1.ts'

export class CgroupV1 implements Cgroup {
  readonly paths: Record<string, string>
  readonly #warn: (line: string) => void

  /** @param paths by controller; v2's, if there is one, by the name "" */
  constructor(paths: Readonly<Record<string, string>>, warn: (line: string) => void) {
    this.paths = { ...paths }
    this.#warn = warn
  }

  /** Each directory once, however many controllers share it. */
  get #directories(): string[] {
    return [...new Set(Object.values(this.paths))]
  }

  make(): void {
    for (const path of this.#directories) {
      const inside = processesIn(path, true)
      if (inside.length > 0)
        throw new EngineError('conflict', `the cgroup ${path} is in use: it has ${inside.length} process(es)`)
    }
    for (let attempt = 1; ; attempt++) {
      try {
        for (const path of this.#directories) makeDirectory(path)
        if (this.paths.cpuset !== undefined) this.#copyCpuset(this.paths.cpuset)
        return
      } catch (cause) {
        // ENOENT: the container before us was the last below /tocker, and took it along while we were on the way.
        if (codeOf(cause) === 'ENOENT' && attempt < 20) continue
        for (const path of this.#directories) if (existsSync(path)) removeTree(path)
        throw new EngineError('forbidden', `make the cgroups ${this.#directories.join(', ')}`, { cause })
      }
    }
  }

  /**
   * A new cpuset has no CPU and no memory node, and takes no process: ENOSPC. So what the
   * parent has is copied down, from the first ancestor that has some. v2 does this by itself.
   */
  #copyCpuset(path: string): void {
    const parent = dirname(path)
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (readIfThere(path, file) !== '') continue
      if (readIfThere(parent, file) === '') this.#copyCpuset(parent)
      writeKernelFile(join(path, file), readIfThere(parent, file) ?? '')
    }
  }

  apply(resources: Resources): void {
    this.update({ ...resources, devices: resources.devices ?? [] })
  }

  update(resources: Resources): void {
    const { paths } = this
    const read = (controller: string, file: string): string | undefined => {
      const path = paths[controller]
      return path === undefined ? undefined : readIfThere(path, file)
    }
    writeSettings(settingsV1(resources, read, this.#warn), (controller) => {
      const path = paths[controller]
      return path === undefined
        ? {
            missing: `no cgroup hierarchy with the controller ${controller} is mounted here (see /proc/self/mountinfo)`,
          }
        : { path }
    })
    if (resources.devices !== undefined) this.#limitDevices(resources.devices)
  }

  #limitDevices(devices: Resources['devices']): void {
    const rules = completeRules(devices)
    const { devices: path, '': unified } = this.paths
    try {
      if (path !== undefined) writeDeviceRules(path, rules)
      // A hierarchy of v2 needs no controller for this.
      else if (unified !== undefined) attachDeviceRules(unified, rules)
      else
        throw new EngineError('unavailable', `${resourcesPath}.devices: there is no devices controller here`)
    } catch (error) {
      if (isHostRoot()) throw error
      // A user namespace's root cannot: nor can it make or own a device node, so little is lost.
      this.#warn(`device rules do not hold: ${errorLine(error)}`)
    }
  }

  /** Into every tree; `beside` is v2's trouble. */
  add(pid: number): void {
    for (const path of this.#directories) joinCgroup(path, pid)
  }

  get #freezer(): string {
    const path = this.paths.freezer
    if (path === undefined) throw new EngineError('unavailable', 'no freezer hierarchy is mounted here')
    return path
  }

  freeze(): void {
    freezeV1(this.#freezer)
  }

  thaw(): void {
    thawV1(this.#freezer)
  }

  get state(): FreezerState {
    return this.paths.freezer === undefined ? 'thawed' : stateV1(this.paths.freezer)
  }

  pids(recursive = true): number[] {
    // A process may have been moved within one tree and not in the others.
    return [...new Set(this.#directories.flatMap((path) => processesIn(path, recursive)))]
  }

  signal(signal: NodeJS.Signals | number): void {
    if (signal === 'SIGKILL' || signal === 9) {
      this.kill()
      return
    }
    // Frozen, so that nobody forks while the list is read.
    using _ = this.paths.freezer !== undefined && this.state === 'thawed' ? frozenFor(this) : undefined
    signalAll(this.pids(), signal)
  }

  kill(): void {
    // The way of v2, where there is one beside: nobody outruns it.
    const file = join(this.paths[''] ?? '', 'cgroup.kill')
    try {
      if (this.paths[''] !== undefined && existsSync(file)) writeKernelFile(file, '1')
    } catch {
      // ENOENT: somebody else was faster, and has removed it. The others are looked at one by one.
    }
    // A process that is frozen dies when it thaws, not before.
    if (this.paths.freezer !== undefined && this.state !== 'thawed') this.thaw()
    endAll(() => this.pids(), this.paths.freezer === undefined ? undefined : this, this.#directories[0] ?? '')
  }

  stats(): Stats {
    return statsV1(this.paths)
  }

  oomKills(): number {
    return this.paths.memory === undefined ? 0 : oomKillsV1(this.paths.memory)
  }

  watchOom(watcher: OomWatcher): Disposable {
    return watchOomV1(this.paths.memory ?? this.#directories[0] ?? '', watcher)
  }

  remove(): void {
    const there = this.#directories.filter((path) => existsSync(path))
    if (there.length > 0) this.kill()
    for (const path of there) {
      removeTree(path)
      removeEmptyParents(path)
    }
  }

  mounts(): CgroupMounts {
    return mountsV1(this.paths, hierarchies().v1)
  }
}

/** Pure. @param mountPoints where each controller's hierarchy is mounted on the host */
export function mountsV1(
  paths: Readonly<Record<string, string>>,
  mountPoints: Readonly<Record<string, string>>,
): CgroupMounts & { version: 1 } {
  const found = new Map<string, { name: string; mountPoint: string; path: string; options: string }>()
  const links: [string, string][] = []
  for (const [controller, path] of Object.entries(paths)) {
    const mountPoint = mountPoints[controller]
    // v2's beside it has none here: runc 1.1 shows a container v1's only, and so do we.
    if (mountPoint === undefined) continue
    const name = basename(mountPoint)
    const named = controller.startsWith('name=')
    const option = named ? `none,${controller}` : controller
    const before = found.get(mountPoint)
    const options = before === undefined ? option : `${before.options},${option}`
    found.set(mountPoint, { name, mountPoint, path, options })
    // /sys/fs/cgroup/cpu beside /sys/fs/cgroup/cpu,cpuacct: programs look for either.
    if (!named && controller !== name) links.push([controller, name])
  }
  return { version: 1, controllers: [...found.values()], links }
}
