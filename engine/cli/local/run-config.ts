// From the flags of `tocker run --rootfs` to config.json: a few lines of what
// engine/daemon/container/oci-spec.ts does for a container of an image. Pure.
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
  workdir?: string
  env: readonly (readonly [name: string, value: string])[]
  network: 'none' | 'host'
  readOnly: boolean
}

export interface RunRequest extends RunFlags {
  id: string
  /** Absolute. */
  rootfs: string
  command: readonly string[]
  /** Our own standard input and output are a terminal. */
  terminal: boolean
  /** The kernel can limit swap. */
  countsSwap: boolean
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function runConfig(request: RunRequest): Config {
  const { rootfs, command, terminal, network, readOnly } = request
  const hostname = request.hostname ?? request.id.slice(0, 12)
  return {
    ociVersion: '1.2.0',
    root: { path: rootfs, readonly: readOnly },
    hostname,
    process: {
      terminal,
      user: { uid: 0, gid: 0 },
      args: [...command],
      cwd: request.workdir ?? '/',
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

/** Of what is named twice, the last counts. */
function environment({ env, terminal }: RunRequest, hostname: string): string[] {
  const all = new Map([
    ['PATH', path],
    ['HOME', '/root'],
    ['HOSTNAME', hostname],
  ])
  if (terminal) all.set('TERM', process.env.TERM ?? 'xterm')
  for (const [name, value] of env) all.set(name, value)
  return [...all].map(([name, value]) => `${name}=${value}`)
}
