// What a container has when nobody says otherwise: Docker's choices.
//
// Whoever makes a config.json from flags starts here: `tocker run`, and the
// daemon. The runtime itself adds nothing: it does what config.json says.
//
// Next: engine/libcontainer/default-seccomp.ts
import type { Mount } from './config/linux.ts'
import type { Capabilities } from './config/process.ts'
import { standardMounts, strict } from './config/standard-mounts.ts'

/** Fourteen of forty-one: enough for packages to install and servers to listen, and nothing about the host. */
export const defaultCapabilities: readonly string[] = [
  // Other people's files, within the container: who owns them, and past their mode.
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  // Device nodes; which of them work is for the cgroup to say.
  'CAP_MKNOD',
  'CAP_NET_RAW',
  // To become other users, as every server that drops root does.
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
]

/**
 * The five sets for a list. Inheritable and ambient stay empty: a program that is
 * not root gets nothing from its parent (CVE-2022-24769 was Docker doing otherwise).
 */
export function capabilitySets(names: readonly string[]): Capabilities {
  return { bounding: [...names], effective: [...names], permitted: [...names] }
}

/** Files of the kernel that speak of the whole machine: hidden. */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]

/** Files of the kernel that change the whole machine: read-only. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

/** In this order: what is mounted below something comes after it. */
export const defaultMounts: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: strict },
  standardMounts.dev,
  {
    // gid=5 is `tty` on all distributions: terminals belong to that group.
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  standardMounts.sys,
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', ...strict] },
  // #region ipc-mounts
  // An ipc namespace hides queues from the kernel's calls; the directory that shows
  // them is a mount, and a mount shows the namespace that it was made in.
  standardMounts.mqueue,
  {
    // POSIX shared memory is files in a tmpfs: only the mount keeps it apart.
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: [...strict, 'mode=1777', 'size=67108864'],
  },
  // #endregion ipc-mounts
]
