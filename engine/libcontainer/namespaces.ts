// Which namespaces a container gets, and when each is made or joined.
//
// A namespace is the answer to one question that a process may ask: what is
// mounted (mount), what is my name (uts), who shares memory and queues with me
// (ipc), who else runs (pid), what network is there (network), where in the
// cgroup tree am I (cgroup), who is root (user), how long has the machine been
// up (time). clone(2) and unshare(2) make them, setns(2) joins them; see
// namespaces(7).
//
// birth.ts makes pid and user, which decide how init is born; init itself, here,
// all others.
//
// Next: engine/libcontainer/rootfs.ts
import { closeSync, openSync } from 'node:fs'
import { release } from 'node:os'
import { EngineError } from '../errors.ts'
import {
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from '../syscalls/flags.ts'
import { setns, unshare } from '../syscalls/namespace.ts'
import { bringUp } from '../syscalls/netdevice.ts'
import type { Linux, Namespace } from './config/linux.ts'
import { writeProcSelf } from './proc-self.ts'

/** Flag of clone(2), and name of the file in /proc/PID/ns, for each type of config.json. */
export const namespaceKinds: Record<Namespace['type'], { flag: number; file: string }> = {
  user: { flag: CLONE_NEWUSER, file: 'user' },
  pid: { flag: CLONE_NEWPID, file: 'pid' },
  network: { flag: CLONE_NEWNET, file: 'net' },
  ipc: { flag: CLONE_NEWIPC, file: 'ipc' },
  uts: { flag: CLONE_NEWUTS, file: 'uts' },
  cgroup: { flag: CLONE_NEWCGROUP, file: 'cgroup' },
  time: { flag: CLONE_NEWTIME, file: 'time' },
  mount: { flag: CLONE_NEWNS, file: 'mnt' },
}

/**
 * A new time namespace is for children, time_namespaces(7). Since Linux 6.2 a process
 * moves in when it executes something; before, it has to be taken there (birth.ts).
 */
export const execMovesIntoTime = ((): boolean => {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 2)
})()

/** Made or joined before init runs: pid and user by nature, time since setns(2) takes no process with threads. */
const atBirth = (one: Namespace): boolean =>
  ['pid', 'user'].includes(one.type) ||
  (one.type === 'time' && (one.path !== undefined || !execMovesIntoTime))

export const has = (namespaces: readonly Namespace[], type: Namespace['type']): boolean =>
  namespaces.some((one) => one.type === type)

// #region join
/** Joins, in init, those that have a path. The mount namespace comes last: with it goes the host's /proc. */
export function joinNamespaces(namespaces: readonly Namespace[]): void {
  const order = Object.keys(namespaceKinds)
  const joined = namespaces
    .filter((one) => one.path !== undefined && !atBirth(one))
    .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
    .map(({ type, path = '' }) => ({ type, path, fd: openNamespace(type, path) }))
  // Node's threads share one working directory and root, and setns(2) refuses
  // (EINVAL) to move one thread of a crowd into another mount tree.
  if (joined.some(({ type }) => type === 'mount')) unshare(CLONE_FS)
  for (const { type, path, fd } of joined) {
    try {
      setns(fd, namespaceKinds[type].flag)
    } catch (cause) {
      throw new EngineError('forbidden', `join the ${type} namespace ${path}`, { cause })
    }
    closeSync(fd)
  }
}
// #endregion join

/** Children are born in this PID namespace from here on. @param fd from openNamespace() */
export function sendChildren(fd: number): void {
  try {
    setns(fd, CLONE_NEWPID)
  } catch (cause) {
    throw new EngineError('forbidden', 'have children in the PID namespace', { cause })
  }
}

export function openNamespace(type: string, path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new EngineError('not-found', `open the ${type} namespace ${path}`, { cause })
  }
}

// #region unshare
/** Leaves the host's namespaces, in init: what is new is new from here on, before anything is mounted. */
export function unshareNamespaces(namespaces: readonly Namespace[]): void {
  const made = namespaces.filter((one) => one.path === undefined && !atBirth(one))
  const flags = made.reduce((all, { type }) => all | namespaceKinds[type].flag, 0)
  if (flags === 0) return
  try {
    unshare(flags)
  } catch (cause) {
    throw new EngineError('forbidden', 'make namespaces (root, or CAP_SYS_ADMIN, is needed)', { cause })
  }
}
// #endregion unshare

/**
 * Sets the clocks of a new time namespace, time_namespaces(7). Once somebody is
 * inside they are fixed (EACCES): before Linux 6.2, where execve(2) moves nobody
 * in, birth.ts has set them earlier.
 */
export function setTimeOffsets(offsets: Linux['timeOffsets']): void {
  if (!execMovesIntoTime) return
  for (const [clock, { secs = 0, nanosecs = 0 }] of Object.entries(offsets ?? {})) {
    try {
      writeProcSelf('timens_offsets', `${clock} ${secs} ${nanosecs}`)
    } catch (cause) {
      throw new EngineError('invalid', `$.linux.timeOffsets.${clock}: ${secs} s, ${nanosecs} ns`, { cause })
    }
  }
}

// #region loopback
/** A new network namespace has one interface, lo, and it is down. A container without lo still runs. */
export function raiseLoopback(warn: (line: string) => void): void {
  try {
    bringUp('lo')
  } catch (error) {
    warn(`lo stays down: ${error instanceof Error ? error.message : error}`)
  }
}
// #endregion loopback
