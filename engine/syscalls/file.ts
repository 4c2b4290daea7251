// Files that are the kernel's: cgroupfs and /proc/sys. Writing one is a request,
// like a system call, so it passes the same door and stands in the same trace.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { traced } from '../trace/trace.ts'
import { bytes, call, number, text } from './libc.ts'

/** Writes a file such as `memory.max`. The kernel answers with an errno: EINVAL for a value it does not take. */
export function writeKernelFile(path: string, value: string): void {
  traced(
    'syscall',
    'write',
    () => `${JSON.stringify(path)}, ${JSON.stringify(value)}`,
    () => writeFileSync(path, value),
  )
}

export function readKernelFile(path: string): string {
  return readFileSync(path, 'utf8')
}

/** statfs(2), f_type. */
export const PROC_SUPER_MAGIC = 0x9fa0
export const DEVPTS_SUPER_MAGIC = 0x1cd1

/** fstatfs(2): the type of the file system that an open file is of, whatever its path leads to by now. */
export function fileSystemOf(fd: number): number {
  // struct statfs of 64-bit Linux: 120 bytes, f_type first.
  const statfs = new Uint8Array(120)
  call('fstatfs', 'int fstatfs(int, void*)', [number(fd), bytes(statfs, '&statfs')])
  return Number(new DataView(statfs.buffer).getBigInt64(0, true))
}

/** mkdir(2): in cgroupfs, a new cgroup. */
export function makeDirectory(path: string): void {
  traced(
    'syscall',
    'mkdir',
    () => JSON.stringify(path),
    () => mkdirSync(path, { recursive: true }),
  )
}

/** rmdir(2): in cgroupfs, the end of a cgroup; EBUSY while a process is in it. */
export function removeDirectory(path: string): void {
  traced(
    'syscall',
    'rmdir',
    () => JSON.stringify(path),
    () => rmdirSync(path),
  )
}

const F_DUPFD_CLOEXEC = 1030

/** fcntl(2): another descriptor of the same open file, which no program that we start inherits. @param least its number at least */
export function duplicate(fd: number, least = 0): number {
  return call('fcntl', 'int fcntl(int, int, long)', [
    number(fd),
    number(F_DUPFD_CLOEXEC, 'F_DUPFD_CLOEXEC'),
    number(least),
  ])
}

const F_GETFL = 3
const F_SETFL = 4
const O_NONBLOCK = 0o4000

/** fcntl(2): reads and writes of this open file, by whichever descriptor, say EAGAIN in place of waiting. */
export function setNonBlocking(fd: number): void {
  const flags = call('fcntl', 'int fcntl(int, int, long)', [
    number(fd),
    number(F_GETFL, 'F_GETFL'),
    number(0),
  ])
  call('fcntl', 'int fcntl(int, int, long)', [
    number(fd),
    number(F_SETFL, 'F_SETFL'),
    number(flags | O_NONBLOCK, '…|O_NONBLOCK'),
  ])
}

const S_IFIFO = 0o010000

/** mknod(2) of a FIFO, fifo(7). */
export function makeFifo(path: string, mode: number): void {
  call('mknod', 'int mknod(const char*, uint, ulong)', [
    text(path),
    number(S_IFIFO | mode, `S_IFIFO|0${mode.toString(8)}`),
    number(0),
  ])
}

/** syncfs(2): everything that waits to be written to the file system of `fd` is written. @throws SyscallError EIO, ENOSPC when some of it could not */
export function syncfs(fd: number): void {
  call('syncfs', 'int syncfs(int)', [number(fd)])
}
