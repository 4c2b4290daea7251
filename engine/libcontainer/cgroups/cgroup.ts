// A cgroup limits, counts, freezes and ends a group of processes. In /sys/fs/cgroup
// it is a directory: mkdir makes one, writing a process's number into its file
// cgroup.procs puts that process in, what the process starts is born inside, and
// the other files are limits and counters. cgroups(7).
//
// There are two versions. v2 has one tree for all controllers (memory, cpu, pids …),
// v1 a tree for each. This is the one interface; v1.ts and v2.ts read the same from
// top to bottom, and open.ts says which of them this host needs.
//
//   make, apply    by create.ts, before init does anything
//   add(pid)       init goes in; what it starts later is born in there
//   …              pause, update, kill, events: on a running container, from its
//                  saved `paths` alone
//   remove         at the end, whoever is still inside
//
// All synchronous, and no state but the paths: what a cgroup is stands in the kernel.
//
// Next: engine/libcontainer/cgroups/open.ts
import type { Resources } from '../config/resources.ts'
import type { Stats } from './stats.ts'

export interface Cgroup {
  /**
   * Directories by controller, as they are saved in state.json and given to fromPaths().
   * v2 has one, by the name ""; v1 several, and on a hybrid host v2's beside them. Empty: no cgroup.
   */
  readonly paths: Readonly<Record<string, string>>

  /** Makes the directories. @throws EngineError `conflict` when there are processes inside already */
  make(): void

  /**
   * Makes the limits true, in a new cgroup: device rules also when none are asked for,
   * since then those of every container hold.
   * @throws EngineError that names the property by its JSON path, and what the host lacks
   */
  apply(resources: Resources): void

  /** The same, in one that is in use: what is not named stays, device rules too. */
  update(resources: Resources): void

  /**
   * A process goes in.
   * @param beside v2 only: a process of the container. It may have made cgroups of its own and left this
   *   one, which then takes no process any more (EBUSY); then `pid` goes where that one is.
   */
  add(pid: number, beside?: number): void

  /** Stops every process where it is, and returns when all stand still. */
  freeze(): void
  thaw(): void
  readonly state: FreezerState

  /** @param recursive with those of cgroups below; what is in there counts as the container's */
  pids(recursive?: boolean): number[]

  /** Sends a signal to every process inside and below. A frozen cgroup stays frozen, unless it is SIGKILL. */
  signal(signal: NodeJS.Signals | number): void

  /** Ends everybody inside and below, frozen or not, and returns when nobody is left. */
  kill(): void

  stats(): Stats

  /** How often the OOM killer has struck inside. */
  oomKills(): number

  /** Tells when memory runs out inside, until it is disposed of. Keeps the program running meanwhile. */
  watchOom(watcher: OomWatcher): Disposable

  /** Ends whoever is inside, and removes the directories with all below. Nothing there is fine. */
  remove(): void

  /** What a container with a mount of type `cgroup` should see. */
  mounts(): CgroupMounts
}

export type FreezerState = 'thawed' | 'freezing' | 'frozen'

export interface OomWatcher {
  /** Memory ran out. @param kills how often the OOM killer has struck by now; 0 where it is disabled */
  onOom: (kills: number) => void
  /** The last process is gone, or the cgroup is. */
  onEnd: () => void
}

export type CgroupMounts =
  | {
      version: 2
      /** The container's cgroup on the host. */
      path: string
    }
  | {
      version: 1
      controllers: {
        /** Directory below the mount's destination: `cpu,cpuacct`. */
        name: string
        /** Where the hierarchy is mounted on the host. */
        mountPoint: string
        /** The container's cgroup on the host. */
        path: string
        /** To mount the hierarchy itself, where a cgroup namespace hides what is above: `cpu,cpuacct`, `none,name=systemd`. */
        options: string
      }[]
      /** Symbolic links for controllers that share a hierarchy: name and target, `cpu` and `cpu,cpuacct`. */
      links: [name: string, target: string][]
    }

export interface CgroupOptions {
  /** `--systemd-cgroup`. */
  systemd: boolean
  /** Without root of the host: use what was delegated, and do without when no limits are asked for. */
  rootless: boolean
  /** Hears of what is ignored or cannot be had; silent when left out. */
  warn?: (line: string) => void
}
