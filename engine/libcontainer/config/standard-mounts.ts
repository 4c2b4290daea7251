// File systems that every container has alike, whoever writes its config.json:
// what `spec` prints (example.ts), and what `tocker run` begins with (defaults.ts).
// How /proc, /dev/pts, /dev/shm and cgroups are mounted is for each to say.
import type { Mount } from './linux.ts'

/** Nothing in there is a program, a device, or gives anybody rights. */
export const strict = ['nosuid', 'noexec', 'nodev']

export const standardMounts = {
  /** Empty: makeDevices() puts in what is needed. */
  dev: {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  mqueue: { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: strict },
  sys: { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...strict, 'ro'] },
} satisfies Record<string, Mount>
