// How init is born: fork and exec, in the PID and user namespaces that it shall
// have. Both have to be there before it runs.
//
//   pid    a process keeps its PID for life, so it cannot move to another PID
//          namespace; its children can be born there. The host's half makes or
//          joins it, has the child, and goes back.
//   user   clone(2) aside, only a process with one thread may enter one, and Node
//          has many. A stepping stone of util-linux goes in, and becomes Node there:
//
//            unshare --user --keep-caps [--pid --fork] -- node … init
//            nsenter --user=/proc/4711/ns/user …       -- node … init
//
//          --keep-caps: in a user namespace without a uid_map nobody is root, and
//          execve(2) would take the capabilities.
//          --pid --fork: the PID namespace must belong to the user namespace. The
//          `unshare` that waits for its child is killed once init has said its
//          pid; init then belongs to the next subreaper, or to PID 1.
//
// Called by create.ts and exec.ts.
//
// Next: engine/libcontainer/namespaces.ts
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, SyscallError } from '../errors.ts'
import { CLONE_NEWPID } from '../syscalls/flags.ts'
import { setns, unshare } from '../syscalls/namespace.ts'
import { traced } from '../trace/trace.ts'
import type { Namespace } from './config/linux.ts'
import { namespaceKinds, openNamespace } from './namespaces.ts'

export interface Birth {
  child: ChildProcess
  /** `child` is a stepping stone that waits for init, and not init itself. */
  steppingStone: boolean
}

/** Starts `init` in the pid, user and time namespaces of `namespaces`. @throws EngineError `forbidden` */
export function giveBirth(
  init: readonly [string, ...string[]],
  namespaces: readonly Namespace[],
  options: SpawnOptions,
): Birth {
  const pid = namespaces.find((one) => one.type === 'pid')
  const user = namespaces.find((one) => one.type === 'user')
  const stones = steppingStones(namespaces)
  const [file = '', ...args] = [...stones, ...init]
  const forks = stones.includes('--fork')
  try {
    const child =
      pid === undefined || forks
        ? fork(file, args, options)
        : pid.path === undefined
          ? spawnInNewPidNamespace(file, args, options)
          : spawnInPidNamespace(pid.path, file, args, options)
    return { child, steppingStone: forks }
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    // A user may enter a PID namespace only from inside the user namespace that owns it.
    if (pid?.path !== undefined && user?.path !== undefined && isRefused(cause)) {
      const [stone = '', ...rest] = [...steppingStones(namespaces, true), ...init]
      return { child: fork(stone, rest, options), steppingStone: true }
    }
    const which = user === undefined ? 'PID' : 'PID and user'
    throw new EngineError('forbidden', `make a ${which} namespace (root, or CAP_SYS_ADMIN, is needed)`, {
      cause,
    })
  }
}

const isRefused = (cause: unknown): boolean => cause instanceof SyscallError && cause.code === 'EPERM'

/**
 * The programs of util-linux that become init, one after the other; none when no user or time namespace is entered.
 * @param withPid nsenter(1) enters the PID namespace too: it forks, and waits for its child
 */
export function steppingStones(namespaces: readonly Namespace[], withPid = false): string[] {
  const user = namespaces.find((one) => one.type === 'user')
  const time = namespaces.find((one) => one.type === 'time')
  const entered = namespaces.filter((one) => {
    if (one.path === undefined || one.type === 'mount') return false
    if (one.type === 'pid') return withPid
    // Once in a *new* user namespace, init may not join those of the host any more.
    return one.type === 'user' || one.type === 'time' || (user !== undefined && user.path === undefined)
  })
  const stones: string[] = []
  if (entered.length > 0 || time?.path !== undefined)
    stones.push(
      'nsenter',
      ...(withPid ? [] : ['--no-fork']),
      ...(user?.path !== undefined && keepsGroups(user.path) ? ['--preserve-credentials'] : []),
      ...entered.map(({ type, path }) => `--${long[type]}=${path}`),
      '--',
    )
  if (user !== undefined) {
    const newPid = namespaces.some((one) => one.type === 'pid' && one.path === undefined)
    const flags = [
      ...(user.path === undefined ? ['--user', '--keep-caps'] : []),
      ...(newPid ? ['--pid', '--fork'] : []),
    ]
    if (flags.length > 0) stones.push('unshare', ...flags, '--')
  }
  return stones
}

/**
 * nsenter(1) becomes user 0 in there and drops its groups. Where a user mapped nobody
 * but themselves that is denied, and they are user 0 already: user_namespaces(7).
 * @param path of a user namespace
 */
function keepsGroups(path: string): boolean {
  try {
    return readFileSync(join(path, '../../setgroups'), 'utf8').startsWith('deny')
  } catch {
    // Not a file of /proc/PID/ns, but one that keeps the namespace: no telling.
    return false
  }
}

/** nsenter(1)'s options. */
const long: Record<Namespace['type'], string> = {
  user: 'user',
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  time: 'time',
  mount: 'mount',
}

// #region pid
/**
 * Starts a child that is PID 1 of a new PID namespace.
 *
 * unshare(CLONE_NEWPID) does not move the caller: a process keeps its PID for
 * life. It decides where the *next child* is born, and that child becomes PID 1.
 */
function spawnInNewPidNamespace(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const own = openSync('/proc/self/ns/pid', 'r')
  try {
    unshare(CLONE_NEWPID)
    const child = fork(file, args, options)
    // Back home, with nothing in between: until here, every thread that Node
    // makes would be refused (EINVAL), and every child born in there.
    setns(own, CLONE_NEWPID)
    return child
  } finally {
    closeSync(own)
  }
}
// #endregion pid

/** Starts a child in a PID namespace that is there: how exec gets in. */
function spawnInPidNamespace(
  path: string,
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const own = openSync('/proc/self/ns/pid', 'r')
  const there = openNamespace('pid', path)
  try {
    setns(there, namespaceKinds.pid.flag)
    const child = fork(file, args, options)
    setns(own, CLONE_NEWPID)
    return child
  } finally {
    closeSync(there)
    closeSync(own)
  }
}

// #region fork-exec
/** The fork and the exec of every container: Node forks, and what it executes is our init. */
function fork(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return traced(
    'syscall',
    'clone',
    () => `${file} …`,
    () => spawn(file, args, options),
    (made) => `${made.pid}`,
  )
}
// #endregion fork-exec
