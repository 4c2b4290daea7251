// Limits that this kernel does not have, discarded with a warning when they are asked for:
// a container that runs without one is of more use than none. The words are Docker's.
//
// Called by container-create.ts and container-update.ts. Next: engine/daemon/container/limit-check.ts
import type { UpdateConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import { countsSwap, type Hierarchies, hierarchies, versionOf } from '../../libcontainer/cgroups/hierarchy.ts'
import { readIfThere } from '../../libcontainer/cgroups/setting.ts'

type Asked = Omit<UpdateConfig, 'RestartPolicy'>

/** @returns what of it stays, and what to tell about the rest @throws EngineError `invalid` for what Docker refuses, too */
export function withSupported<T extends Asked>(asked: T): { limits: T; warnings: string[] } {
  const found = hierarchies()
  const limits = { ...asked }
  const warnings: string[] = []
  if (asked.Memory && !countsSwap()) {
    warnings.push(`${lacks('swap limit capabilities')} Memory limited without swap.`)
    limits.MemorySwap = -1
  }
  if (
    asked.MemorySwappiness != null &&
    asked.MemorySwappiness !== -1 &&
    !hasFile(found, 'memory.swappiness')
  ) {
    warnings.push(`${lacks('memory swappiness capabilities')} Memory swappiness discarded.`)
    limits.MemorySwappiness = null
  }
  if (asked.OomKillDisable && !hasFile(found, 'memory.oom_control')) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.')
    limits.OomKillDisable = null
  }
  if (asked.BlkioWeight && !hasWeights(found)) {
    warnings.push(`${lacks('Block I/O weight')} Weight discarded.`)
    limits.BlkioWeight = 0
  }
  if ((asked.CpuRealtimePeriod || asked.CpuRealtimeRuntime) && !hasRealtime(found))
    throw new EngineError('invalid', 'Your kernel does not support CPU real-time scheduler')
  return { limits, warnings }
}

function lacks(what: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted.`
}

/** Of v1: a cgroup of v2 has neither. */
function hasFile(found: Hierarchies, file: 'memory.swappiness' | 'memory.oom_control'): boolean {
  const { memory } = found.v1
  return versionOf(found) === 1 && memory !== undefined && readIfThere(memory, file) !== undefined
}

/** Of v1, and of kernels with CONFIG_RT_GROUP_SCHED. */
function hasRealtime(found: Hierarchies): boolean {
  const { cpu } = found.v1
  return versionOf(found) === 1 && cpu !== undefined && readIfThere(cpu, 'cpu.rt_runtime_us') !== undefined
}

/** They need a scheduler of block I/O that knows them: CFQ, which Linux 5.0 removed, or BFQ. v2 shows them in no root. */
function hasWeights(found: Hierarchies): boolean {
  if (versionOf(found) === 2) return true
  const { blkio } = found.v1
  return (
    blkio !== undefined &&
    ['blkio.weight', 'blkio.bfq.weight'].some((file) => readIfThere(blkio, file) !== undefined)
  )
}
