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
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EngineError, hasCode, SyscallError } from '../errors.ts'
import { duplicate } from '../syscalls/file.ts'
import { CLONE_NEWPID, MOUNT_ATTR_RDONLY } from '../syscalls/flags.ts'
import { cloneTree, mountSetattr } from '../syscalls/mount.ts'
import { setns, unshare } from '../syscalls/namespace.ts'
import { posixSpawn } from '../syscalls/spawn.ts'
import { traced } from '../trace/trace.ts'
import { isHostRoot } from './cgroups/hierarchy.ts'
import { Child } from './child.ts'
import type { Linux, Namespace } from './config/linux.ts'
import { execMovesIntoTime, namespaceKinds, openNamespace } from './namespaces.ts'

export interface Birth {
  child: Child
  /** `child` is a stepping stone that waits for init, and not init itself. */
  steppingStone: boolean
}

/**
 * Starts `init` in the pid, user and time namespaces of `namespaces`.
 * @param descriptors what is 0, 1, 2 and so on there
 * @throws EngineError `forbidden`
 */
export function giveBirth(
  init: readonly [string, ...string[]],
  namespaces: readonly Namespace[],
  descriptors: readonly number[],
  timeOffsets: Linux['timeOffsets'] = {},
): Birth {
  const pid = namespaces.find((one) => one.type === 'pid')
  const user = namespaces.find((one) => one.type === 'user')
  const stones = steppingStones(namespaces, timeOffsets)
  const command = [...stones, ...init]
  // unshare(1), or nsenter(1) with a PID namespace, waits for the child that is in there.
  const forks = stones.some((word) => word === '--fork' || word.startsWith('--pid='))
  try {
    const child =
      pid === undefined || forks
        ? fork(command, descriptors)
        : pid.path === undefined
          ? forkInNewPidNamespace(command, descriptors)
          : forkInPidNamespace(pid.path, command, descriptors)
    return { child: new Child(child), steppingStone: forks }
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    const which = user === undefined ? 'PID' : 'PID and user'
    throw new EngineError('forbidden', `make a ${which} namespace (root, or CAP_SYS_ADMIN, is needed)`, {
      cause,
    })
  }
}

/**
 * Resolves when a stepping stone that was killed is dead. Until then init is its child and not ours: waitpid(2) for
 * init would say ECHILD. On a busy machine that was seen long after the kill(2).
 */
export async function adopted({ child, steppingStone }: Birth): Promise<void> {
  if (steppingStone) await child.ended()
}

/** The programs of util-linux that become init, one after the other; none for root, when no user or time namespace is entered. */
export function steppingStones(
  namespaces: readonly Namespace[],
  timeOffsets: Linux['timeOffsets'] = {},
): string[] {
  const user = namespaces.find((one) => one.type === 'user')
  // Who is root of a user namespace only may leave the host's PID namespace, and not come back.
  // A user enters one from inside its user namespace; without any, the attempt itself says why not.
  const returns = isHostRoot() || (user === undefined && process.geteuid?.() !== 0)
  const time = namespaces.find((one) => one.type === 'time')
  const entered = namespaces.filter((one) => {
    if (one.path === undefined || one.type === 'mount') return false
    if (one.type === 'pid') return !returns
    // Once in a *new* user namespace, init may not join those of the host any more.
    return one.type === 'user' || one.type === 'time' || (user !== undefined && user.path === undefined)
  })
  const stones: string[] = []
  if (entered.length > 0 || time?.path !== undefined)
    stones.push(
      'nsenter',
      ...(entered.some(({ type }) => type === 'pid') ? [] : ['--no-fork']),
      ...(user?.path !== undefined && keepsGroups(user.path) ? ['--preserve-credentials'] : []),
      ...entered.map(({ type, path }) => `--${long[type]}=${path}`),
      '--',
    )
  const newPid = namespaces.some((one) => one.type === 'pid' && one.path === undefined)
  const flags = [
    ...(user !== undefined && user.path === undefined ? ['--user', '--keep-caps'] : []),
    ...(newPid && (user !== undefined || !returns) ? ['--pid', '--fork'] : []),
  ]
  if (flags.length > 0) stones.push('unshare', ...flags, '--')
  if (time !== undefined && time.path === undefined && !execMovesIntoTime)
    stones.push(...intoNewTime(timeOffsets))
  return stones
}

// #region into-new-time
/**
 * Before Linux 6.2: a new time namespace, its clocks set while nobody is in it, then
 * entered by a program of one thread. printf is the shell's own: it may not fork here.
 */
function intoNewTime(offsets: NonNullable<Linux['timeOffsets']>): string[] {
  const lines = Object.entries(offsets).map(
    ([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\\n`,
  )
  const script = `printf '${lines.join('')}' > /proc/self/timens_offsets && exec nsenter --time=/proc/self/ns/time_for_children -- "$@"`
  return ['unshare', '--time', '--', 'sh', '-c', script, 'sh']
}
// #endregion into-new-time

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
function forkInNewPidNamespace(command: readonly string[], descriptors: readonly number[]): number {
  const own = openSync('/proc/self/ns/pid', 'r')
  try {
    unshare(CLONE_NEWPID)
    try {
      return fork(command, descriptors)
    } finally {
      // Back home, whatever came of it and with nothing in between: until here, every
      // thread that Node makes would be refused (EINVAL), and every child born in there.
      setns(own, CLONE_NEWPID)
    }
  } finally {
    closeSync(own)
  }
}
// #endregion pid

/** Starts a child in a PID namespace that is there: how exec gets in. */
function forkInPidNamespace(
  path: string,
  command: readonly string[],
  descriptors: readonly number[],
): number {
  const own = openSync('/proc/self/ns/pid', 'r')
  const there = openNamespace('pid', path)
  try {
    setns(there, namespaceKinds.pid.flag)
    try {
      return fork(command, descriptors)
    } catch (cause) {
      if (!hasCode(cause, 'ENOMEM')) throw cause
      throw new EngineError('conflict', `enter ${path}: the first process of this PID namespace has ended`, {
        cause,
      })
    } finally {
      // Those who come next are born at home.
      setns(own, CLONE_NEWPID)
    }
  } finally {
    closeSync(there)
    closeSync(own)
  }
}

// #region fork-exec
/** The fork and the exec of every container: glibc forks, and what it executes is our init. */
function fork(command: readonly string[], descriptors: readonly number[]): number {
  const [file = ''] = command
  // A stepping stone executes Node by its path, as a user whom the host's files do not belong to.
  using program = file === process.execPath ? seal(file, descriptors) : undefined
  return traced(
    'syscall',
    'clone',
    () => `${file} …`,
    () => posixSpawn(program?.path ?? file, command, descriptors),
    String,
  )
}
// #endregion fork-exec

/**
 * Our executable, by way of a mount of its own that is read-only. Who is root in the container
 * and gets hold of /proc/PID/exe, an image for one whose script begins with #!/proc/self/exe,
 * would otherwise have Node's file on the host, and wait for the moment to write to it
 * (CVE-2019-5736). The mount is attached nowhere, so nobody can change it, and lives as long as
 * the process.
 * @param descriptors of the child: ours is to have a number that is none of theirs
 * @returns undefined for a user, who may not mount, and whose container is not root of anything
 */
function seal(file: string, descriptors: readonly number[]): ({ path: string } & Disposable) | undefined {
  let tree: number | undefined
  try {
    tree = cloneTree(dirname(file), false)
    mountSetattr(tree, { set: MOUNT_ATTR_RDONLY })
    const fd = duplicate(tree, 2 * Math.max(descriptors.length, ...descriptors) + 3)
    return { path: `/proc/self/fd/${fd}/${basename(file)}`, [Symbol.dispose]: () => closeSync(fd) }
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    return undefined
  } finally {
    if (tree !== undefined) closeSync(tree)
  }
}
