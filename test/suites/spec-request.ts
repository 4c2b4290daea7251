// One container with every fact made up, for the tests of oci-spec.ts.
import { tmpdir } from 'node:os'
import { type ContainerConfig, configSchema } from '../../engine/api/container-config.ts'
import { type HostConfig, hostConfigSchema } from '../../engine/api/host-config.ts'
import { type HostFacts, ociSpec, type SpecRequest } from '../../engine/daemon/container/oci-spec.ts'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import { capabilityNames } from '../../engine/libcontainer/config/names.ts'

export const sda = {
  type: 'b',
  path: '/dev/sda',
  major: 8,
  minor: 0,
  fileMode: 0o660,
  uid: 0,
  gid: 6,
} as const
const host: HostFacts = {
  cgroupVersion: 2,
  countsSwap: true,
  capabilities: capabilityNames,
  cgroupParent: '/tocker',
  arch: 'x64',
  kernel: '6.1.0-18-amd64',
  devicesAt: (path) =>
    path === '/dev/sda'
      ? [sda]
      : path === '/dev/snd'
        ? [{ ...sda, type: 'c', path: '/dev/snd/seq', major: 116, minor: 1 }]
        : [],
  hostDevices: () => [sda],
  deviceNumbers: (path) => (path === '/dev/sda' ? { major: 8, minor: 0 } : undefined),
  hasSysctl: () => true,
  initPath: '/usr/bin/tini',
  defaultUlimits: [],
  files: [{ destination: '/etc/hosts', source: '/var/x/hosts' }],
  sharedMemory: undefined,
  knowsRro: true,
  pidOf: (container) => (container === 'other' ? 4711 : 1),
}

interface Wanted {
  config?: ContainerConfig
  points?: SpecRequest['mountPoints']
  host?: Partial<HostFacts>
}

export function spec(
  hostConfig: HostConfig = {},
  { config = {}, points = [], host: facts = {} }: Wanted = {},
): Config {
  return ociSpec(
    {
      id: 'f'.repeat(64),
      rootfs: tmpdir(),
      path: 'sh',
      args: ['-c', 'x'],
      config: configSchema.parse(config),
      hostConfig: hostConfigSchema.parse(hostConfig),
      mountPoints: points,
      user: { uid: 0, gid: 0 },
    },
    { ...host, ...facts },
  )
}

export const mountOf = (config: Config, destination: string) =>
  config.mounts?.find((one) => one.destination === destination)
export const namespacesIn = (config: Config) =>
  Object.fromEntries((config.linux?.namespaces ?? []).map(({ type, path }) => [type, path ?? 'new']))
