// execve(2) with what must be right before it: descriptors and signals.
//
// Node's process.execve would do, but for two things: it runs handlers first,
// whose system calls a seccomp filter may forbid, and it keeps 0 to 2 only.
import { constants } from 'node:os'
import { address, bytes, call, number, rawSyscall } from './libc.ts'
import { ownMemory, type PreparedCall } from './prepared.ts'

/**
 * execve(2): this process becomes `file`.
 * @param env `NAME=value`, in this order
 */
export function prepareExecve(file: string, argv: readonly string[], env: readonly string[]): PreparedCall {
  const [lists, path] = [[argv, env].map(stringArray), cString(file)]
  return {
    name: 'execve',
    shown: `${JSON.stringify(file)}, ${JSON.stringify(argv)}, ${env.length} variables`,
    numbers: { x64: 59, arm64: 221 },
    args: [path, ...lists],
  }
}

/** char *[]: addresses, 0 after the last, and behind them the strings that they point to. */
function stringArray(strings: readonly string[]): Uint8Array {
  const texts = strings.map(cString)
  const pointers = 8 * (texts.length + 1)
  const size = texts.reduce((sum, { length }) => sum + length, pointers)
  const array = new Uint8Array(new ArrayBuffer(size))
  const base = address(array)
  const view = new DataView(array.buffer)
  let at = pointers
  for (const [index, text] of texts.entries()) {
    view.setBigUint64(8 * index, base + BigInt(at), true)
    array.set(text, at)
    at += text.length
  }
  return array
}

/** Bytes that end with NUL. */
function cString(value: string): Uint8Array {
  return ownMemory(Buffer.from(`${value}\0`))
}

const CLOSE_RANGE_CLOEXEC = 4

/** close_range(2) with CLOSE_RANGE_CLOEXEC (Linux 5.11): execve(2) closes `first` and all above it. */
export function closeFromOnExec(first: number): void {
  rawSyscall('close_range', { x64: 436, arm64: 436 }, 'long syscall(long, uint, uint, uint)', [
    number(first),
    number(0xffffffff, '~0U'),
    number(CLOSE_RANGE_CLOEXEC, 'CLOSE_RANGE_CLOEXEC'),
  ])
}

const F_SETFD = 2
const FD_CLOEXEC = 1

/** fcntl(2) F_SETFD: does execve(2) close this descriptor? */
export function setCloseOnExec(fd: number, close: boolean): void {
  call('fcntl', 'int fcntl(int, int, int)', [
    number(fd),
    number(F_SETFD, 'F_SETFD'),
    number(close ? FD_CLOEXEC : 0, close ? 'FD_CLOEXEC' : '0'),
  ])
}

/** signal(2) with SIG_DFL. */
export function resetSignal(name: NodeJS.Signals): void {
  call('signal', 'long signal(int, long)', [number(constants.signals[name], name), number(0, 'SIG_DFL')])
}

const SIG_SETMASK = 2

/** sigprocmask(2): nothing is held back any more. Who was born with a signal blocked never hears of it. */
export function unblockSignals(): void {
  // sigset_t of glibc has 1024 bits.
  call('sigprocmask', 'int sigprocmask(int, const uint8_t *, uint8_t *)', [
    number(SIG_SETMASK, 'SIG_SETMASK'),
    bytes(new Uint8Array(128), '[]'),
    bytes(null, 'NULL'),
  ])
}
