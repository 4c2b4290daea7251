// listxattr(2), getxattr(2), setxattr(2): attributes beside a file's content,
// such as its capabilities or its SELinux label. Node has none of them.
import { constants } from 'node:os'
import { SyscallError } from '../errors.ts'
import { bytes, call, number, text } from './libc.ts'

/** Largest list and largest value that the kernel knows, xattr(7). */
const XATTR_MAX = 65_536

/** Names of a file's extended attributes; none where the file system has no such thing. */
export function listxattr(path: string): string[] {
  const list = new Uint8Array(XATTR_MAX)
  try {
    const length = call('listxattr', 'long listxattr(const char*, void*, size_t)', [
      text(path),
      bytes(list, '&list'),
      number(list.length),
    ])
    return Buffer.from(list.subarray(0, length)).toString().split('\0').filter(Boolean)
  } catch (error) {
    if (error instanceof SyscallError && error.errno === constants.errno.ENOTSUP) return []
    throw error
  }
}

export function getxattr(path: string, name: string): Uint8Array {
  const value = new Uint8Array(XATTR_MAX)
  const length = call('getxattr', 'long getxattr(const char*, const char*, void*, size_t)', [
    text(path),
    text(name),
    bytes(value, '&value'),
    number(value.length),
  ])
  return value.subarray(0, length)
}

/** @throws SyscallError ENOTSUP when the file system takes no attribute of this kind */
export function setxattr(path: string, name: string, value: Uint8Array): void {
  call('setxattr', 'int setxattr(const char*, const char*, void*, size_t, int)', [
    text(path),
    text(name),
    bytes(value, `${value.length} bytes`),
    number(value.length),
    number(0),
  ])
}
