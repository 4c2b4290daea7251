// From what was asked for to config.json: all of `docker run`'s flags that are about the
// container itself, in one place. Pure: what it has to know of the machine is passed in.
//
//   Config, HostConfig   what the user and the image say (record.ts)
//   mount points         volumes and binds, with their places on the host
//   host facts           cgroup version, devices, pids of containers that are joined, …
//
// What comes out is plain OCI: our own libcontainer runs it as runc does.
//
// Next: engine/drivers/exec/native.ts
import { posix } from 'node:path'
import type { ContainerConfig } from '../../api/container-config.ts'
import type { HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { Config } from '../../libcontainer/config/config.ts'
import type { Device } from '../../libcontainer/config/linux.ts'
import { specVersion } from '../../libcontainer/config/names.ts'
import type { Process, User } from '../../libcontainer/config/process.ts'
import { capabilitySets, defaultMaskedPaths, defaultReadonlyPaths } from '../../libcontainer/defaults.ts'
import { environmentOf } from './merge-config.ts'
import { type DevicesAt, devicesOf } from './oci-devices.ts'
import { type MountFacts, mountsOf } from './oci-mounts.ts'
import { joined, mapsIds, type NamespaceFacts, namespacesOf } from './oci-namespaces.ts'
import { type DeviceNumbers, resourcesOf } from './oci-resources.ts'
import type { MountPoint } from './record.ts'
import { capabilitiesOf, parseSecurityOptions, seccompOf } from './security.ts'

/** What a config depends on and no user says. */
export interface HostFacts extends NamespaceFacts, MountFacts {
  countsSwap: boolean
  /** Those that can be given at all. */
  capabilities: readonly string[]
  /** Cgroup in which those of containers are: `/tocker`. */
  cgroupParent: string
  /** As Node names it, and uname(2)'s release. */
  arch: string
  kernel: string
  devicesAt: DevicesAt
  /** Every node of the host's /dev, for `--privileged`. */
  hostDevices: () => readonly Device[]
  deviceNumbers: DeviceNumbers
  /** Does the kernel have it? `net.ipv4.ping_group_range`. */
  hasSysctl: (name: string) => boolean
  /** The profile that containers get; undefined where AppArmor is not on. */
  apparmorProfile?: string
  /** The program of `--init`. */
  initPath?: string
  /** Of daemon.json: one for every container that does not say. */
  init?: boolean
  /** A seccomp profile's text, or `unconfined`; undefined: ours. */
  seccompProfile?: string
  noNewPrivileges?: boolean
  /** `default-ulimits` of daemon.json. */
  defaultUlimits: NonNullable<HostConfig['Ulimits']>
}

export interface SpecRequest {
  id: string
  /** Absolute: what becomes "/". */
  rootfs: string
  path: string
  args: readonly string[]
  /** The image's merged in, merge-config.ts. */
  config: ContainerConfig
  hostConfig: HostConfig
  mountPoints: readonly MountPoint[]
  /** By user.ts. */
  user: User
}

/** @throws EngineError `invalid` for what contradicts itself, or is not there */
export function ociSpec(request: SpecRequest, host: HostFacts): Config {
  const { id, rootfs, config, hostConfig } = request
  const capabilities = capabilitiesOf(hostConfig, host.capabilities)
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], host.noNewPrivileges)
  const privileged = hostConfig.Privileged ?? false
  const { mounts, rootfsPropagation } = mountsOf(hostConfig, request.mountPoints, host)
  const { devices, rules } = devicesOf(hostConfig, host.devicesAt, host.hostDevices)
  const seccomp = seccompOf(security.seccomp, privileged, host.seccompProfile, {
    capabilities,
    arch: host.arch,
    kernel: host.kernel,
  })
  const init = initOf(hostConfig, host)
  const hostname = config.Hostname || id.slice(0, 12)
  const apparmor = security.apparmor ?? (privileged ? 'unconfined' : host.apparmorProfile)
  return {
    ociVersion: specVersion,
    root: { path: rootfs, readonly: hostConfig.ReadonlyRootfs ?? false },
    // Whoever shares the host's names may not give it another.
    ...(hostConfig.UTSMode === 'host' ? {} : { hostname }),
    process: {
      ...processOf(request, hostname),
      args: [...init.words, request.path, ...request.args],
      capabilities: capabilitySets(capabilities),
      rlimits: rlimitsOf(hostConfig, host),
      noNewPrivileges: security.noNewPrivileges,
      ...(host.apparmorProfile === undefined || apparmor === undefined ? {} : { apparmorProfile: apparmor }),
      ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
    },
    mounts: [...mounts, ...init.mounts],
    ...(hostConfig.Annotations ? { annotations: hostConfig.Annotations } : {}),
    linux: {
      ...namespacesOf(hostConfig, host),
      cgroupsPath: posix.join(hostConfig.CgroupParent || host.cgroupParent, id),
      resources: { ...resourcesOf(hostConfig, host.deviceNumbers, host.countsSwap), devices: rules },
      devices,
      sysctl: sysctlsOf(config, hostConfig, host),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
      maskedPaths: privileged ? [] : [...(hostConfig.MaskedPaths ?? defaultMaskedPaths)],
      readonlyPaths: privileged ? [] : [...(hostConfig.ReadonlyPaths ?? defaultReadonlyPaths)],
    },
  }
}

function processOf({ config, hostConfig, user }: SpecRequest, hostname: string): Omit<Process, 'args'> {
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? []
  const terminal = config.Tty ?? false
  return {
    terminal,
    ...(terminal && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user,
    cwd: config.WorkingDir || '/',
    env: environmentOf(config, hostname),
  }
}

const initInside = '/sbin/docker-init'

/** A PID 1 that waits for orphans and passes on signals; whoever joins a PID namespace finds one there. */
function initOf(
  { Init, PidMode }: HostConfig,
  { init, initPath }: HostFacts,
): { words: string[]; mounts: NonNullable<Config['mounts']> } {
  if (!(Init ?? init) || PidMode === 'host' || joined(PidMode) !== undefined) return { words: [], mounts: [] }
  if (initPath === undefined)
    throw new EngineError('invalid', 'exec: "docker-init": executable file not found in $PATH')
  const mount = { destination: initInside, type: 'bind', source: initPath, options: ['bind', 'ro'] }
  return { words: [initInside, '--'], mounts: [mount] }
}

/** RLIM_INFINITY. JSON numbers round it; encode() writes it exactly. */
const infinity = 2 ** 64

function rlimitsOf({ Ulimits }: HostConfig, { defaultUlimits }: HostFacts): NonNullable<Process['rlimits']> {
  const own = Ulimits ?? []
  const names = new Set(own.map(({ Name }) => Name.toLowerCase()))
  const all = [...own, ...defaultUlimits.filter(({ Name }) => !names.has(Name.toLowerCase()))]
  const limit = (value: number): number => (value < 0 ? infinity : value)
  return all.map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: limit(Soft),
    hard: limit(Hard),
  }))
}

function sysctlsOf(
  { Domainname }: ContainerConfig,
  hostConfig: HostConfig,
  facts: HostFacts,
): Record<string, string> {
  const { NetworkMode, Sysctls } = hostConfig
  const { hasSysctl } = facts
  const ownNetwork = NetworkMode !== 'host' && joined(NetworkMode) === undefined
  const defaults: Record<string, string> = {
    // ping without CAP_NET_RAW, and servers on port 80 without being root.
    ...(mapsIds(hostConfig, facts) ? {} : { 'net.ipv4.ping_group_range': '0 2147483647' }),
    'net.ipv4.ip_unprivileged_port_start': '0',
  }
  return {
    ...(ownNetwork ? Object.fromEntries(Object.entries(defaults).filter(([name]) => hasSysctl(name))) : {}),
    ...(Domainname ? { 'kernel.domainname': Domainname } : {}),
    ...Sysctls,
  }
}
