// The config.json that `spec` prints: a shell with few rights, to be edited.
//
// What stands in it is what runc's has, so that recipes for the one fit the
// other: three capabilities, a read-only root, five namespaces, and the files of
// /proc and /sys that speak of the whole machine hidden or read-only.
import type { Config } from './config.ts'
import { specVersion } from './names.ts'
import { standardMounts, strict } from './standard-mounts.ts'

export interface ExampleOptions {
  /** For a user who is not root: ids mapped, nothing that only root may ask for. */
  rootless?: { uid: number; gid: number }
  /** On cgroup v2 a container can have a cgroup tree of its own; on v1 it would see the host's paths. */
  cgroupNamespace: boolean
}

const rights = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']

export function exampleConfig({ rootless, cgroupNamespace }: ExampleOptions): Config {
  return {
    ociVersion: specVersion,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: rights, effective: rights, permitted: rights },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'tocker',
    mounts: mounts(rootless !== undefined),
    linux: {
      // Access to all devices denied; the runtime adds those that every container has.
      ...(rootless ? mappings(rootless) : { resources: { devices: [{ allow: false, access: 'rwm' }] } }),
      namespaces: [
        { type: 'pid' },
        // A network of one's own that nobody can connect is of no use without root.
        ...(rootless ? [] : [{ type: 'network' } as const]),
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        ...(cgroupNamespace ? [{ type: 'cgroup' } as const] : []),
        ...(rootless ? [{ type: 'user' } as const] : []),
      ],
      maskedPaths: [
        '/proc/acpi',
        '/proc/asound',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/timer_list',
        '/proc/timer_stats',
        '/proc/sched_debug',
        '/sys/firmware',
        '/proc/scsi',
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  }
}

/** One id each: without newuidmap(1), a user may map no more than their own. */
function mappings({ uid, gid }: { uid: number; gid: number }) {
  return {
    uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
  }
}

function mounts(rootless: boolean): NonNullable<Config['mounts']> {
  const pts = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']
  return [
    { destination: '/proc', type: 'proc', source: 'proc' },
    standardMounts.dev,
    // Group 5 is tty on most systems; in a user namespace of one id it is nobody: EINVAL.
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: rootless ? pts : [...pts, 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...strict, 'mode=1777', 'size=65536k'],
    },
    standardMounts.mqueue,
    // sysfs shows the network namespace that its mounter owns; who owns none may only bind the host's.
    rootless
      ? { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', ...strict, 'ro'] }
      : standardMounts.sys,
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...strict, 'relatime', 'ro'],
    },
  ]
}
