// What daemon.json says for containers that do not say it themselves. Pure.
//
// Two kinds: what is chosen when a container is created, and stays with it (withDefaults),
// and what holds for every start, whatever daemon wrote the record (SpecDefaults).
//
// Filled by default-options.ts. Next: engine/daemon/container/merge-config.ts
import { defaultShmSize, type HostConfig } from '../../api/host-config.ts'
import type { HostFacts } from './oci-spec.ts'

/** Looked up at each start. */
export type SpecDefaults = Pick<
  HostFacts,
  'defaultUlimits' | 'init' | 'initPath' | 'seccompProfile' | 'noNewPrivileges'
>

export interface ContainerDefaults {
  /** A name of `--runtime`. */
  runtime: string
  logDriver: string
  logOptions: Record<string, string>
  /** Bytes. */
  shmSize: number
  ipcMode: 'private' | 'shareable'
  /** Left out: private on cgroup v2, host on v1. */
  cgroupnsMode?: 'private' | 'host'
  spec: SpecDefaults
}

/** What tockerd does when nobody says anything: Docker's. */
export const builtinDefaults: ContainerDefaults = {
  ...{ runtime: 'tocker', logDriver: 'json-file', logOptions: {}, ipcMode: 'private' },
  shmSize: defaultShmSize,
  spec: { defaultUlimits: [] },
}

/** @param version of the cgroups here */
export function withDefaults(asked: HostConfig, defaults: ContainerDefaults, version: 1 | 2): HostConfig {
  const { Type, Config } = asked.LogConfig ?? {}
  const driver = Type || defaults.logDriver
  return {
    ...asked,
    Runtime: asked.Runtime || defaults.runtime,
    // Options are of one driver: whoever chose another has its own.
    LogConfig: {
      Type: driver,
      Config: { ...(driver === defaults.logDriver ? defaults.logOptions : {}), ...Config },
    },
    ShmSize: asked.ShmSize || defaults.shmSize,
    IpcMode: asked.IpcMode || defaults.ipcMode,
    CgroupnsMode: asked.CgroupnsMode || (defaults.cgroupnsMode ?? (version === 2 ? 'private' : 'host')),
  }
}
