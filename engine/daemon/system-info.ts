// What this machine can do, looked up when somebody asks: `docker info`.
import { readdirSync, readFileSync } from 'node:fs'
import { hostname, release, totalmem } from 'node:os'
import type { SystemInfo, SystemVersion } from '../api/system.ts'
import { countsSwap, findHierarchies } from '../libcontainer/cgroups/hierarchy.ts'
import { specVersion } from '../libcontainer/config/names.ts'
import { packageVersion } from '../version.ts'

/** What this file cannot look up. */
export type OwnFacts = Pick<
  SystemInfo,
  | 'ID'
  | 'Containers'
  | 'ContainersRunning'
  | 'ContainersPaused'
  | 'ContainersStopped'
  | 'Images'
  | 'Driver'
  | 'DriverStatus'
  | 'DockerRootDir'
  | 'Runtimes'
  | 'DefaultRuntime'
  | 'LoggingDriver'
  | 'DriverReasons'
  | 'NEventsListener'
  | 'Labels'
  | 'LiveRestoreEnabled'
  | 'Debug'
  | 'DefaultAddressPools'
> & {
  mirrors: readonly string[]
  insecureRegistries: readonly string[]
  mapsUsers: boolean
  /** `builtin`, `unconfined`, or somebody's own. */
  seccomp: string
  noNewPrivileges: boolean
}

export function systemInfo(facts: OwnFacts): SystemInfo {
  const { mirrors, insecureRegistries, mapsUsers, seccomp, noNewPrivileges, ...own } = facts
  const controllers = cgroupControllers()
  const has = (name: string): boolean => controllers.names.has(name)
  const info: SystemInfo = {
    ...own,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Log: ['journald', 'json-file', 'local', 'none', 'syslog'],
      Authorization: null,
    },
    MemoryLimit: has('memory'),
    SwapLimit: has('memory') && countsSwap(),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    // A file of v1 only.
    OomKillDisable: controllers.version === '1',
    IPv4Forwarding: firstLine('/proc/sys/net/ipv4/ip_forward') === '1',
    NFd: count('/proc/self/fd'),
    // Of Go's kind there are none; these are the threads.
    NGoroutines: count('/proc/self/task'),
    SystemTime: new Date().toISOString(),
    CgroupDriver: 'cgroupfs',
    CgroupVersion: controllers.version,
    KernelVersion: release(),
    OperatingSystem: osRelease('PRETTY_NAME') || 'Linux',
    OSVersion: osRelease('VERSION_ID'),
    OSType: 'linux',
    Architecture: machine(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      // Those of this machine are always among them.
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureRegistries.filter(isNetwork)],
      IndexConfigs: {
        'docker.io': { Name: 'docker.io', Mirrors: [...mirrors], Secure: true, Official: true },
        ...Object.fromEntries(
          insecureRegistries
            .filter((one) => !isNetwork(one))
            .map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
        ),
      },
      Mirrors: [...mirrors],
    },
    NCPU: navigator.hardwareConcurrency,
    MemTotal: totalmem(),
    Name: hostname(),
    ServerVersion: packageVersion(),
    Swarm: {
      ...{ NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '' },
      RemoteManagers: null,
    },
    ...{ ExperimentalBuild: false, Isolation: '', GenericResources: null },
    ...{ HttpProxy: proxy('http_proxy'), HttpsProxy: proxy('https_proxy'), NoProxy: proxy('no_proxy') },
    InitBinary: 'docker-init',
    SecurityOptions: [
      `name=seccomp,profile=${seccomp}`,
      ...(mapsUsers ? ['name=userns'] : []),
      ...(controllers.version === '2' ? ['name=cgroupns'] : []),
      ...(noNewPrivileges ? ['name=no-new-privileges'] : []),
    ],
    Warnings: null,
  }
  const warnings = warningsOf(info)
  return warnings.length === 0 ? info : { ...info, Warnings: warnings }
}

/** Docker's words for what cannot be limited here. Pure. */
export function warningsOf(info: SystemInfo): string[] {
  const lacks: [has: boolean, what: string][] = [
    [info.MemoryLimit, 'memory limit'],
    [info.SwapLimit, 'swap limit'],
    [info.OomKillDisable || info.CgroupVersion === '2', 'oom kill disable'],
    [info.CpuCfsQuota, 'cpu cfs quota'],
    [info.CpuCfsPeriod, 'cpu cfs period'],
    [info.CPUShares, 'cpu shares'],
    [info.CPUSet, 'cpuset'],
    [info.PidsLimit, 'pids limit'],
  ]
  return [
    ...lacks.flatMap(([has, what]) => (has ? [] : [`WARNING: No ${what} support`])),
    ...(info.IPv4Forwarding ? [] : ['WARNING: IPv4 forwarding is disabled']),
  ]
}

function isNetwork(registry: string): boolean {
  return registry.includes('/')
}

/** @returns it without its password: everybody who may ask the daemon reads this */
function proxy(name: string): string {
  const text = process.env[name.toUpperCase()] || process.env[name] || ''
  return text.replace(/^([a-z]+:\/\/)?[^@/]*@/i, '$1xxxxx:xxxxx@')
}

/** @param api versions of the Engine API, the newest and the oldest */
export function systemVersion(api: { newest: string; oldest: string }): SystemVersion {
  const version = packageVersion()
  const [Os, Arch] = ['linux', goArchitecture()]
  const details = { ApiVersion: api.newest, MinAPIVersion: api.oldest, Os, Arch, KernelVersion: release() }
  return {
    Platform: { Name: 'tocker' },
    Components: [
      {
        Name: 'Engine',
        Version: version,
        Details: { ...details, GoVersion: process.version, GitCommit: '', BuildTime: '' },
      },
      { Name: 'tocker-runtime', Version: version, Details: { OCI: specVersion } },
    ],
    Version: version,
    ApiVersion: api.newest,
    MinAPIVersion: api.oldest,
    GitCommit: '',
    GoVersion: process.version,
    Os,
    Arch,
    KernelVersion: release(),
    BuildTime: '',
  }
}

/** Controllers of v1 are used where they are mounted, as in libcontainer/cgroups/open.ts. */
function cgroupControllers(): { version: '1' | '2'; names: Set<string> } {
  const { v1, v2 } = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
  if (Object.keys(v1).length > 0 || v2 === undefined) return { version: '1', names: new Set(Object.keys(v1)) }
  return { version: '2', names: new Set(firstLine(`${v2}/cgroup.controllers`).split(' ')) }
}

function machine(): string {
  return process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : process.arch
}

function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

function osRelease(key: string): string {
  try {
    return new RegExp(`^${key}="?(.*?)"?$`, 'm').exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0] ?? ''
  } catch {
    return ''
  }
}

function count(path: string): number {
  try {
    return readdirSync(path).length
  } catch {
    return 0
  }
}
