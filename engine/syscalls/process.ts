// prctl(2), waitpid(2), keyctl(2), chdir(2): calls on this process and its children.
import { constants } from 'node:os'
import { bytes, call, number, rawSyscall, text } from './libc.ts'

const PR_SET_PDEATHSIG = 1
const PR_SET_CHILD_SUBREAPER = 36

/** prctl(2) PR_SET_PDEATHSIG: this process gets `signal` when its parent's thread ends. It outlives execve(2). */
export function dieWithParent(signal: 'SIGKILL' | 'SIGTERM'): void {
  call('prctl', 'int prctl(int, ulong)', [
    number(PR_SET_PDEATHSIG, 'PR_SET_PDEATHSIG'),
    number(constants.signals[signal], signal),
  ])
}

/** prctl(2) PR_SET_CHILD_SUBREAPER: orphans among our descendants become our children, and we can wait for them. */
export function adoptOrphans(): void {
  call('prctl', 'int prctl(int, ulong)', [
    number(PR_SET_CHILD_SUBREAPER, 'PR_SET_CHILD_SUBREAPER'),
    number(1),
  ])
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

/**
 * _exit(2): ends this process and all its threads, and nothing is tidied up first. Node's own
 * exit takes V8's heap down for 3 ms (strace -f -r: what stands before exit_group), which the
 * kernel then does once more.
 */
export function exitAtOnce(status: number): never {
  // It does not return; the loop is for the compiler.
  for (;;) call('_exit', 'void _exit(int)', [number(status)])
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

/**
 * getcwd(2) itself: glibc's getcwd(3) says ENOENT, whatever is wrong.
 * @returns the working directory; what is outside of our "/" begins with `(unreachable)`
 * @throws SyscallError ENOENT when it was removed
 */
export function currentDirectory(): string {
  const path = new Uint8Array(4096) // PATH_MAX
  const length = rawSyscall('getcwd', { x64: 79, arm64: 17 }, 'long syscall(long, void*, size_t)', [
    bytes(path, '&path'),
    number(path.length),
  ])
  return Buffer.from(path.subarray(0, length - 1)).toString()
}
