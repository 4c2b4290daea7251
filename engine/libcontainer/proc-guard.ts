// Nothing may lie over the container's /proc but what belongs there.
//
// A runtime writes to /proc/self/attr and /proc/sys from inside the container,
// and believes what it reads in /proc. A file of the image's own in that place
// would swallow a SELinux label, or an AppArmor profile, and nobody would notice
// (CVE-2019-16884). runc's rules, checkProcMount().
//
// Next: engine/libcontainer/bind-mounts.ts
import { readlinkSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { EngineError } from '../errors.ts'
import { PROC_SUPER_MAGIC } from '../syscalls/file.ts'
import { PROC_ROOT_INO } from './proc-self.ts'
import type { Resolved } from './resolve.ts'

/** What lxcfs(1) emulates, so that top(1) and free(1) speak of the container; and a file that criu(8) uses. */
const emulated = new Set([
  'proc/cpuinfo',
  'proc/diskstats',
  'proc/meminfo',
  'proc/stat',
  'proc/swaps',
  'proc/uptime',
  'proc/loadavg',
  'proc/slabinfo',
  'proc/net/dev',
  'proc/sys/kernel/ns_last_pid',
])

/**
 * @param target where something is about to be mounted
 * @param source what it is, as a path; left out for a new file system
 * @throws EngineError when it would cover the container's /proc, or part of it
 */
export function guardProc(target: Resolved, rootfs: string, source?: string): void {
  const where = posix.relative(realpathSync(rootfs), readlinkSync(target.path))
  if (where === 'proc') {
    if (source !== undefined && isWholeProc(source)) return
    throw new EngineError('forbidden', 'over /proc there may be nothing but a procfs')
  }
  // By what is there as well as by its name: a rename may have made the name stale.
  const inside = where.startsWith('proc/') || statfsSync(target.path).type === PROC_SUPER_MAGIC
  if (inside && !emulated.has(where))
    throw new EngineError('forbidden', `inside /proc, only ${[...emulated].join(', ')} may be covered`)
}

function isWholeProc(path: string): boolean {
  return statfsSync(path).type === PROC_SUPER_MAGIC && statSync(path).ino === PROC_ROOT_INO
}
