// For which processes a midwife (midwife.ts) can be had; for all others exec starts a Node
// in the container. Pure, on the host's side.
//
//   a user namespace       only a process with one thread may enter it, setns(2)
//   a time namespace       a child that shares our memory until it executes must be in ours, clone(2)
//   execCPUAffinity        is set on the process between two moments that here are one
//   a real-time scheduler  SCHED_DEADLINE does not let fork
//   RLIMIT_AS, _DATA, _NPROC, and a limit on the cgroup's PIDs
//                          are meant for the program; they would be met by Node's memory and
//                          threads, in whose place it would otherwise stand
//   a seccomp filter       that forbids what it takes to have a child and to tell of it
//
// Next: engine/libcontainer/midwife.ts
import type { Config } from './config/config.ts'
import type { Namespace, Seccomp } from './config/linux.ts'
import type { Process } from './config/process.ts'

const tight: ReadonlySet<string> = new Set(['RLIMIT_AS', 'RLIMIT_DATA', 'RLIMIT_NPROC'])

/** What glibc's posix_spawn(3), write(2) of a line and _exit(2) ask of the kernel, and what V8 may ask meanwhile. */
const needed: ReadonlySet<string> = new Set([
  ...['mmap', 'munmap', 'mprotect', 'madvise', 'brk', 'futex', 'clock_gettime', 'gettimeofday', 'getpid'],
  ...['rt_sigprocmask', 'rt_sigaction', 'rt_sigreturn', 'sched_yield', 'membarrier', 'prctl', 'capset'],
  ...['clone', 'clone3', 'wait4', 'setsid', 'open', 'openat', 'close', 'dup2', 'dup3', 'fcntl', 'execve'],
  ...['write', 'exit', 'exit_group'],
])

/** CLONE_VM, CLONE_VFORK and SIGCHLD, clone(2). */
const spawnFlags = 0x100 | 0x4000 | 17

/** @param join namespaces of the container that are not ours */
export function fitsMidwife(process: Process, config: Config, join: readonly Namespace[]): boolean {
  const { seccomp, resources } = config.linux ?? {}
  return (
    !join.some(({ type }) => type === 'user' || type === 'time') &&
    process.execCPUAffinity === undefined &&
    process.scheduler === undefined &&
    !process.rlimits?.some(({ type }) => tight.has(type)) &&
    (resources?.pids?.limit ?? 0) <= 0 &&
    (!seccomp || letsSpawn(seccomp))
  )
}

/** Whether each call that is needed is allowed by some rule or by default, and by none forbidden. */
export function letsSpawn({ defaultAction, syscalls = [] }: Seccomp): boolean {
  const missing = new Set(defaultAction === 'SCMP_ACT_ALLOW' ? [] : needed)
  for (const { names, action, errnoRet, args = [] } of syscalls)
    for (const name of names) {
      if (!needed.has(name)) continue
      // glibc takes ENOSYS for a kernel without it, and falls back to clone.
      const fallsBack = name === 'clone3' && action === 'SCMP_ACT_ERRNO' && errnoRet === 38
      if (action !== 'SCMP_ACT_ALLOW' && !fallsBack) return false
      if (args.length === 0 || (name === 'clone' && args.every(holdsForSpawn))) missing.delete(name)
    }
  return missing.size === 0
}

type Condition = NonNullable<NonNullable<Seccomp['syscalls']>[number]['args']>[number]

/** Docker's: some flags must not be there. */
function holdsForSpawn({ index, op, value, valueTwo = 0 }: Condition): boolean {
  return index === 0 && op === 'SCMP_CMP_MASKED_EQ' && (spawnFlags & value) === valueTwo
}
