// prctl(2), chdir(2), mknod(2), execve(2): calls on this process and its files.
import { constants } from 'node:os'
import { traced } from '../trace/trace.ts'
import { bytes, call, number, rawSyscall, text } from './libc.ts'

const PR_SET_PDEATHSIG = 1
const PR_SET_DUMPABLE = 4
const PR_SET_CHILD_SUBREAPER = 36

/** prctl(2) PR_SET_PDEATHSIG: this process gets `signal` when its parent's thread ends. It outlives execve(2). */
export function dieWithParent(signal: 'SIGKILL' | 'SIGTERM'): void {
  call('prctl', 'int prctl(int, ulong)', [
    number(PR_SET_PDEATHSIG, 'PR_SET_PDEATHSIG'),
    number(constants.signals[signal], signal),
  ])
}

/**
 * prctl(2) PR_SET_DUMPABLE 0: nobody but the host's root may trace this process,
 * read its memory or open what /proc/PID/exe and /proc/PID/fd point at, until it
 * executes something. A container's own root could otherwise write to the host's
 * binary while it runs in there (CVE-2019-5736).
 */
export function hideFromContainer(): void {
  call('prctl', 'int prctl(int, ulong)', [number(PR_SET_DUMPABLE, 'PR_SET_DUMPABLE'), number(0)])
}

/** prctl(2) PR_SET_CHILD_SUBREAPER: orphans among our descendants become our children, and we can wait for them. */
export function adoptOrphans(): void {
  call('prctl', 'int prctl(int, ulong)', [number(PR_SET_CHILD_SUBREAPER, 'PR_SET_CHILD_SUBREAPER'), number(1)])
}

const WNOHANG = 1

/** waitpid(2) with WNOHANG: how a child ended, 128 + signal if by one; undefined while it lives. @throws SyscallError ECHILD when it is not ours */
export function waitNoHang(pid: number): number | undefined {
  const status = new Uint8Array(4)
  const found = call('waitpid', 'int waitpid(int, void*, int)', [
    number(pid),
    bytes(status, '&status'),
    number(WNOHANG, 'WNOHANG'),
  ])
  if (found === 0) return undefined
  const word = new DataView(status.buffer).getInt32(0, true)
  const signal = word & 0x7f
  return signal === 0 ? (word >> 8) & 0xff : 128 + signal
}

const KEYCTL_JOIN_SESSION_KEYRING = 1

/** keyctl(2) KEYCTL_JOIN_SESSION_KEYRING: an empty keyring in place of the caller's, whose keys are none of the container's business. */
export function joinNewKeyring(name: string): void {
  rawSyscall('keyctl', { x64: 250, arm64: 219 }, 'long syscall(long, int, const char*)', [
    number(KEYCTL_JOIN_SESSION_KEYRING, 'KEYCTL_JOIN_SESSION_KEYRING'),
    text(name),
  ])
}

/** chdir(2). process.chdir() would do, but the trace would not see it. */
export function chdir(path: string): void {
  call('chdir', 'int chdir(const char*)', [text(path)])
}

const S_IFCHR = 0o020000

/** mknod(2) of a character device, whatever umask says. */
export function mknodCharacter(path: string, mode: number, major: number, minor: number): void {
  // makedev(3), for numbers as small as these.
  const device = (major << 8) | minor
  call('mknod', 'int mknod(const char*, uint, ulong)', [
    text(path),
    number(S_IFCHR | mode, `S_IFCHR|0${mode.toString(8)}`),
    number(device, `makedev(${major}, ${minor})`),
  ])
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
