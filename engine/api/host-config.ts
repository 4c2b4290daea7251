// HostConfig: what of a container depends on the machine that it runs on. Field names and
// types are Docker's, API 1.24 to 1.51: https://docs.docker.com/reference/api/engine/
//
// A schema, since it comes in from outside: fields that we do not know are dropped, as
// Docker drops them; one of a wrong type is named. In Docker's JSON any field may be null,
// and means the same as one that is left out.
import * as z from 'zod/mini'

/** Go's zero value and null are alike: absent. */
export function optional<T extends z.ZodMiniType>(schema: T) {
  return z.optional(z.nullable(schema))
}

const strings = optional(z.array(z.string()))
const number = optional(z.int())
const text = optional(z.string())
const flag = optional(z.boolean())
const map = optional(z.record(z.string(), z.string()))

const throttleSchema = z.object({ Path: z.string(), Rate: z.int() })
const deviceSchema = z.object({
  PathOnHost: z.string(),
  PathInContainer: z.string(),
  /** Of `r`, `w`, `m`. */
  CgroupPermissions: z.string(),
})

const ulimitSchema = z.object({ Name: z.string(), Soft: z.int(), Hard: z.int() })

/** Limits: what `update` can change, too. */
const resourcesShape = {
  /** Relative weight, 2 to 262144; 0 for the default, here and below. */
  CpuShares: number,
  /** Bytes. */
  Memory: number,
  /** 10^-9 CPUs: `--cpus`. */
  NanoCpus: number,
  CgroupParent: text,
  /** 10 to 1000. */
  BlkioWeight: number,
  BlkioWeightDevice: optional(z.array(z.object({ Path: z.string(), Weight: z.int() }))),
  BlkioDeviceReadBps: optional(z.array(throttleSchema)),
  BlkioDeviceWriteBps: optional(z.array(throttleSchema)),
  BlkioDeviceReadIOps: optional(z.array(throttleSchema)),
  BlkioDeviceWriteIOps: optional(z.array(throttleSchema)),
  /** Microseconds, as all of CPU time. */
  CpuPeriod: number,
  CpuQuota: number,
  CpuRealtimePeriod: number,
  CpuRealtimeRuntime: number,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: optional(z.array(deviceSchema)),
  /** `c 1:3 rwm`. */
  DeviceCgroupRules: strings,
  KernelMemory: number,
  KernelMemoryTCP: number,
  MemoryReservation: number,
  /** Memory and swap together; -1 for no limit. */
  MemorySwap: number,
  /** 0 to 100; -1 and null: not said. */
  MemorySwappiness: number,
  OomKillDisable: flag,
  /** 0 and below: no limit. */
  PidsLimit: number,
  Ulimits: optional(z.array(ulimitSchema)),
}

const restartPolicySchema = z.object({
  Name: text,
  MaximumRetryCount: number,
})

const mountSchema = z.object({
  /** `bind`, `volume`, `tmpfs`. */
  Type: z.string(),
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: optional(
    z.object({
      Propagation: text,
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
      ReadOnlyForceRecursive: flag,
    }),
  ),
  VolumeOptions: optional(
    z.object({
      NoCopy: flag,
      Labels: map,
      DriverConfig: optional(z.object({ Name: text, Options: map })),
      Subpath: text,
    }),
  ),
  TmpfsOptions: optional(
    z.object({
      SizeBytes: number,
      /** Permission bits. */
      Mode: number,
      Options: optional(z.array(z.array(z.string()))),
    }),
  ),
})

/** `--gpus all`: devices by what they can. */
const deviceRequestSchema = z.object({
  Driver: text,
  /** -1 for all. */
  Count: number,
  DeviceIDs: strings,
  /** One of these, each of which is all of its words. */
  Capabilities: optional(z.array(z.array(z.string()))),
  Options: map,
})

export const hostConfigSchema = z.object({
  ...resourcesShape,
  DeviceRequests: optional(z.array(deviceRequestSchema)),
  /** `source:target[:options]`. */
  Binds: strings,
  ContainerIDFile: text,
  LogConfig: optional(z.object({ Type: text, Config: map })),
  /** `bridge`, `host`, `none`, `container:ID`, or a network's name. */
  NetworkMode: text,
  /** `80/tcp`. */
  PortBindings: optional(z.record(z.string(), optional(z.array(z.object({ HostIp: text, HostPort: text }))))),
  RestartPolicy: optional(restartPolicySchema),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: strings,
  /** Rows and columns. */
  ConsoleSize: optional(z.array(z.int())),
  Annotations: map,
  CapAdd: strings,
  CapDrop: strings,
  /** `private`, `host`. */
  CgroupnsMode: text,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  /** `private`, `shareable`, `host`, `none`, `container:ID`. */
  IpcMode: text,
  Cgroup: text,
  Links: strings,
  OomScoreAdj: number,
  /** `host`, `container:ID`. */
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: strings,
  StorageOpt: map,
  /** By target: options of mount(8). */
  Tmpfs: map,
  UTSMode: text,
  UsernsMode: text,
  /** Bytes. */
  ShmSize: number,
  Sysctls: map,
  Runtime: text,
  Isolation: text,
  Mounts: optional(z.array(mountSchema)),
  /** Null: Docker's own; empty: none. */
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  /** A small init as PID 1. */
  Init: flag,
})
export type HostConfig = z.infer<typeof hostConfigSchema>

/** Body of `POST /containers/{id}/update`. */
export const updateSchema = z.object({ ...resourcesShape, RestartPolicy: optional(restartPolicySchema) })
export type UpdateConfig = z.infer<typeof updateSchema>

/** Bytes of /dev/shm of a container that does not say: Docker's. */
export const defaultShmSize = 64 * 1024 ** 2
