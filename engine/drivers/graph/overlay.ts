// Copy-on-write by the kernel's overlay file system: directories that nobody
// writes below, one that takes every write above, and the view of all of them.
//
//   merged   what the container sees as "/"
//   upper    what it wrote: new files, changed copies, whiteouts for what it deleted
//   lower    the root filesystem, or its layers, untouched
//
// Called by `tocker run --layer`, and by the overlay2 driver for the mount's options.
// What the kernel does on a write is in https://docs.kernel.org/filesystems/overlayfs.html
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, hasCode } from '../../errors.ts'
import { CLONE_NEWNS, MS_REC, MS_SLAVE } from '../../syscalls/flags.ts'
import { mount } from '../../syscalls/mount.ts'
import { unshare } from '../../syscalls/namespace.ts'

/**
 * Puts a writable layer above `lowers` (the topmost first), in `directory`: `diff`
 * keeps what is written, so that another run can go on with it.
 *
 * The view is mounted in a mount namespace that this thread enters for it. Its
 * children are born there, nobody else sees it, and with the last of them it is
 * gone, whatever killed us.
 * @returns the path of the view
 * @throws EngineError `unavailable` where the kernel refuses, with its reason
 */
// #region mount-overlay
export function mountOverlay(lowers: readonly string[], directory: string): string {
  const upper = join(directory, 'diff')
  const work = join(directory, 'work')
  const merged = join(directory, 'merged')
  for (const path of [directory, upper, work, merged]) makeDirectory(path)
  unshare(CLONE_NEWNS)
  mount({ target: '/', flags: MS_SLAVE | MS_REC })
  // The kernel makes a copy in `work` first, and renames it into `upper`: nobody
  // ever sees half a file. So both must lie on one file system (EINVAL).
  const data = overlayOptions({ lowers, upper, work })
  try {
    mount({ source: 'overlay', target: merged, type: 'overlay', data })
  } catch (cause) {
    throw new EngineError('unavailable', `mount the layers in ${directory} as an overlay`, { cause })
  }
  return merged
}
// #endregion mount-overlay

export interface OverlayLayers {
  /** Topmost first. */
  lowers: readonly string[]
  /** Left out, the view is read-only. */
  upper?: string
  work?: string
  /** In a user namespace, where trusted.* is not to be set: its attributes are called user.* then. */
  userxattr?: boolean
}

/**
 * What mount(2) is told. Three inventions of the overlay's are switched off, whatever this
 * kernel's default is, because with them `upper` alone would not be what was changed:
 *
 *   metacopy      after chmod(1) it would hold a file without its content
 *   redirect_dir  a renamed directory would be a pointer to where it came from; without it,
 *                 rename(2) says EXDEV and mv(1) copies. Not merely `off`: a layer that
 *                 comes from elsewhere may bring such a pointer, and it must lead nowhere
 *   index         ties `upper` to these very lowers, so that a layer put together anew is
 *                 refused (ESTALE)
 */
export function overlayOptions({ lowers, upper, work, userxattr = false }: OverlayLayers): string {
  return [
    `lowerdir=${lowers.map(escapeOption).join(':')}`,
    ...(upper === undefined ? [] : [`upperdir=${escapeOption(upper)}`]),
    ...(work === undefined ? [] : [`workdir=${escapeOption(work)}`]),
    'index=off,redirect_dir=nofollow,metacopy=off',
    ...(userxattr ? ['userxattr'] : []),
  ].join(',')
}

/** Not recursive: where no directory can be made at all, as in /proc, Node's recursion never ends. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path)
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return
    throw new EngineError('invalid', `make the directory ${path} for a layer`, { cause })
  }
}

/** Commas part the options, colons the layers; a backslash before them takes that meaning away. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, String.raw`\$&`)
}
