// Copies a directory tree so that nobody could tell the copy: owners, modes, times to
// the nanosecond, extended attributes, hard links, symbolic links, devices, FIFOs.
//
// Both trees come as descriptors, and every inode is reached by one: names are looked
// at once, and need not be UTF-8. The content goes by copyFile(), which shares blocks
// (FICLONE) where the file system can, as btrfs and xfs do, and has the kernel copy
// (copy_file_range(2)) where not.
//
// Callers: libcontainer/tmpcopyup.ts, inside a container's init and so synchronously;
// the vfs graph driver, which has other things to do while half a gigabyte is copied.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { constants as os } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { SyscallError } from '../errors.ts'
import { mknodat, O_PATH, splitDevice } from '../syscalls/open.ts'
import { futimens, timestamp, utimensat } from '../syscalls/time.ts'
import { getxattr, listxattr, setxattr } from '../syscalls/xattr.ts'

const { COPYFILE_EXCL, COPYFILE_FICLONE, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** Copies everything in the directory `source`, and what it is like itself, to `target`, at once. */
export function copyTree(source: number, target: number): void {
  for (const _ of new TreeCopy(target).directory(source, target, Buffer.alloc(0)));
}

/** How long others may have to wait for their turn, in milliseconds. */
const patience = 10

/** The same, with a break now and then for whatever else this process does. */
export async function copyTreeInTurns(source: number, target: number): Promise<void> {
  let since = performance.now()
  for (const _ of new TreeCopy(target).directory(source, target, Buffer.alloc(0))) {
    if (performance.now() - since < patience) continue
    await setImmediate()
    since = performance.now()
  }
}

class TreeCopy {
  readonly #top: number
  /** Where an inode with several names went first, from the top. */
  readonly #first = new Map<string, Buffer>()

  constructor(top: number) {
    this.#top = top
  }

  /** Yields after each inode. @param where the directory is, from the top: empty, or with a slash at its end */
  *directory(source: number, target: number, where: Buffer): Generator<void> {
    for (const name of readdirSync(`/proc/self/fd/${source}`, { encoding: 'buffer' })) {
      const from = below(source, name)
      const to = below(target, name)
      const info = lstatSync(from)
      if (info.isDirectory()) {
        mkdirSync(to, 0o700)
        yield* this.#inside(from, to, Buffer.concat([where, name, Buffer.from('/')]))
      } else if (!info.isSocket()) {
        // A socket without the server that bound it is good for nothing.
        const link = info.nlink > 1 ? `${info.dev} ${info.ino}` : undefined
        const first = link === undefined ? undefined : this.#first.get(link)
        if (first) linkSync(below(this.#top, first), to)
        else this.#file(from, to, target, name)
        if (link !== undefined && !first) this.#first.set(link, Buffer.concat([where, name]))
      }
      yield
    }
    copyAttributes(source, target)
    futimens(target, timestamp(fstatSync(source, { bigint: true }).mtimeNs))
  }

  *#inside(from: Buffer, to: Buffer, where: Buffer): Generator<void> {
    const source = openSync(from, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
    try {
      const target = openSync(to, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
      try {
        yield* this.directory(source, target, where)
      } finally {
        closeSync(target)
      }
    } finally {
      closeSync(source)
    }
  }

  #file(from: Buffer, to: Buffer, directory: number, name: Buffer): void {
    const source = openSync(from, O_PATH | O_NOFOLLOW)
    try {
      const info = fstatSync(source)
      // What it is was decided by the descriptor: should somebody replace the name now, we do not care.
      if (info.isFile()) copyContent(source, to)
      else if (info.isSymbolicLink()) symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to)
      else {
        const type = info.isFIFO() ? 'p' : info.isBlockDevice() ? 'b' : 'c'
        // In a user namespace a device is refused (EPERM), as it would be to the container.
        mknodat(directory, name.toString(), info.mode & 0o7777, { type, ...splitDevice(info.rdev) })
      }
      const target = openSync(to, O_PATH | O_NOFOLLOW)
      try {
        copyAttributes(source, target)
      } finally {
        closeSync(target)
      }
      utimensat(directory, name, timestamp(fstatSync(source, { bigint: true }).mtimeNs))
    } finally {
      closeSync(source)
    }
  }
}

function below(directory: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name])
}

function copyContent(source: number, to: Buffer): void {
  // O_NONBLOCK: should it be a FIFO in spite of all, we must not wait for its writer.
  const open = openSync(`/proc/self/fd/${source}`, O_RDONLY | O_NONBLOCK)
  try {
    copyFileSync(`/proc/self/fd/${open}`, to, COPYFILE_EXCL | COPYFILE_FICLONE)
  } finally {
    closeSync(open)
  }
}

/** All but the time, which is last. In this order: chown(2) takes away the set-user-ID bit, and the file's capabilities, which are an attribute. */
function copyAttributes(source: number, target: number): void {
  const info = fstatSync(source)
  const [from, to] = [`/proc/self/fd/${source}`, `/proc/self/fd/${target}`]
  chownSync(to, info.uid, info.gid)
  if (!info.isSymbolicLink()) chmodSync(to, info.mode & 0o7777)
  for (const name of listxattr(from)) {
    try {
      setxattr(to, name, getxattr(from, name))
    } catch (error) {
      // tmpfs has user.* since Linux 6.6 only; and what is not for us to set, such as trusted.* in a user namespace.
      const { ENOTSUP, EPERM } = os.errno
      if (!(error instanceof SyscallError && (error.errno === ENOTSUP || error.errno === EPERM))) throw error
    }
  }
}
