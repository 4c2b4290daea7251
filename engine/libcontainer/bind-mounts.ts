// Bind mounts: a directory or a file of the host's, seen from inside.
//
// mount(2) does it in two steps: MS_BIND attaches the tree with the flags that it
// has on the host, MS_REMOUNT then changes them. In between, a read-only mount is
// writable, and the second step finds its target by path, once more. So the new
// calls: open_tree(2) copies the tree into a descriptor, mount_setattr(2) changes
// it while nobody sees it, move_mount(2) attaches it as it shall be.
//
// Next: engine/libcontainer/cgroup-mounts.ts
import { closeSync, fstatSync } from 'node:fs'
import { posix } from 'node:path'
import { EngineError } from '../errors.ts'
import { MS_REC, MS_REMOUNT } from '../syscalls/flags.ts'
import { cloneTree, mountSetattr, moveMount } from '../syscalls/mount.ts'
import { type MountOptions, mountAttributesOf } from './mount-options.ts'
import type { Task } from './mounts.ts'
import { guardProc } from './proc-guard.ts'
import { resolveInRoot } from './resolve.ts'

/** @returns warnings */
export function bindMount(task: Task): string[] {
  const { entry, options, rootfs } = task
  const warnings = options.data.map((word) => `a bind mount has no option ${word}: it is ignored`)
  if (options.set & MS_REMOUNT) {
    using target = resolveInRoot(rootfs, entry.destination, { create: false })
    setAttributes(target.fd, options)
    return warnings
  }
  // #region bind
  const tree = task.tree ?? openSource(task)
  try {
    setAttributes(tree, options)
    const kind = fstatSync(tree).isDirectory() ? 'directory' : 'file'
    using target = resolveInRoot(rootfs, entry.destination, { create: kind })
    // The kernel's word for it is ENOTDIR, which says nothing of whose fault it is.
    if (fstatSync(target.fd).isDirectory() !== (kind === 'directory'))
      throw new EngineError('invalid', `the source is a ${kind}, and the destination is not`)
    guardProc(target, rootfs, `/proc/self/fd/${tree}`)
    moveMount(tree, target.fd, entry.destination)
  } finally {
    closeSync(tree)
  }
  // #endregion bind
  return warnings
}

/** The copy of the source. Its mounts keep the flags that they have, and their propagation. */
function openSource({ entry, options, context }: Task): number {
  if (options.idmap)
    throw new EngineError('internal', 'owners are mapped by the host’s half, which has not done so')
  if (!entry.source) throw new EngineError('invalid', 'it has no source')
  return cloneTree(posix.resolve(context.bundle ?? '/', entry.source), (options.set & MS_REC) !== 0)
}

/** `ro` is for the mount itself, `rro` for those below it too; both before anybody can look. */
function setAttributes(fd: number, options: MountOptions): void {
  const own = mountAttributesOf(options)
  const below = mountAttributesOf(options.recursive)
  if (own.set || own.clear) mountSetattr(fd, own)
  if (below.set || below.clear) mountSetattr(fd, below, true)
  for (const kind of options.propagation)
    mountSetattr(fd, { propagation: kind & ~MS_REC }, (kind & MS_REC) !== 0)
}
