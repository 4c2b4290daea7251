// How "/" stops being the host's "/".
//
// Runs in init, inside a new mount namespace. New does not mean empty: it is a
// copy of the host's mount table, and until enterRootfs() returns every host
// file is still in plain sight.
//
// Everything here is synchronous on purpose. A namespace belongs to a thread;
// `await fs.readFile()` may run on a libuv thread that never left the host.
//
// Next: engine/libcontainer/mounts.ts
import { MNT_DETACH, MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, MS_SLAVE } from '../syscalls/flags.ts'
import { mount, pivotRoot, umount2 } from '../syscalls/mount.ts'
import { chdir } from '../syscalls/process.ts'

// #region enter-rootfs
/** Makes `rootfs` the `/` of this mount namespace, and lets go of the host's. */
export function enterRootfs(rootfs: string): void {
  // systemd mounts "/" shared, so our mounts would show up on the host.
  // Slave: the host's mounts reach us, ours never reach the host.
  // Skip this on a shared "/": pivot_root fails with EINVAL.
  mount({ target: '/', flags: MS_SLAVE | MS_REC })

  // The new root must be a mount of its own. Binding a directory onto itself
  // makes it one. Skip this: EBUSY, or EINVAL.
  mount({ source: rootfs, target: rootfs, flags: MS_BIND | MS_REC })

  // pivot_root(".", ".") stacks the old root on top of the new one, so the
  // image needs no empty directory to park it in.
  chdir(rootfs)
  pivotRoot('.', '.')

  // "." is the old root now. Dropping it is what makes the host unreachable;
  // chroot(2) has no such step, which is why root can walk out of a chroot.
  umount2('.', MNT_DETACH)
  chdir('/')
}
// #endregion enter-rootfs

/** No more writes to the root filesystem. After the mounts: their mount points may have to be made first. */
export function makeRootReadonly(): void {
  mount({ target: '/', flags: MS_BIND | MS_REMOUNT | MS_RDONLY })
}
