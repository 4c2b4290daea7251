// Subvolumes of btrfs, ioctl_btrfs(2): directory trees that are file systems of their own
// in all but the disk, and can be copied in one step whatever their size.
//
// Each call has the command beside it that does the same by hand.
import { closeSync, constants, lstatSync, openSync, statfsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ioctl } from './ioctl.ts'

const BTRFS_IOC_SYNC = 0x9408
const BTRFS_IOC_SUBVOL_CREATE = 0x5000940e
const BTRFS_IOC_SNAP_DESTROY = 0x5000940f
const BTRFS_IOC_SNAP_CREATE_V2 = 0x50009417
const BTRFS_IOC_SUBVOL_SETFLAGS = 0x4008941a
const BTRFS_SUBVOL_RDONLY = 2

/** The top directory of every subvolume has this inode, BTRFS_FIRST_FREE_OBJECTID. */
const topInode = 256
const BTRFS_SUPER_MAGIC = 0x9123683e

/** `btrfs subvolume create <path>`. */
export function createSubvolume(path: string): void {
  at(dirname(path), (directory) =>
    // struct btrfs_ioctl_vol_args { s64 fd; char name[4088]; }
    ioctl(
      directory,
      BTRFS_IOC_SUBVOL_CREATE,
      'BTRFS_IOC_SUBVOL_CREATE',
      named(basename(path), 8),
      `{name=${JSON.stringify(basename(path))}}`,
    ),
  )
}

/** `btrfs subvolume snapshot <from> <path>`: a second root to the same blocks; whoever writes gets blocks of his own. */
export function snapshotSubvolume(from: string, path: string): void {
  at(from, (source) =>
    at(dirname(path), (directory) => {
      // struct btrfs_ioctl_vol_args_v2 { s64 fd; u64 transid, flags, unused[4]; char name[4040]; }
      const args = named(basename(path), 56)
      new DataView(args.buffer).setBigInt64(0, BigInt(source), true)
      const shown = `{fd=${source}, flags=0, name=${JSON.stringify(basename(path))}}`
      ioctl(directory, BTRFS_IOC_SNAP_CREATE_V2, 'BTRFS_IOC_SNAP_CREATE_V2', args, shown)
    }),
  )
}

/** `btrfs property set <path> ro true`. */
export function protectSubvolume(path: string): void {
  const flags = new Uint8Array(new BigUint64Array([BigInt(BTRFS_SUBVOL_RDONLY)]).buffer)
  at(path, (subvolume) =>
    ioctl(subvolume, BTRFS_IOC_SUBVOL_SETFLAGS, 'BTRFS_IOC_SUBVOL_SETFLAGS', flags, '[BTRFS_SUBVOL_RDONLY]'),
  )
}

/**
 * `btrfs subvolume delete <directory>/<name>`: at once, whatever is in it.
 * @param name as bytes: a container that made a subvolume may have called it anything
 * @throws SyscallError ENOTEMPTY while it has subvolumes inside
 */
export function destroySubvolume(directory: string | Buffer, name: Buffer): void {
  at(directory, (fd) =>
    ioctl(
      fd,
      BTRFS_IOC_SNAP_DESTROY,
      'BTRFS_IOC_SNAP_DESTROY',
      named(name, 8),
      `{name=${JSON.stringify(name.toString())}}`,
    ),
  )
}

/** `btrfs filesystem sync`: besides, it wakes the thread that takes deleted subvolumes apart and gives their blocks back. By itself it comes every half minute. */
export function collectDeleted(path: string): void {
  at(path, (fd) => ioctl(fd, BTRFS_IOC_SYNC, 'BTRFS_IOC_SYNC', null, '0'))
}

/** Whether a directory is the top of a subvolume. */
export function isSubvolume(path: string | Buffer): boolean {
  const info = lstatSync(path, { throwIfNoEntry: false })
  return info?.isDirectory() === true && info.ino === topInode && statfsSync(path).type === BTRFS_SUPER_MAGIC
}

/** A structure of 4096 bytes that ends with a name: one name, in the directory that the descriptor holds. */
function named(name: string | Buffer, offset: number): Uint8Array {
  const args = new Uint8Array(4096)
  args.set(Buffer.from(name), offset)
  return args
}

function at<T>(directory: string | Buffer, work: (fd: number) => T): T {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return work(fd)
  } finally {
    closeSync(fd)
  }
}
