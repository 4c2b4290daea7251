// The file system that a driver's directory lies on, and what it must be able to do.
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OverlayStyle, opaqueAttribute } from '../../archive/whiteout.ts'
import { EngineError } from '../../errors.ts'
import { MNT_DETACH } from '../../syscalls/flags.ts'
import { tellsTypes } from '../../syscalls/getdents.ts'
import { mount, umount2 } from '../../syscalls/mount.ts'
import { setxattr } from '../../syscalls/xattr.ts'
import { overlayOptions } from './overlay.ts'

/** statfs(2) tells them apart by a number; the names are those that `docker info` prints. */
const names: Record<number, string> = {
  61267: 'extfs',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  61791: 'ecryptfs',
  26985: 'nfs',
  801189825: 'zfs',
  1936814952: 'squashfs',
  1702057286: 'fuse',
  4076150800: 'f2fs',
}

/** `extfs`, `btrfs`; the number where it is none that we know. */
export function fileSystemOf(path: string): string {
  const { type } = statfsSync(path)
  return names[type] ?? `0x${type.toString(16)}`
}

/** An upper directory needs whiteouts, attributes of the overlay's own, and renames in one step. */
const unfit: Record<string, string> = {
  overlayfs: 'an overlay cannot keep its upper directory on another overlay',
  nfs: 'files on NFS cannot have the attributes that an overlay needs',
  ecryptfs: 'eCryptfs cannot rename in the way that an overlay needs',
}

/**
 * Whether `home` can hold the layers of an overlay: first what is known to fail, with a
 * reason that a person understands, and then a real mount, which has the last word.
 * @returns how its whiteouts are to be written
 * @throws EngineError `unavailable`
 */
export function checkOverlay(home: string): OverlayStyle {
  const fileSystem = fileSystemOf(home)
  const reason = unfit[fileSystem]
  if (reason !== undefined) throw new EngineError('unavailable', `${home} lies on ${fileSystem}: ${reason}`)
  const scratch = mkdtempSync(join(home, '.probe-'))
  try {
    if (!knowsTypes(scratch))
      throw new EngineError(
        'unavailable',
        `${home} lies on ${fileSystem} that does not tell the types of a directory's entries (d_type), so that an overlay would show its whiteouts as files: make it anew, xfs with -n ftype=1, ext4 with -O filetype`,
      )
    const style = overlayStyle(scratch)
    probe(scratch, style)
    return style
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function knowsTypes(scratch: string): boolean {
  writeFileSync(join(scratch, 'file'), '')
  const fd = openSync(scratch, 'r')
  try {
    return tellsTypes(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Whose attributes an overlay in this directory has: trusted.* where we may set them, and
 * user.* where not, which is in a user namespace. With the wrong ones it mounts all the
 * same, and removing a directory fails (EIO).
 */
export function overlayStyle(directory: string): OverlayStyle {
  try {
    setxattr(directory, opaqueAttribute('overlay'), Buffer.from('n'))
    return 'overlay'
  } catch {
    return 'overlay-user'
  }
}

/** Two layers below, as a container on an image has them: kernels before 4.0 take one. */
function probe(scratch: string, style: OverlayStyle): void {
  const [upper, work, merged, ...lowers] = ['upper', 'work', 'merged', 'one', 'two'].map((name) =>
    mkdtempSync(join(scratch, name)),
  )
  if (upper === undefined || work === undefined || merged === undefined) return
  try {
    mount({
      source: 'overlay',
      target: merged,
      type: 'overlay',
      data: overlayOptions({ lowers, upper, work, userxattr: style === 'overlay-user' }),
    })
  } catch (cause) {
    throw new EngineError('unavailable', `this kernel mounts no overlay in ${scratch}`, { cause })
  }
  umount2(merged, MNT_DETACH)
}
