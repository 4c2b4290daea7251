// What every container has mounted: /proc, /sys, /dev and what belongs below it.
//
// Runs in init, after enterRootfs(). That order is a decision: from here on every
// path, and every symbolic link that an image planted in place of /proc or /dev,
// leads to somewhere inside the container. A runtime that mounts before it pivots
// must resolve each path by hand (CVE-2019-19921 is what happens otherwise).
//
// The list is the one of the OCI runtime specification, config-linux.md
// "Default Filesystems".
//
// Next: engine/libcontainer/devices.ts
import { existsSync, mkdirSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT } from '../syscalls/flags.ts'
import { type MountCall, mount } from '../syscalls/mount.ts'

const strict = MS_NOSUID | MS_NODEV | MS_NOEXEC

// #region default-mounts
const defaultMounts: readonly (MountCall & { type: string })[] = [
  // Shows the PID namespace of whoever mounts it. The host's /proc would show the host.
  { source: 'proc', target: '/proc', type: 'proc', flags: strict },
  { source: 'tmpfs', target: '/dev', type: 'tmpfs', flags: MS_NOSUID, data: 'mode=755,size=65536k' },
  // newinstance: terminals of this container, numbered from 0, that nobody else can open.
  {
    source: 'devpts',
    target: '/dev/pts',
    type: 'devpts',
    flags: MS_NOSUID | MS_NOEXEC,
    data: 'newinstance,ptmxmode=0666,mode=0620',
  },
  { source: 'shm', target: '/dev/shm', type: 'tmpfs', flags: strict, data: 'mode=1777,size=65536k' },
  { source: 'mqueue', target: '/dev/mqueue', type: 'mqueue', flags: strict },
]
// #endregion default-mounts

/** Mounts the defaults, making mount points that the image lacks. */
export function mountDefaults(network: 'none' | 'host'): void {
  for (const entry of defaultMounts) mountAt(entry)
  // sysfs shows the network namespace of whoever mounts it, so the kernel lets
  // only the owner of one mount it. Sharing the host's network: its /sys stays out.
  if (network === 'none')
    mountAt({ source: 'sysfs', target: '/sys', type: 'sysfs', flags: strict | MS_RDONLY })
}

function mountAt(entry: MountCall & { type: string }): void {
  try {
    mkdirSync(entry.target, { recursive: true })
    mount(entry)
  } catch (cause) {
    throw new EngineError('invalid', `mount ${entry.type} on ${entry.target}`, { cause })
  }
}

// Files of /proc that speak of the whole machine, or change it (Docker's list).
const maskedFiles = ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sched_debug']
const maskedDirectories = ['/proc/acpi', '/proc/scsi', '/sys/firmware']
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** Hides what no namespace divides: /dev/null over files, an empty tmpfs over directories. */
export function maskPaths(): void {
  for (const target of maskedFiles) {
    if (existsSync(target)) mount({ source: '/dev/null', target, flags: MS_BIND })
  }
  for (const target of maskedDirectories) {
    if (existsSync(target))
      mount({ source: 'tmpfs', target, type: 'tmpfs', flags: MS_RDONLY, data: 'size=0k' })
  }
  for (const target of readonlyPaths) {
    if (!existsSync(target)) continue
    mount({ source: target, target, flags: MS_BIND | MS_REC })
    mount({ target, flags: MS_BIND | MS_REMOUNT | MS_RDONLY | strict })
  }
}
