// Files that are the kernel's: cgroupfs and /proc/sys. Writing one is a request,
// like a system call, so it passes the same door and stands in the same trace.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { traced } from '../trace/trace.ts'
import { call, number, text } from './libc.ts'

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

const S_IFIFO = 0o010000

/** mknod(2) of a FIFO, fifo(7). */
export function makeFifo(path: string, mode: number): void {
  call('mknod', 'int mknod(const char*, uint, ulong)', [
    text(path),
    number(S_IFIFO | mode, `S_IFIFO|0${mode.toString(8)}`),
    number(0),
  ])
}
