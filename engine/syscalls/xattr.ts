// listxattr(2), getxattr(2), setxattr(2), and those with an l that do not follow a
// symbolic link in the last part: attributes beside a file's content,
// such as its capabilities or its SELinux label. Node has none of them.
import { constants } from 'node:os'
import { SyscallError } from '../errors.ts'
import { bytes, call, number, path as pathArgument, text } from './libc.ts'

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

/** Asked for every file of a tree: one buffer does for all. */
let answer: Buffer | undefined

/** llistxattr(2). @returns names; none where the file system has no such thing */
export function llistxattr(path: string | Uint8Array): string[] {
  answer ??= Buffer.allocUnsafeSlow(XATTR_MAX)
  try {
    const length = call('llistxattr', 'long llistxattr(const char*, void*, size_t)', [
      pathArgument(path),
      bytes(answer, '&list'),
      number(answer.length),
    ])
    return length === 0 ? [] : answer.toString('utf8', 0, length - 1).split('\0')
  } catch (error) {
    if (error instanceof SyscallError && error.errno === constants.errno.ENOTSUP) return []
    throw error
  }
}

/** lgetxattr(2). @returns undefined when the file has no attribute of that name */
export function lgetxattr(path: string | Uint8Array, name: string): Buffer | undefined {
  answer ??= Buffer.allocUnsafeSlow(XATTR_MAX)
  try {
    const length = call('lgetxattr', 'long lgetxattr(const char*, const char*, void*, size_t)', [
      pathArgument(path),
      text(name),
      bytes(answer, '&value'),
      number(answer.length),
    ])
    return Buffer.from(answer.subarray(0, length))
  } catch (error) {
    const { ENODATA, ENOTSUP } = constants.errno
    if (error instanceof SyscallError && (error.errno === ENODATA || error.errno === ENOTSUP))
      return undefined
    throw error
  }
}

/** lsetxattr(2). @throws SyscallError ENOTSUP when the file system takes no attribute of this kind */
export function lsetxattr(path: string | Uint8Array, name: string, value: Uint8Array): void {
  call('lsetxattr', 'int lsetxattr(const char*, const char*, const void*, size_t, int)', [
    pathArgument(path),
    text(name),
    bytes(value, `${value.length} bytes`),
    number(value.length),
    number(0),
  ])
}
