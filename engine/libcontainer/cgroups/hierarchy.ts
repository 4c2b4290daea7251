// Which cgroup hierarchies this host has, and where this process is in them.
//
// The answer stands in /proc/self/mountinfo and /proc/self/cgroup, nowhere else:
// /sys/fs/cgroup is a habit, not a rule.
//
// Called by open.ts. Next: engine/libcontainer/cgroups/path.ts
import { readFileSync } from 'node:fs'
import { readIfThere } from './setting.ts'

/** Where cgroup hierarchies are mounted: `v2` is one place, `v1` one per controller. */
export interface Hierarchies {
  v2?: string
  /** By controller. Two that are mounted together have the same place; a hierarchy without one is `name=systemd`. */
  v1: Record<string, string>
}

/** All that v1 ever had; beside them stand mount options such as rw and xattr. cgroups(7). */
const controllersV1 =
  /^(cpu|cpuacct|cpuset|memory|devices|freezer|net_cls|blkio|perf_event|net_prio|hugetlb|pids|rdma|misc|name=.+)$/

/** From the text of /proc/self/mountinfo, proc_pid_mountinfo(5). Pure. */
export function findHierarchies(mountinfo: string): Hierarchies {
  const found: Hierarchies = { v1: {} }
  for (const line of mountinfo.split('\n')) {
    // A host with many containers has many lines.
    if (!line.includes(' - cgroup')) continue
    const [before = '', after = ''] = line.split(' - ')
    // The kernel writes a space as \040, and other such characters alike.
    const mountPoint = before
      .split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    const [type, , options = ''] = after.split(' ')
    if (mountPoint === undefined) continue
    if (type === 'cgroup2') found.v2 ??= mountPoint
    if (type === 'cgroup') {
      for (const controller of options.split(',')) {
        if (controllersV1.test(controller)) found.v1[controller] ??= mountPoint
      }
    }
  }
  return found
}

/** What was mounted when somebody last asked: a daemon asks for each container, and little changes. */
let last: { mountinfo: string; found: Hierarchies } | undefined

export function hierarchies(): Hierarchies {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')
  if (last?.mountinfo !== mountinfo) last = { mountinfo, found: findHierarchies(mountinfo) }
  return last.found
}

// #region version
/**
 * The version that can limit something here. On a "hybrid" host the v1 controllers
 * stand beside a v2 hierarchy that has none: a controller lives in one hierarchy
 * only. That counts as v1; its v2 is joined too, and good for killing.
 */
export function versionOf({ v2, v1 }: Hierarchies): 1 | 2 | undefined {
  const hasV1 = Object.keys(v1).some((name) => !name.startsWith('name='))
  if (v2 !== undefined && (!hasV1 || /\bmemory\b/.test(readIfThere(v2, 'cgroup.controllers') ?? ''))) return 2
  return hasV1 ? 1 : undefined
}
// #endregion version

/** The own cgroup in v2, as a path from the hierarchy's root: the line `0::/path` of /proc/self/cgroup. */
export function ownCgroup(text: string = readFileSync('/proc/self/cgroup', 'utf8')): string {
  return /^0::(\/.*)$/m.exec(text)?.[1] ?? '/'
}

/** We are in the host's own user namespace: once so, for ever. One that was just made may get its map later. */
let hostsUsers = false

/** Root, and of the host's own user namespace: the map of the first one is all numbers onto themselves. */
export function isHostRoot(): boolean {
  if (process.getuid?.() !== 0) return false
  hostsUsers ||= /^\s*0\s+0\s+4294967295$/.test(readFileSync('/proc/self/uid_map', 'utf8').trim())
  return hostsUsers
}

/** Whether the kernel can limit memory and swap together. v2 always can; a v1 kernel may have been told not to count. */
export function countsSwap(): boolean {
  const found = hierarchies()
  if (versionOf(found) === 2) return true
  const memory = found.v1.memory
  return memory !== undefined && readIfThere(memory, 'memory.memsw.usage_in_bytes') !== undefined
}
