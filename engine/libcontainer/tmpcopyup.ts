// `tmpcopyup`: a tmpfs that starts as a copy of the directory which it covers.
// What the image has in /run is there, writes go to memory, and the image stays
// as it was. OCI runtime specification, config.md "Linux mount options".
//
// Both directories come as /proc/self/fd/N: the covered one cannot be reached by
// its path any more, since the tmpfs is on it. Rejected: filling the tmpfs at a
// scratch directory of the host's and moving it over, as runc does; that leaves
// something behind when we die in between.
//
// Next: engine/libcontainer/devices.ts
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from 'node:fs'
import { constants as os } from 'node:os'
import { SyscallError } from '../errors.ts'
import { mknodat, splitDevice } from '../syscalls/open.ts'
import { getxattr, listxattr, setxattr } from '../syscalls/xattr.ts'

const { COPYFILE_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/**
 * Copies everything in `from` to `to`: owners, modes, times, extended attributes,
 * symbolic links and device nodes.
 * @param options of the tmpfs: what they say of its top directory holds
 */
export function copyUp(from: string, to: string, options: readonly string[]): void {
  const source = openSync(from, O_RDONLY | O_DIRECTORY)
  const target = openSync(to, O_RDONLY | O_DIRECTORY)
  const said = (name: string): boolean => options.some((option) => option.startsWith(`${name}=`))
  const { uid, gid, mode } = fstatSync(target)
  try {
    copyDirectory(source, target)
    if (said('uid') || said('gid')) fchownSync(target, said('uid') ? uid : -1, said('gid') ? gid : -1)
    if (said('mode')) fchmodSync(target, mode & 0o7777)
  } finally {
    closeSync(source)
    closeSync(target)
  }
}

function copyDirectory(source: number, target: number): void {
  // As bytes: a name need not be UTF-8.
  for (const name of readdirSync(`/proc/self/fd/${source}`, { encoding: 'buffer' })) {
    const from = Buffer.concat([Buffer.from(`/proc/self/fd/${source}/`), name])
    const to = Buffer.concat([Buffer.from(`/proc/self/fd/${target}/`), name])
    const info = lstatSync(from)
    if (info.isDirectory()) {
      mkdirSync(to, 0o700)
      withBoth(from, to, O_DIRECTORY, copyDirectory)
    } else if (info.isFile()) copyFile(from, to)
    else if (info.isSymbolicLink()) copyLink(from, to, info)
    else if (!info.isSocket()) copyNode(target, name, to, info)
    // A socket without the server that bound it is good for nothing.
  }
  copyAttributes(source, target)
}

function withBoth(
  from: Buffer,
  to: Buffer,
  flags: number,
  work: (source: number, target: number) => void,
): void {
  // O_NONBLOCK: should it have become a FIFO since we looked, we must not wait for its writer.
  const source = openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags)
  try {
    const target = openSync(to, O_RDONLY | O_NOFOLLOW | flags)
    try {
      work(source, target)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

function copyFile(from: Buffer, to: Buffer): void {
  const source = openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    copyFileSync(`/proc/self/fd/${source}`, to, COPYFILE_EXCL)
  } finally {
    closeSync(source)
  }
  withBoth(from, to, 0, copyAttributes)
}

function copyLink(from: Buffer, to: Buffer, info: Stats): void {
  symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to)
  lchownSync(to, info.uid, info.gid)
  lutimesSync(to, info.atime, info.mtime)
}

/** A device or a FIFO. In a user namespace the first is refused (EPERM), as it would be to the container. */
function copyNode(target: number, name: Buffer, to: Buffer, info: Stats): void {
  const type = info.isFIFO() ? 'p' : info.isBlockDevice() ? 'b' : 'c'
  mknodat(target, name.toString(), info.mode & 0o7777, { type, ...splitDevice(info.rdev) })
  lchownSync(to, info.uid, info.gid)
  chmodSync(to, info.mode & 0o7777)
}

/** In this order: chown(2) takes away the set-user-ID bit, and the file's capabilities, which are an attribute. */
function copyAttributes(source: number, target: number): void {
  const { uid, gid, mode, atime, mtime } = fstatSync(source)
  fchownSync(target, uid, gid)
  fchmodSync(target, mode & 0o7777)
  const [from, to] = [`/proc/self/fd/${source}`, `/proc/self/fd/${target}`]
  for (const name of listxattr(from)) {
    try {
      setxattr(to, name, getxattr(from, name))
    } catch (error) {
      // tmpfs has user.* since Linux 6.6 only; and what is not for us to set, such as trusted.* in a user namespace.
      const { ENOTSUP, EPERM } = os.errno
      if (!(error instanceof SyscallError && (error.errno === ENOTSUP || error.errno === EPERM))) throw error
    }
  }
  futimesSync(target, atime, mtime)
}
