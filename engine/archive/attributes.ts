// Who owns a file, what may be done with it, when it was changed: what an archive says
// beside content, put on a file that has just been made.
//
// The order counts. chown(2) takes away the set-user-ID bit and the file's
// capabilities, so mode and attributes come after it; and the time last, since all
// the others are changes.
//
// Of extended attributes, those of the host are left out: trusted.* says where an overlay
// finds its files, security.selinux is the host's policy. ENOTSUP is no error, as for
// GNU tar and Docker: a file system without attributes has none.
import { chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs'
import { constants as os } from 'node:os'
import { EngineError, SyscallError } from '../errors.ts'
import { futimens, utimensat } from '../syscalls/time.ts'
import { lsetxattr, setxattr } from '../syscalls/xattr.ts'
import { encodePath, type PathBytes } from './name.ts'
import { show, type TarEntry } from './tar-entry.ts'
import { isOverlayAttribute } from './whiteout.ts'

/** An open file: owner, mode, attributes, time. */
export function setAttributes(fd: number, entry: TarEntry): void {
  setOwner(entry, () => fchownSync(fd, entry.uid, entry.gid))
  fchmodSync(fd, entry.mode)
  if (entry.xattrs.size > 0) setXattrs(entry, (name, value) => setxattr(`/proc/self/fd/${fd}`, name, value))
  futimens(fd, entry.mtime)
}

/** Anything that is not to be opened, such as a device, by the directory it is in and its name there. */
export function setNodeAttributes(parent: number, name: string, path: PathBytes, entry: TarEntry): void {
  setOwner(entry, () => lchownSync(path, entry.uid, entry.gid))
  // A symbolic link has no mode, and chmod(2) would follow it.
  if (entry.type !== 'symlink') chmodSync(path, entry.mode)
  if (entry.xattrs.size > 0) setXattrs(entry, (key, value) => lsetxattr(path, key, value))
  utimensat(parent, encodePath(name), entry.mtime)
}

export function setOwner(entry: TarEntry, chown: () => void): void {
  try {
    chown()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : ''
    if (code === 'EINVAL')
      throw new EngineError(
        'invalid',
        `${show(entry.name)} belongs to ${entry.uid}:${entry.gid}, whom this user namespace does not have`,
        { cause },
      )
    if (code === 'EPERM')
      throw new EngineError('forbidden', `give ${show(entry.name)} to ${entry.uid}:${entry.gid}`, { cause })
    throw cause
  }
}

export function setXattrs(
  { xattrs }: Pick<TarEntry, 'xattrs'>,
  set: (name: string, value: Buffer) => void,
): void {
  for (const [name, value] of xattrs) {
    if (!isPortable(name)) continue
    try {
      set(name, value)
    } catch (error) {
      if (!(error instanceof SyscallError && ignored.has(error.errno))) throw error
    }
  }
}

const ignored = new Set([os.errno.ENOTSUP, os.errno.EPERM])

/** Does this attribute belong to the file, wherever it is? */
export function isPortable(name: string): boolean {
  return !name.startsWith('trusted.') && name !== 'security.selinux' && !isOverlayAttribute(name)
}
