// Which cgroup hierarchies this host has, and a new cgroup in the right one.
//
// Called by create.ts. The answer stands in /proc/self/mountinfo, nowhere else:
// /sys/fs/cgroup is a habit, not a rule.
//
// Next: engine/libcontainer/cgroups/cgroup.ts
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { readKernelFile } from '../../syscalls/file.ts'
import { type Cgroup, tryRemove } from './cgroup.ts'
import { CgroupV1 } from './v1.ts'
import { CgroupV2 } from './v2.ts'

/** Where cgroup hierarchies are mounted: `v2` is one place, `v1` one per controller. */
export interface Hierarchies {
  v2?: string
  v1: Record<string, string>
}

/** From the text of /proc/self/mountinfo, proc_pid_mountinfo(5). Pure. */
export function findHierarchies(mountinfo: string): Hierarchies {
  const found: Hierarchies = { v1: {} }
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const mountPoint = before.split(' ')[4]
    const [type, , options = ''] = after.split(' ')
    if (mountPoint === undefined) continue
    if (type === 'cgroup2') found.v2 ??= mountPoint
    if (type === 'cgroup') {
      for (const controller of options.split(',')) found.v1[controller] ??= mountPoint
    }
  }
  return found
}

/**
 * The cgroup `tocker/<id>`, made. A cgroup v2 mount without the controllers we
 * need beside v1 ones ("hybrid") counts as v1: a controller lives in one hierarchy only.
 */
export function makeCgroup(id: string): Cgroup {
  const { v2, v1 } = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
  if (v2 !== undefined && /\bmemory\b/.test(readKernelFile(join(v2, 'cgroup.controllers')))) {
    removeStale(join(v2, 'tocker'))
    return new CgroupV2(v2, id)
  }
  if (v1.memory !== undefined && v1.pids !== undefined) {
    for (const root of [v1.memory, v1.pids]) removeStale(join(root, 'tocker'))
    return new CgroupV1({ memory: v1.memory, pids: v1.pids }, id)
  }
  throw new EngineError(
    'unavailable',
    'no cgroup hierarchy with memory and pids is mounted (see /proc/self/mountinfo)',
  )
}

/** Cgroups of containers whose tocker was killed. rmdir(2) takes empty ones only, so a living one is safe. */
function removeStale(parent: string): void {
  let names: string[]
  try {
    names = readdirSync(parent, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
  } catch {
    return
  }
  for (const name of names) {
    const pid = Number(/^(\d+)-/.exec(name)?.[1] ?? 0)
    if (pid > 0 && !isAlive(pid)) tryRemove(join(parent, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
