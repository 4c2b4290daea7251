// What the daemon says of itself and its machine: `docker version`, `docker info`.
// Field names are Docker's: https://docs.docker.com/reference/api/engine/ (System).

export interface SystemVersion {
  Platform: { Name: string }
  Components: { Name: string; Version: string; Details: Record<string, string> }[]
  Version: string
  ApiVersion: string
  MinAPIVersion: string
  /** Docker's client prints them: of ours, Node's version stands in the place of Go's. */
  GitCommit: string
  GoVersion: string
  Os: string
  Arch: string
  KernelVersion: string
  /** RFC 3339; empty: bundles are not dated, so that the same sources give the same bundle. */
  BuildTime: string
}

export interface SystemInfo {
  ID: string
  Containers: number
  ContainersRunning: number
  ContainersPaused: number
  ContainersStopped: number
  Images: number
  Driver: string
  DriverStatus: [name: string, value: string][]
  DockerRootDir: string
  Plugins: { Volume: string[]; Network: string[]; Log: string[]; Authorization: null }
  MemoryLimit: boolean
  SwapLimit: boolean
  CpuCfsPeriod: boolean
  CpuCfsQuota: boolean
  CPUShares: boolean
  CPUSet: boolean
  PidsLimit: boolean
  OomKillDisable: boolean
  IPv4Forwarding: boolean
  Debug: boolean
  NFd: number
  NGoroutines: number
  SystemTime: string
  LoggingDriver: string
  CgroupDriver: string
  CgroupVersion: string
  NEventsListener: number
  KernelVersion: string
  OperatingSystem: string
  OSVersion: string
  OSType: string
  Architecture: string
  IndexServerAddress: string
  RegistryConfig: {
    InsecureRegistryCIDRs: string[]
    IndexConfigs: Record<string, { Name: string; Mirrors: string[]; Secure: boolean; Official: boolean }>
    Mirrors: string[]
  }
  NCPU: number
  /** Bytes. */
  MemTotal: number
  Name: string
  Labels: string[]
  ServerVersion: string
  Runtimes: Record<string, { path: string }>
  DefaultRuntime: string
  Swarm: {
    NodeID: ''
    NodeAddr: ''
    LocalNodeState: 'inactive'
    ControlAvailable: false
    Error: ''
    RemoteManagers: null
  }
  LiveRestoreEnabled: boolean
  InitBinary: string
  ExperimentalBuild: false
  Isolation: ''
  GenericResources: null
  /** What the environment says, for pulls and pushes; without a password. */
  HttpProxy: string
  HttpsProxy: string
  NoProxy: string
  /** Where networks get their subnets. */
  DefaultAddressPools: { Base: string; Size: number }[]
  SecurityOptions: string[]
  Warnings: string[] | null
  /** Ours: every storage driver that was thought of, and what came of it. */
  DriverReasons: { name: string; verdict: string }[]
}
