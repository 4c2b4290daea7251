// Requests to the kernel that are files of /proc, written from inside the container.
//
// An image, or a process that is in the container already, may have put something else
// in their place. A mere directory where /proc should be: we would write a security label
// into a text file and believe that it is in force (CVE-2019-16884). Or a mount over
// /proc/self/attr/exec of another file of the kernel's: it takes our words for its own,
// and a label becomes a value of /proc/sys, or a program for /proc/sys/kernel/core_pattern
// (CVE-2025-52881). To ask the file's type is not enough then, and to ask first and open
// afterwards leaves time in between. So:
//
//   - /proc is opened once, and the open directory is looked at: a procfs, and its root;
//   - from there the kernel walks, and refuses to leave that one mount (RESOLVE_NO_XDEV):
//     whatever lies over a part of it is an error, and what is left has one meaning only.
//
// /proc/self is the thread group's leader, and Node's main thread is that.
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import { fileSystemOf, PROC_SUPER_MAGIC } from '../syscalls/file.ts'
import { RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV } from '../syscalls/flags.ts'
import { openat2, writeTo } from '../syscalls/open.ts'

/** Of a procfs' own root; a bind of /proc/sys is a procfs too. */
export const PROC_ROOT_INO = 1

/**
 * Writes /proc/self/`name`.
 * @throws the file system's error (ENOENT, EINVAL, EACCES …), or EngineError when it is not the kernel's
 */
export function writeProcSelf(name: string, value: string): void {
  writeProc(`self/${name}`, value)
}

/** The same of any file there. @param path from /proc on, without `..` */
export function writeProc(path: string, value: string): void {
  const proc = openProc()
  try {
    const file = openBelow(proc, path)
    try {
      writeTo(file, value, `/proc/${path}`)
    } finally {
      closeSync(file)
    }
  } finally {
    closeSync(proc)
  }
}

function openProc(): number {
  const proc = openSync('/proc', constants.O_RDONLY | constants.O_DIRECTORY)
  if (fileSystemOf(proc) === PROC_SUPER_MAGIC && fstatSync(proc).ino === PROC_ROOT_INO) return proc
  closeSync(proc)
  throw new EngineError('forbidden', "/proc is not the kernel's: no procfs is mounted there")
}

function openBelow(proc: number, path: string): number {
  const strictly = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV
  try {
    return openat2(proc, path, constants.O_WRONLY, strictly)
  } catch (cause) {
    if (!(cause instanceof SyscallError && cause.code === 'EXDEV')) throw cause
    throw new EngineError('forbidden', `/proc/${path} is covered: something else is mounted over it`, {
      cause,
    })
  }
}

/** `EINVAL` of a file system's error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
