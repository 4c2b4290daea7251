// prctl(2), chdir(2), execve(2): calls on this process.
import { constants } from 'node:os'
import { traced } from '../trace/trace.ts'
import { call, number, text } from './libc.ts'

const PR_SET_PDEATHSIG = 1

/** prctl(2) PR_SET_PDEATHSIG: this process gets `signal` when its parent's thread ends. It outlives execve(2). */
export function dieWithParent(signal: 'SIGKILL' | 'SIGTERM'): void {
  call('prctl', 'int prctl(int, ulong)', [
    number(PR_SET_PDEATHSIG, 'PR_SET_PDEATHSIG'),
    number(constants.signals[signal], signal),
  ])
}

/** chdir(2). process.chdir() would do, but the trace would not see it. */
export function chdir(path: string): void {
  call('chdir', 'int chdir(const char*)', [text(path)])
}

/**
 * execve(2): this process becomes `file`. Node does it, since it keeps descriptors
 * 0 to 2 open; all others are marked close-on-exec, and closing is how the parent
 * learns that it worked.
 */
export function execve(file: string, argv: readonly string[], env: Readonly<Record<string, string>>): never {
  // Recorded before: after it there is nobody left to do so.
  traced(
    'syscall',
    'execve',
    () => `${JSON.stringify(file)}, ${JSON.stringify(argv)}, ${Object.keys(env).length} variables`,
    () => 0,
  )
  if (!process.execve) throw new Error('this Node has no process.execve: 22.15 or newer is needed')
  process.execve(file, argv, env)
  throw new Error('execve(2) returned')
}
