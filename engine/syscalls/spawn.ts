// posix_spawn(3): fork(2) and execve(2) in one, by glibc.
//
// Node's own child_process would do, but takes 9 ms to load (require it between two
// looks at process.hrtime()), of the 70 that a container takes; and it forks, which
// copies the page tables of everything that V8 has touched. glibc's child borrows our memory (CLONE_VM|CLONE_VFORK) until it
// has become something else. It runs C only: a forked V8 cannot run JavaScript.
//
// Called by libcontainer/birth.ts, which decides in which namespaces, and by midwife.ts,
// whose child inherits all that the midwife took on and gave up.
import { constants } from 'node:fs'
import { SyscallError } from '../errors.ts'
import { errnoName } from './errno.ts'
import { plainCall } from './libc.ts'

/** Room for posix_spawn_file_actions_t and posix_spawnattr_t: 80 and 336 bytes in glibc, less in musl. */
const room = 512
const POSIX_SPAWN_SETSIGDEF = 0x04
const POSIX_SPAWN_SETSIGMASK = 0x08
const POSIX_SPAWN_SETSID = 0x80
/** sigset_t of glibc has 1024 bits. */
const sigset = 128
/** close_range(2), the same number on all architectures. */
const __NR_close_range = 436
const CLOSE_RANGE_CLOEXEC = 4

/**
 * Starts `file`, in the directory "/", with an empty environment and no signal blocked or ignored.
 * @param file with a slash a path, else looked for in our PATH
 * @param descriptors what is 0, 1, 2 and so on there
 * @returns its pid
 */
export function posixSpawn(file: string, argv: readonly string[], descriptors: readonly number[]): number {
  const [actions, attributes] = [new Uint8Array(room), new Uint8Array(room)]
  const pid = new Int32Array(1)
  plainCall('int posix_spawn_file_actions_init(void*)', actions)
  initAttributes(attributes)
  try {
    plainCall('int posix_spawn_file_actions_addchdir_np(void*, const char*)', actions, '/')
    // Number 250 of a careless parent of ours, which Node did not see behind a gap, must not reach
    // the child: it may be a directory of the host's (CVE-2024-21626). ENOSYS before Linux 5.11.
    const closeRange = 'long syscall(long, uint, uint, uint)'
    plainCall(closeRange, __NR_close_range, 3, 0xffffffff, CLOSE_RANGE_CLOEXEC)
    // By way of numbers that nobody has: 4 may have to become 3, and 3 4.
    const free = Math.max(...descriptors, descriptors.length) + 1
    const dup2 = (from: number, to: number): number =>
      plainCall('int posix_spawn_file_actions_adddup2(void*, int, int)', actions, from, to)
    for (const [index, fd] of descriptors.entries()) dup2(fd, free + index)
    for (const index of descriptors.keys()) {
      dup2(free + index, index)
      plainCall('int posix_spawn_file_actions_addclose(void*, int)', actions, free + index)
    }
    const errno = plainCall(
      'int posix_spawnp(void*, const char*, void*, void*, const char**, const char**)',
      ...[new Uint8Array(pid.buffer), file, actions, attributes, [...argv, null], [null]],
    )
    if (errno !== 0) throw new SyscallError('posix_spawn', errno, errnoName(errno), JSON.stringify(file))
    return pid[0] ?? -1
  } finally {
    plainCall('int posix_spawn_file_actions_destroy(void*)', actions)
    plainCall('int posix_spawnattr_destroy(void*)', attributes)
  }
}

/** A child that has not been born yet; `pid` is set once it was. */
export interface PreparedChild {
  /** For the trace, as in PreparedCall. */
  name: string
  shown: string
  pid: number | undefined
  /** @throws SyscallError */
  go: () => void
}

/**
 * A child in a session of its own, in our directory, with what we have open and is not closed on
 * execve(2), and no signal blocked or ignored: all that can be made ready before is.
 * @param file a path: nothing is looked for
 * @param env `NAME=value`, in this order
 * @param terminal path of one that becomes its 0 to 2: the first that a session opens is its own, tty(4)
 */
export function prepareSpawn(
  file: string,
  argv: readonly string[],
  env: readonly string[],
  terminal?: string,
): PreparedChild {
  const [actions, attributes] = [new Uint8Array(room), new Uint8Array(room)]
  const pid = new Int32Array(1)
  plainCall('int posix_spawn_file_actions_init(void*)', actions)
  initAttributes(attributes, POSIX_SPAWN_SETSID)
  if (terminal !== undefined) {
    const { O_RDWR } = constants
    const open = 'int posix_spawn_file_actions_addopen(void*, int, const char*, int, int)'
    plainCall(open, actions, 0, terminal, O_RDWR, 0)
    for (const fd of [1, 2])
      plainCall('int posix_spawn_file_actions_adddup2(void*, int, int)', actions, 0, fd)
  }
  const shown = `${JSON.stringify(file)}, ${JSON.stringify(argv)}, ${env.length} variables`
  const child: PreparedChild = {
    ...{ name: 'posix_spawn', shown },
    pid: undefined,
    go: () => {
      const errno = plainCall(
        'int posix_spawn(void*, const char*, void*, void*, const char**, const char**)',
        ...[new Uint8Array(pid.buffer), file, actions, attributes, [...argv, null], [...env, null]],
      )
      if (errno !== 0) throw new SyscallError('posix_spawn', errno, errnoName(errno), shown)
      child.pid = pid[0]
    },
  }
  return child
}

/**
 * Zeros are an empty mask: Node may hold some signals back on this thread. And all signals do what
 * they do by default: Node ignores SIGPIPE and SIGXFSZ, and glibc, unless it is told, lets the child
 * ignore its own two, 32 and 33. What is ignored stays so over execve(2).
 */
function initAttributes(attributes: Uint8Array, more = 0): void {
  plainCall('int posix_spawnattr_init(void*)', attributes)
  plainCall(
    'int posix_spawnattr_setsigdefault(void*, const void*)',
    attributes,
    new Uint8Array(sigset).fill(0xff),
  )
  plainCall(
    'int posix_spawnattr_setflags(void*, short)',
    attributes,
    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | more,
  )
}
