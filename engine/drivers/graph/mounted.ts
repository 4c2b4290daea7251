// What the drivers do about mounts, beyond mount(2): relative paths for it, and an end to
// what a killed process left.
import { chmodSync, chownSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { EngineError, hasCode } from '../../errors.ts'
import { MNT_DETACH } from '../../syscalls/flags.ts'
import { fchdir, umount2 } from '../../syscalls/mount.ts'
import { readMountinfo } from '../../syscalls/mountinfo.ts'
import { chdir } from '../../syscalls/process.ts'

/** Takes away every mount below `directory`, the last one first, except those that are `kept` or have a kept path in them. */
export function unmountBelow(directory: string, kept: readonly string[] = []): void {
  for (const { where } of readMountinfo().toReversed())
    if (where.startsWith(`${directory}/`) && !kept.some((path) => `${path}/`.startsWith(`${where}/`)))
      unmount(where)
}

/**
 * Detaches: a container that still has its own copy of the mount, or a shell that stands
 * in it, keeps the file system and not us. Nothing when nothing is mounted there.
 */
export function unmount(where: string): void {
  try {
    umount2(where, MNT_DETACH)
  } catch (error) {
    // EINVAL: no mount; ENOENT: not even a directory.
    if (hasCode(error, 'EINVAL') || hasCode(error, 'ENOENT')) return
    throw new EngineError('internal', `unmount ${where}`, { cause: error })
  }
}

/** A new directory that is like `model`: who looks at an overlay's top sees the uppermost layer's. */
export function makeDirectoryLike(model: string | undefined, path: string): void {
  mkdirSync(path, { mode: 0o755 })
  if (model === undefined) return
  const { uid, gid, mode } = statSync(model)
  chownSync(path, uid, gid)
  chmodSync(path, mode & 0o7777)
}

/**
 * Runs `work` with `directory` as the working directory, so that paths can be short. It
 * belongs to the whole process, so it changes back before anybody else gets a turn; by a
 * descriptor, since the directory that we come from may have no path any more.
 */
export function inDirectory(directory: string, work: () => void): void {
  const before = openSync('.', constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    chdir(directory)
    work()
  } finally {
    fchdir(before)
    closeSync(before)
  }
}
