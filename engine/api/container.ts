// Containers, as Docker's API has them on the wire: https://docs.docker.com/reference/api/engine/

import type { InspectState } from './container-inspect.ts'

/** One row of `GET /containers/json`. */
export interface ContainerSummary {
  Id: string
  /** `/name`. */
  Names: string[]
  /** As it was typed. */
  Image: string
  ImageID: string
  Command: string
  /** Seconds since 1970. */
  Created: number
  State: InspectState['Status']
  /** `Up 5 minutes`, `Exited (0) 2 hours ago`. */
  Status: string
  /** What the daemon knows and the command line alone does not. */
  Ports?: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[]
  Labels?: Record<string, string>
  HostConfig?: { NetworkMode: string; Annotations?: Record<string, string> }
  NetworkSettings?: { Networks: Record<string, object> }
  Mounts?: ContainerMount[]
  /** Bytes that it wrote; left out when nobody asked. */
  SizeRw?: number
  /** Bytes of its whole root filesystem. */
  SizeRootFs?: number
}

export interface ContainerMount {
  Type: 'bind' | 'volume' | 'tmpfs'
  Name?: string
  Source: string
  Destination: string
  Driver?: string
  Mode: string
  RW: boolean
  Propagation: string
}

/** `GET /containers/{id}/json`: Config and HostConfig are what was asked for, merged with the image. */
export interface ContainerInspect {
  Id: string
  Created: string
  Path: string
  Args: string[]
  State: InspectState
  Image: string
  ResolvConfPath: string
  HostnamePath: string
  HostsPath: string
  LogPath: string
  Name: string
  RestartCount: number
  Driver: string
  Platform: 'linux'
  MountLabel: string
  ProcessLabel: string
  AppArmorProfile: string
  ExecIDs: string[] | null
  HostConfig: Record<string, unknown>
  GraphDriver: { Name: string; Data: Record<string, string> | null }
  SizeRw?: number
  SizeRootFs?: number
  Mounts: ContainerMount[]
  Config: Record<string, unknown>
  NetworkSettings: Record<string, unknown>
}
