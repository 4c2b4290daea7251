// How "/" stops being the host's "/".
//
// Runs in init, inside a new mount namespace. New does not mean empty: it is a
// copy of the host's mount table, and until enterRootfs() returns every host
// file is still in plain sight.
//
//   prepareRootfs()   nothing that we mount reaches the host
//     mounts.ts, devices.ts: everything is mounted under the root filesystem
//   enterRootfs()     the root filesystem becomes "/", and the host is gone
//     sysctl.ts, hidden-paths.ts: what the container must not change or see
//   finishRootfs()    read-only, where that was asked for
//
// Everything here is synchronous on purpose. A namespace belongs to a thread;
// `await fs.readFile()` may run on a libuv thread that never left the host.
//
// Next: engine/libcontainer/mounts.ts
import { closeSync, constants, openSync, realpathSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import {
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_MOVE,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from '../syscalls/flags.ts'
import { chroot, fchdir, mount, mountSetattr, pivotRoot, umount2 } from '../syscalls/mount.ts'
import { mountAt, readMountinfo } from '../syscalls/mountinfo.ts'
import { chdir } from '../syscalls/process.ts'
import type { Mount } from './config/linux.ts'
import { propagationWords } from './mount-options.ts'
import { sealMounts } from './mounts.ts'

/**
 * Makes `rootfs` a mount of its own, of which the host hears nothing.
 * @param propagation `linux.rootfsPropagation`; left out, `rslave`
 */
export function prepareRootfs(rootfs: string, propagation?: string): void {
  const path = realpathSync(rootfs)
  const initial = initialPropagation(propagation)
  try {
    // #region prepare-rootfs
    // systemd mounts "/" shared, so our mounts would show up on the host.
    // Slave: the host's mounts reach us, ours never reach the host. `shared` is for
    // volumes whose mounts the host is meant to see.
    // Skip this on a shared "/": pivot_root fails with EINVAL.
    mount({ target: '/', flags: initial })

    // The directory's own mount may still be shared, if it was asked for so. What we
    // do next must not appear on the host, and pivot_root refuses a shared parent.
    // A slave is left alone: it would stop hearing of the host's mounts.
    // After `rslave` and `rprivate`, none is shared, and there is nothing to look for.
    const parent = endsSharing(initial) ? undefined : mountAt(path, readMountinfo())
    if (parent?.optional.some((field) => field.startsWith('shared:')))
      mount({ target: parent.where, flags: MS_PRIVATE })

    // The new root must be a mount of its own. Binding a directory onto itself
    // makes it one. Skip this: EBUSY, or EINVAL.
    mount({ source: path, target: path, flags: MS_BIND | MS_REC })
    // #endregion prepare-rootfs
  } catch (cause) {
    throw new EngineError('invalid', `make the root filesystem ${path} a mount`, { cause })
  }
}

function initialPropagation(word: string | undefined): number {
  const flags = propagationWords[word || 'rslave'] ?? MS_SLAVE | MS_REC
  // What is unbindable cannot be bound: the root filesystem becomes it at the end.
  return flags & MS_UNBINDABLE ? (flags & MS_REC) | MS_PRIVATE : flags
}

const endsSharing = (propagation: number): boolean =>
  (propagation & MS_REC) !== 0 && (propagation & MS_SHARED) === 0

// #region enter-rootfs
/** Makes `rootfs` the `/` of this mount namespace, and lets go of the host's. */
export function enterRootfs(rootfs: string, options: { noPivot?: boolean } = {}): void {
  if (options.noPivot) {
    moveRootfs(rootfs)
    return
  }
  const host = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY)

  // pivot_root(".", ".") stacks the old root on top of the new one, so the
  // image needs no empty directory to park it in.
  chdir(rootfs)
  pivotRoot('.', '.')

  // Unmounting the host's mounts must not unmount them on the host.
  fchdir(host)
  mount({ target: '.', flags: MS_SLAVE | MS_REC })

  // Dropping the old root is what makes the host unreachable; chroot(2) has no
  // such step, which is why root can walk out of a chroot.
  umount2('.', MNT_DETACH)
  chdir('/')
  closeSync(host)
}
// #endregion enter-rootfs

/**
 * For a host whose "/" is the initramfs, which pivot_root(2) refuses (EINVAL):
 * the root filesystem is moved over "/". The host stays mounted underneath.
 */
function moveRootfs(rootfs: string): void {
  const path = realpathSync(rootfs)
  const mounts = readMountinfo()
  // Underneath there is a whole proc and a whole sys, and wherever one is to be
  // found the kernel lets a user namespace mount another, without what masks ours.
  for (const { where, root, type } of mounts.reverse()) {
    const inside = where === path || where.startsWith(`${path}/`)
    if (root === '/' && ['proc', 'sysfs'].includes(type) && !inside) coverOrDrop(where)
  }
  chdir(path)
  mount({ source: path, target: '/', flags: MS_MOVE })
  chroot('.')
  chdir('/')
}

function coverOrDrop(where: string): void {
  try {
    mount({ target: where, flags: MS_SLAVE | MS_REC })
    umount2(where, MNT_DETACH)
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    // It went with the mount that it was in.
    if (error.code === 'ENOENT') return
    // In a user namespace the host's mounts are locked (EINVAL, EPERM).
    mount({ source: 'tmpfs', target: where, type: 'tmpfs' })
  }
}

/**
 * Seals what had to be writable until now.
 * @param options.propagation of the container's "/", as later mounts in it see it: `linux.rootfsPropagation`
 * @param options.mounts of config.json: those that are read-only
 */
export function finishRootfs(options: {
  readonly: boolean
  propagation?: string | undefined
  mounts: readonly Mount[]
}): void {
  sealMounts(options.mounts)
  // After the mounts: their mount points may have to be made first.
  if (options.readonly) mountSetattr('/', { set: MOUNT_ATTR_RDONLY })
  // Of "/" alone, even for `rshared`: the mounts below it say for themselves what they are.
  const propagation = propagationWords[options.propagation ?? '']
  if (propagation !== undefined) mountSetattr('/', { propagation: propagation & ~MS_REC })
}
