// What every container has mounted, unless its config.json says otherwise, and
// what of it is hidden. `tocker run` and `tocker-runtime spec` begin with these.
//
// OCI runtime specification, config-linux.md "Default Filesystems"; the sizes and
// the hidden paths are Docker's.
//
// Next: engine/libcontainer/mounts.ts
import type { Mount } from './config/linux.ts'

const strict = ['nosuid', 'noexec', 'nodev']

// #region default-mounts
export const defaultMounts: readonly Mount[] = [
  // Shows the PID namespace of whoever mounts it. The host's /proc would show the host.
  { destination: '/proc', type: 'proc', source: 'proc', options: strict },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  // newinstance: terminals of this container, numbered from 0, that nobody else can open.
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: [...strict, 'mode=1777', 'size=65536k'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: strict },
  // Shows the network namespace of whoever mounts it.
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...strict, 'ro'] },
]
// #endregion default-mounts

/** Files of /proc and /sys that speak of the whole machine. */
export const defaultMaskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]

/** Those that change it. */
export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]
