// Requests to the kernel about this process that are files of /proc.
//
// An image, or a process that is in the container already, may have put a mere
// directory where /proc should be: we would write a security label into a text
// file and believe that it is in force (CVE-2019-16884). So we look first.
//
// /proc/self is the thread group's leader, and Node's main thread is that.
import { statfsSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { writeKernelFile } from '../syscalls/file.ts'

const PROC_SUPER_MAGIC = 0x9fa0

/**
 * Writes /proc/self/`name`.
 * @throws the file system's error (ENOENT, EINVAL, EACCES …), or EngineError when it is no procfs
 */
export function writeProcSelf(name: string, value: string): void {
  const path = `/proc/self/${name}`
  if (statfsSync(path).type !== PROC_SUPER_MAGIC)
    throw new EngineError('forbidden', `${path} is not the kernel's: something else is mounted over /proc`)
  writeKernelFile(path, value)
}

/** `EINVAL` of a file system's error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
