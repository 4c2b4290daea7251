// Which namespaces a container gets, and when each is made.
//
// A namespace is the answer to one question that a process may ask: what is
// mounted (mnt), what is my name (uts), who shares memory and queues with me
// (ipc), who else runs (pid), what network is there (net), where in the cgroup
// tree am I (cgroup). clone(2) and unshare(2) make them; see namespaces(7).
//
// create.ts makes the pid namespace before init exists, init.ts all others.
//
// Next: engine/libcontainer/rootfs.ts
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUTS,
} from '../syscalls/flags.ts'
import { setns, unshare } from '../syscalls/namespace.ts'
import { traced } from '../trace/trace.ts'

// #region pid
/**
 * Starts a child that is PID 1 of a new PID namespace.
 *
 * unshare(CLONE_NEWPID) does not move the caller: a process keeps its PID for
 * life. It decides where the *next child* is born, and that child becomes PID 1.
 */
export function spawnInNewPidNamespace(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const own = openSync('/proc/self/ns/pid', 'r')
  try {
    unshare(CLONE_NEWPID)
    const child = traced(
      'syscall',
      'clone',
      () => `${file} …`,
      () => spawn(file, args, options),
      (made) => `${made.pid}`,
    )
    // Back home, with nothing in between: until here, every thread that Node
    // makes would be refused (EINVAL), and every child born in there.
    setns(own, CLONE_NEWPID)
    return child
  } finally {
    closeSync(own)
  }
}
// #endregion pid

// #region unshare
/** Leaves the host's namespaces, all but pid. Runs in init, before anything is mounted. */
export function unshareNamespaces(network: 'none' | 'host'): void {
  const flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP
  try {
    unshare(network === 'none' ? flags | CLONE_NEWNET : flags)
  } catch (cause) {
    throw new EngineError('forbidden', 'make namespaces (root, or CAP_SYS_ADMIN, is needed)', { cause })
  }
}
// #endregion unshare
