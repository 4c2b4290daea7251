// What `ps` and `inspect` say of a record: pure, but for what is passed in.

import { join } from 'node:path'
import type { ContainerInspect, ContainerMount, ContainerSummary } from '../../api/container.ts'
import type { InspectHealth } from '../../api/container-inspect.ts'
import { defaultShmSize } from '../../api/host-config.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../libcontainer/defaults.ts'
import { endpointsInspect, type NetworkFacts, portList, portMap } from '../network/describe.ts'
import { linksOf } from '../network/names.ts'
import { type ContainerRecord, inspectState, type MountPoint } from './record.ts'

/** How long, as go-units has it: `5 minutes`, `About an hour`. */
export type Spell = (seconds: number) => string

export function summaryOf(
  record: ContainerRecord,
  spell: Spell,
  health: InspectHealth | undefined,
  network: NetworkFacts,
  now = Date.now(),
): ContainerSummary {
  const { id, name, config, hostConfig, state, path, args } = record
  return {
    Id: id,
    Names: [`/${name}`],
    Image: config.Image ?? '',
    ImageID: record.imageId,
    Command: [path, ...args.map(quoted)].join(' '),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portList(record, network.endpoints),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: statusOf(record, spell, now) + healthWords(record, health),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? 'none',
      ...(hostConfig.Annotations ? { Annotations: hostConfig.Annotations } : {}),
    },
    NetworkSettings: { Networks: endpointsInspect(record, network) },
    Mounts: record.mountPoints.map(mountOf),
  }
}

/** Behind `Up 5 minutes`, while somebody looks. */
function healthWords({ state }: ContainerRecord, health: InspectHealth | undefined): string {
  if (state.status !== 'running' || health === undefined || health.Status === 'none') return ''
  return health.Status === 'starting' ? ' (health: starting)' : ` (${health.Status})`
}

/** A word with spaces shows as one. */
function quoted(word: string): string {
  return word.includes(' ') ? `'${word}'` : word
}

/** Docker's words. */
function statusOf({ state, created }: ContainerRecord, spell: Spell, now: number): string {
  const since = (time: string): string => spell((now - Date.parse(time)) / 1000)
  switch (state.status) {
    case 'running':
      return `Up ${since(state.startedAt)}`
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
    case 'created':
      return 'Created'
    default:
      return `Exited (${state.exitCode}) ${since(state.finishedAt.startsWith('0001') ? created : state.finishedAt)} ago`
  }
}

function mountOf(point: MountPoint): ContainerMount {
  const { type, name, driver, source, destination, mode, writable, propagation } = point
  return {
    ...{ Type: type, Source: source, Destination: destination, Mode: mode },
    ...(name === undefined ? {} : { Name: name }),
    ...(driver === undefined ? {} : { Driver: driver }),
    ...{ RW: writable, Propagation: propagation },
  }
}

export interface InspectFacts {
  /** Where the daemon keeps the container's files. */
  directory: string
  logPath: string
  driver: ContainerInspect['GraphDriver']
  execs: readonly string[]
  health: InspectHealth | undefined
  network: NetworkFacts
  size?: { rw: number; rootFs: number }
}

export function inspectOf(record: ContainerRecord, facts: InspectFacts): ContainerInspect {
  const { id, name, config, hostConfig, state } = record
  const hasStarted = !state.startedAt.startsWith('0001')
  const file = (one: string): string => (hasStarted ? join(facts.directory, one) : '')
  return {
    Id: id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: { ...inspectState(record), ...(facts.health === undefined ? {} : { Health: facts.health }) },
    Image: record.imageId,
    ResolvConfPath: file('resolv.conf'),
    HostnamePath: file('hostname'),
    HostsPath: file('hosts'),
    LogPath: hasStarted ? facts.logPath : '',
    Name: `/${name}`,
    RestartCount: record.restartCount,
    Driver: facts.driver.Name,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: facts.execs.length === 0 ? null : [...facts.execs],
    HostConfig: { ...hostDefaults, ...pathsOf(hostConfig), ...present(hostConfig), ...chosen(record) },
    GraphDriver: facts.driver,
    ...(facts.size === undefined ? {} : { SizeRw: facts.size.rw, SizeRootFs: facts.size.rootFs }),
    Mounts: record.mountPoints.map(mountOf),
    Config: { ...configDefaults, ...present(config), Hostname: config.Hostname || id.slice(0, 12) },
    NetworkSettings: networkSettings(record, facts.network),
  }
}

/** The fields of the default network stand here a second time, from when there was no other. */
function networkSettings(record: ContainerRecord, network: NetworkFacts): Record<string, unknown> {
  const Networks = endpointsInspect(record, network)
  const { pid } = record.state
  const own = record.hostConfig.NetworkMode !== 'host' && pid !== 0
  const { bridge } = Networks
  return {
    ...{ Bridge: '', SandboxID: own ? record.id : '', SandboxKey: own ? `/proc/${pid}/ns/net` : '' },
    ...{ Ports: portMap(record, network.endpoints), HairpinMode: false, LinkLocalIPv6Address: '' },
    ...{ LinkLocalIPv6PrefixLen: 0, SecondaryIPAddresses: null, SecondaryIPv6Addresses: null },
    ...{ EndpointID: bridge?.EndpointID ?? '', Gateway: bridge?.Gateway ?? '' },
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    ...{ IPAddress: bridge?.IPAddress ?? '', IPPrefixLen: bridge?.IPPrefixLen ?? 0 },
    ...{ IPv6Gateway: bridge?.IPv6Gateway ?? '', MacAddress: bridge?.MacAddress ?? '', Networks },
  }
}

/** What nobody asked for reads as Go's zero value, and not as absent: clients count on the fields. */
const configDefaults = {
  ...{ Domainname: '', User: '', AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false },
  ...{ OpenStdin: false, StdinOnce: false, Env: [], Cmd: null, Image: '', Volumes: null, WorkingDir: '' },
  ...{ Entrypoint: null, OnBuild: null, Labels: {} },
}
const hostDefaults = {
  ...{ Binds: null, ContainerIDFile: '', LogConfig: { Type: 'json-file', Config: {} }, NetworkMode: 'none' },
  ...{
    PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: '',
  },
  ...{
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: null,
    CapDrop: null,
    CgroupnsMode: 'private',
    Dns: [],
  },
  ...{ DnsOptions: [], DnsSearch: [], ExtraHosts: null, GroupAdd: null, IpcMode: 'private', Cgroup: '' },
  ...{
    Links: null,
    OomScoreAdj: 0,
    PidMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
  },
  ...{
    SecurityOpt: null,
    UTSMode: '',
    UsernsMode: '',
    ShmSize: defaultShmSize,
    Runtime: 'tocker',
    Isolation: '',
  },
  ...{ CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: '', BlkioWeight: 0, BlkioWeightDevice: [] },
  ...{ BlkioDeviceReadBps: [], BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [] },
  ...{
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: '',
    CpusetMems: '',
  },
  ...{ Devices: [], DeviceCgroupRules: null, DeviceRequests: null, MemoryReservation: 0, MemorySwap: 0 },
  ...{
    MemorySwappiness: null,
    OomKillDisable: false,
    PidsLimit: null,
    Ulimits: [],
    CpuCount: 0,
    CpuPercent: 0,
  },
  ...{ IOMaximumIOps: 0, IOMaximumBandwidth: 0 },
}

/** Paths of /proc and /sys that it does not see, or cannot change. */
function pathsOf({ Privileged }: ContainerRecord['hostConfig']): Record<string, unknown> {
  return Privileged
    ? { MaskedPaths: null, ReadonlyPaths: null }
    : { MaskedPaths: defaultMaskedPaths, ReadonlyPaths: defaultReadonlyPaths }
}

/** What the client leaves empty, and the daemon has chosen. */
function chosen(record: ContainerRecord): Record<string, unknown> {
  const { hostConfig, name } = record
  const links = linksOf(record, hostConfig.NetworkMode ?? '')
  return {
    Links: links.length === 0 ? null : links.map(({ target, alias }) => `/${target}:/${name}/${alias}`),
    LogConfig: {
      Type: hostConfig.LogConfig?.Type || 'json-file',
      Config: hostConfig.LogConfig?.Config ?? {},
    },
    IpcMode: hostConfig.IpcMode || 'private',
    ShmSize: hostConfig.ShmSize || hostDefaults.ShmSize,
    // The client sends -1 and 0 for "no matter".
    MemorySwappiness: hostConfig.MemorySwappiness === -1 ? null : (hostConfig.MemorySwappiness ?? null),
    PidsLimit: hostConfig.PidsLimit || null,
  }
}

function present(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null))
}
