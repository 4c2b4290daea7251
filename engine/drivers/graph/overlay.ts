// Copy-on-write by the kernel's overlay file system: a directory that nobody
// writes below, one that takes every write above, and the view of both.
//
//   merged   what the container sees as "/"
//   upper    what it wrote: new files, changed copies, whiteouts for what it deleted
//   lower    the root filesystem, or its layers, untouched
//
// Called by `tocker run --layer`. What the kernel does on a write is in
// https://docs.kernel.org/filesystems/overlayfs.html
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
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
  const lowerdir = lowers.map(escape).join(':')
  const data = `lowerdir=${lowerdir},upperdir=${escapeOption(upper)},workdir=${escapeOption(work)}`
  try {
    mount({ source: 'overlay', target: merged, type: 'overlay', data })
  } catch (cause) {
    throw new EngineError('unavailable', `mount the layers in ${directory} as an overlay`, { cause })
  }
  return merged
}
// #endregion mount-overlay

/** Not recursive: where no directory can be made at all, as in /proc, Node's recursion never ends. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return
    throw new EngineError('invalid', `make the directory ${path} for a layer`, { cause })
  }
}

/** Commas part the options, colons the layers; a backslash before them takes that meaning away. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, String.raw`\$&`)
}
