// Limits: from `-m`, `--cpus` and their kin to `linux.resources` of config.json. Pure.
//
// Called by oci-spec.ts for a new container, and for `update` of one that runs.

import type { UpdateConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { Resources } from '../../libcontainer/config/resources.ts'

/** Of a block device; undefined when there is none at that path. */
export type DeviceNumbers = (path: string) => { major: number; minor: number } | undefined

/** What `--cpus` is a share of, in microseconds: the kernel's own period. */
const period = 100_000

type Asked = Omit<UpdateConfig, 'RestartPolicy'>

/** Without device rules, which are oci-devices.ts's. @throws EngineError `invalid` */
export function resourcesOf(asked: Asked, numbers: DeviceNumbers, countsSwap: boolean): Resources {
  const { PidsLimit } = asked
  return {
    ...section('memory', memory(asked, countsSwap)),
    ...section('cpu', cpu(asked)),
    ...section('blockIO', blockIO(asked, numbers)),
    ...(PidsLimit ? { pids: { limit: PidsLimit > 0 ? PidsLimit : -1 } } : {}),
  }
}

function section<N extends string, T extends object>(name: N, value: T): Partial<Record<N, T>> {
  if (Object.keys(value).length === 0) return {}
  const found: Partial<Record<N, T>> = {}
  found[name] = value
  return found
}

function memory(asked: Asked, countsSwap: boolean): NonNullable<Resources['memory']> {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, OomKillDisable } = asked
  // Docker's default: as much swap as memory.
  const swap = MemorySwap || (Memory ? Memory * 2 : 0)
  return {
    ...(Memory ? { limit: Memory } : {}),
    ...(MemoryReservation ? { reservation: MemoryReservation } : {}),
    // Some kernels of cgroup v1 do not count swap: there it cannot be limited.
    ...(swap > 0 && countsSwap ? { swap } : {}),
    ...(MemorySwappiness != null && MemorySwappiness >= 0 ? { swappiness: MemorySwappiness } : {}),
    ...(OomKillDisable ? { disableOOMKiller: true } : {}),
    ...(asked.KernelMemory ? { kernel: asked.KernelMemory } : {}),
    ...(asked.KernelMemoryTCP ? { kernelTCP: asked.KernelMemoryTCP } : {}),
  }
}

function cpu(asked: Asked): NonNullable<Resources['cpu']> {
  const { CpuShares, NanoCpus, CpuPeriod, CpuQuota, CpusetCpus, CpusetMems } = asked
  return {
    ...(CpuShares ? { shares: CpuShares } : {}),
    ...(NanoCpus ? { period, quota: Math.floor((NanoCpus * period) / 1e9) } : {}),
    ...(CpuPeriod ? { period: CpuPeriod } : {}),
    ...(CpuQuota ? { quota: CpuQuota } : {}),
    ...(asked.CpuRealtimePeriod ? { realtimePeriod: asked.CpuRealtimePeriod } : {}),
    ...(asked.CpuRealtimeRuntime ? { realtimeRuntime: asked.CpuRealtimeRuntime } : {}),
    ...(CpusetCpus ? { cpus: CpusetCpus } : {}),
    ...(CpusetMems ? { mems: CpusetMems } : {}),
  }
}

function blockIO(asked: Asked, numbers: DeviceNumbers): NonNullable<Resources['blockIO']> {
  const find = (path: string): { major: number; minor: number } => {
    const found = numbers(path)
    if (found === undefined) throw new EngineError('invalid', `stat ${path}: no such file or directory`)
    return found
  }
  const rates = (list: Asked['BlkioDeviceReadBps']) =>
    (list ?? []).map(({ Path, Rate }) => ({ ...find(Path), rate: Rate }))
  const weights = (asked.BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({
    ...find(Path),
    weight: Weight,
  }))
  const all = {
    weightDevice: weights,
    throttleReadBpsDevice: rates(asked.BlkioDeviceReadBps),
    throttleWriteBpsDevice: rates(asked.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: rates(asked.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: rates(asked.BlkioDeviceWriteIOps),
  }
  return {
    ...(asked.BlkioWeight ? { weight: asked.BlkioWeight } : {}),
    ...Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0)),
  }
}
