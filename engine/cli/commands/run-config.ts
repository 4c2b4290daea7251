// From the flags of `tocker run` to config.json: what Docker's daemon does for
// `docker run`. Pure.
//
// The defaults are Docker's: fourteen capabilities, its seccomp profile, its
// mounts, masked paths. What a flag says comes on top.
//
// Next: engine/libcontainer/run.ts
import type { Config } from '../../libcontainer/config/config.ts'
import type { Namespace } from '../../libcontainer/config/linux.ts'
import type { DeviceRule, Resources } from '../../libcontainer/config/resources.ts'
import { defaultSeccomp } from '../../libcontainer/default-seccomp.ts'
import {
  capabilitySets,
  defaultCapabilities,
  defaultMaskedPaths,
  defaultMounts,
  defaultReadonlyPaths,
} from '../../libcontainer/defaults.ts'

export interface RunFlags {
  /** Bytes. */
  memory?: number
  pidsLimit?: number
  hostname?: string
  workdir: string
  env: Record<string, string>
  network: 'none' | 'host'
  readOnly?: boolean
}

export interface RunRequest extends RunFlags {
  id: string
  /** Absolute. */
  rootfs: string
  command: string[]
  /** Our own standard input and output are a terminal. */
  terminal: boolean
  /** The kernel can limit swap. */
  countsSwap: boolean
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function runConfig(request: RunRequest): Config {
  const { rootfs, command, terminal, network, readOnly = false } = request
  const hostname = request.hostname ?? request.id
  return {
    ociVersion: '1.2.0',
    root: { path: rootfs, readonly: readOnly },
    hostname,
    process: {
      terminal,
      user: { uid: 0, gid: 0 },
      args: command,
      cwd: request.workdir,
      env: environment(request, hostname),
      capabilities: capabilitySets(defaultCapabilities),
    },
    // The host's network has the host's /sys, which a container does not get.
    mounts: defaultMounts.filter(({ type }) => network === 'none' || (type !== 'sysfs' && type !== 'cgroup')),
    linux: {
      namespaces: namespaces(network),
      resources: resources(request),
      seccomp: defaultSeccomp(defaultCapabilities),
      maskedPaths: [...defaultMaskedPaths],
      readonlyPaths: [...defaultReadonlyPaths],
    },
  }
}

function namespaces(network: RunFlags['network']): Namespace[] {
  const types: Namespace['type'][] = ['mount', 'uts', 'ipc', 'pid', 'cgroup']
  return [...types, ...(network === 'none' ? (['network'] as const) : [])].map((type) => ({ type }))
}

function resources({ memory, pidsLimit, countsSwap }: RunRequest): Resources {
  return {
    // Memory and swap together: the same number leaves no swap. With more the rest
    // would go there, and the limit look as if it did not work. Some kernels of v1
    // do not count swap (swapaccount=0): there it cannot be limited.
    ...(memory === undefined ? {} : { memory: { limit: memory, ...(countsSwap ? { swap: memory } : {}) } }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
    devices: defaultDeviceRules,
  }
}

/** Docker's: nodes may be made, and none opened but those that every program has. */
const defaultDeviceRules: DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...(
    [
      [1, 3],
      [1, 5],
      [1, 7],
      [1, 8],
      [1, 9],
      [5, 0],
      [5, 1],
      [5, 2],
    ] as const
  ).map(([major, minor]) => ({ allow: true, type: 'c' as const, major, minor, access: 'rwm' })),
  // Terminals.
  { allow: true, type: 'c', major: 136, access: 'rwm' },
]

function environment({ env, terminal }: RunRequest, hostname: string): string[] {
  const term: Record<string, string> = terminal ? { TERM: process.env.TERM ?? 'xterm' } : {}
  const all = { PATH: path, HOME: '/root', HOSTNAME: hostname, ...term, ...env }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}
