// openat2(2) and what goes with it: files by descriptor, when a path that
// somebody else may change is not to be walked twice.
import { constants, writeSync } from 'node:fs'
import { traced } from '../trace/trace.ts'
import { resolveFlags, spell } from './flags.ts'
import { bytes, call, number, path as pathArgument, rawSyscall } from './libc.ts'

/** open(2): a name for a file, with which nothing can be read or written. */
export const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/**
 * openat2(2). The kernel itself walks the path under the rules of `resolve`, in one
 * go: RESOLVE_IN_ROOT is a chroot for a single call.
 * @param at a descriptor of the directory where it starts
 * @param mode of a file that O_CREAT makes
 * @throws SyscallError ENOENT, ELOOP, EXDEV (the rules forbid it), EAGAIN (somebody moved things meanwhile)
 */
export function openat2(
  at: number,
  path: string | Uint8Array,
  flags: number,
  resolve: number,
  mode = 0,
): number {
  // Node marks what it opens close-on-exec; what we open must not reach the container either.
  const how = new BigUint64Array([flags | O_CLOEXEC, mode, resolve].map(BigInt))
  const shown = `{flags=${spell(flags, { O_PATH, O_DIRECTORY, O_NOFOLLOW, O_CREAT, O_EXCL, O_WRONLY })}, resolve=${spell(resolve, resolveFlags)}}`
  return rawSyscall(
    'openat2',
    { x64: 437, arm64: 437 },
    'long syscall(long, int, const char*, void*, size_t)',
    [number(at), pathArgument(path), bytes(new Uint8Array(how.buffer), shown), number(how.byteLength)],
  )
}

const types = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 }
const typeNames = { c: 'S_IFCHR', u: 'S_IFCHR', b: 'S_IFBLK', p: 'S_IFIFO' }

export interface DeviceNumber {
  type: keyof typeof types
  major: number
  minor: number
}

/** mknodat(2): a device node or a FIFO. The umask takes its bits off `mode`. */
export function mknodat(at: number, name: string | Uint8Array, mode: number, device: DeviceNumber): void {
  const { type, major, minor } = device
  call('mknodat', 'int mknodat(int, const char*, uint, ulong)', [
    number(at),
    pathArgument(name),
    number(types[type] | mode, `${typeNames[type]}|0${mode.toString(8)}`),
    number(makedev(major, minor), `makedev(${major}, ${minor})`),
  ])
}

/** makedev(3): twelve bits of major and twenty of minor, laid out so that the first 8 of each stay where they always were. */
export function makedev(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x100000
}

/** major(3) and minor(3): makedev(3) taken apart. */
export function splitDevice(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) + (Math.floor(rdev / 0x100000) & 0xfff) * 0x100 }
}

/** write(2) of a few bytes to a file of the kernel's. @param name what the trace calls it */
export function writeTo(fd: number, value: string, name: string): void {
  traced(
    'syscall',
    'write',
    () => `${JSON.stringify(name)}, ${JSON.stringify(value)}`,
    () => writeSync(fd, value),
  )
}
