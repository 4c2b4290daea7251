// Limits that no container could have, refused when it is created and when it is updated:
// at its start the kernel would say EINVAL, and not of what. The words are Docker's.
//
// Called by container-create.ts and container-update.ts.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { UpdateConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'

type Asked = Omit<UpdateConfig, 'RestartPolicy'>

/** Bytes: with less, no runtime gets as far as the program. */
const leastMemory = 6 * 2 ** 20

/** @throws EngineError `invalid` */
export function checkLimits(asked: Asked): void {
  const problem = memoryProblem(asked)
  if (problem !== undefined) throw new EngineError('invalid', problem)
  checkRanges(asked)
}

/** Those that hang together with no other. @throws EngineError `invalid` */
export function checkRanges(asked: Asked): void {
  const problem = cpuProblem(asked) ?? cpusetProblem(asked)
  if (problem !== undefined) throw new EngineError('invalid', problem)
  const { BlkioWeight: weight } = asked
  if (weight && (weight < 10 || weight > 1000))
    throw new EngineError('invalid', 'Range of blkio weight is from 10 to 1000')
}

function memoryProblem(asked: Asked): string | undefined {
  const { MemorySwappiness } = asked
  const [Memory, MemorySwap] = [asked.Memory ?? 0, asked.MemorySwap ?? 0]
  const MemoryReservation = asked.MemoryReservation ?? 0
  if (Memory && Memory < leastMemory) return 'Minimum memory limit allowed is 6MB'
  if (Memory && MemorySwap > 0 && MemorySwap < Memory)
    return 'Minimum memoryswap limit should be larger than memory limit, see usage'
  if (!Memory && MemorySwap > 0)
    return 'You should always set the Memory limit when using Memoryswap limit, see usage'
  if (MemorySwappiness != null && (MemorySwappiness < -1 || MemorySwappiness > 100))
    return `Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`
  if (MemoryReservation && MemoryReservation < leastMemory) return 'Minimum memory reservation allowed is 6MB'
  if (Memory && MemoryReservation && Memory < MemoryReservation)
    return 'Minimum memory limit can not be less than memory reservation limit, see usage'
  return undefined
}

function cpuProblem({ NanoCpus, CpuPeriod, CpuQuota }: Asked): string | undefined {
  const count = availableParallelism()
  if (NanoCpus && CpuPeriod) return 'Conflicting options: Nano CPUs and CPU Period cannot both be set'
  if (NanoCpus && CpuQuota) return 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'
  if (NanoCpus && (NanoCpus < 0 || NanoCpus > count * 1e9))
    return `Range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`
  if (CpuPeriod && (CpuPeriod < 1000 || CpuPeriod > 1_000_000))
    return 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'
  if (CpuQuota && CpuQuota > 0 && CpuQuota < 1000) return 'CPU cfs quota can not be less than 1ms (i.e. 1000)'
  return undefined
}

function cpusetProblem({ CpusetCpus, CpusetMems }: Asked): string | undefined {
  const cpus = availableParallelism()
  return (
    listProblem(CpusetCpus, 'cpuset cpus', 'CPUs', cpus === 1 ? '0' : `0-${cpus - 1}`) ??
    listProblem(CpusetMems, 'cpuset mems', 'memory nodes', memoryNodes())
  )
}

/** @param text `0-2,7` @param available in the same spelling */
function listProblem(
  text: string | null | undefined,
  name: string,
  what: string,
  available: string,
): string | undefined {
  if (!text) return undefined
  const there = numbersOf(available)
  for (const part of text.split(',')) {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (first === '' || Number(last) < Number(first))
      return `Invalid value ${text} for ${name}: invalid format: ${text}`
    if (!there.has(Number(first)) || !there.has(Number(last)))
      return `Requested ${what} are not available - requested ${text}, available: ${available}`
  }
  return undefined
}

function numbersOf(list: string): Set<number> {
  return new Set(
    list.split(',').flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
    }),
  )
}

/** A machine without NUMA has one. */
function memoryNodes(): string {
  try {
    return readFileSync('/sys/devices/system/node/online', 'utf8').trim()
  } catch {
    return '0'
  }
}
