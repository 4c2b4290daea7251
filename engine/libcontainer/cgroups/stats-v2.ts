// Counters of cgroup v2, in runc's shape, which is v1's. One directory has them all.
//
// Called by v2.ts. Next: engine/libcontainer/cgroups/stats-v1.ts
import { readIfThere } from './setting.ts'
import {
  type BlkioEntry,
  type MemoryEntry,
  noLimit,
  pageSizes,
  readList,
  readNumber,
  readTable,
  type Stats,
} from './stats.ts'
import { pidsLimit } from './stats-v1.ts'

const none: MemoryEntry = { limit: 0, usage: 0, max: 0, failcnt: 0 }

export function statsV2(path: string): Stats {
  const cpu = readTable(path, 'cpu.stat')
  const raw = readTable(path, 'memory.stat')
  const usage = memoryEntry(path, 'memory')
  const swap = memoryEntry(path, 'memory.swap')
  return {
    cpu: {
      // v2 counts microseconds.
      usage: {
        total: 1000 * (cpu.usage_usec ?? 0),
        kernel: 1000 * (cpu.system_usec ?? 0),
        user: 1000 * (cpu.user_usec ?? 0),
      },
      throttling: {
        periods: cpu.nr_periods ?? 0,
        throttledPeriods: cpu.nr_throttled ?? 0,
        throttledTime: 1000 * (cpu.throttled_usec ?? 0),
      },
    },
    cpuset: { cpus: readList(path, 'cpuset.cpus'), mems: readList(path, 'cpuset.mems') },
    memory: {
      cache: raw.file ?? 0,
      usage,
      swap: { ...swap, usage: usage.usage + swap.usage, limit: Math.min(usage.limit + swap.limit, noLimit) },
      kernel: { ...none, usage: raw.kernel ?? 0 },
      kernelTCP: { ...none, usage: raw.sock ?? 0 },
      raw,
    },
    pids: { current: readNumber(path, 'pids.current'), limit: pidsLimit(path) },
    blkio: {
      ioServiceBytesRecursive: ioEntries(path, { rbytes: 'Read', wbytes: 'Write' }),
      ioServicedRecursive: ioEntries(path, { rios: 'Read', wios: 'Write' }),
    },
    hugetlb: Object.fromEntries(
      pageSizes(path).map((size) => [
        size,
        {
          usage: readNumber(path, `hugetlb.${size}.current`),
          // Only v1 remembers the highest.
          max: 0,
          failcnt: readTable(path, `hugetlb.${size}.events`).max ?? 0,
        },
      ]),
    ),
  }
}

function memoryEntry(path: string, prefix: string): MemoryEntry {
  return {
    limit: readNumber(path, `${prefix}.max`),
    usage: readNumber(path, `${prefix}.current`),
    max: readNumber(path, `${prefix}.peak`),
    failcnt: readTable(path, `${prefix}.events`).max ?? 0,
  }
}

/** Lines `8:0 rbytes=4096 wbytes=0 rios=1 …`. */
function ioEntries(path: string, names: Readonly<Record<string, string>>): BlkioEntry[] {
  return (readIfThere(path, 'io.stat') ?? '').split('\n').flatMap((line) => {
    const [device = '', ...counters] = line.split(' ')
    const [major, minor] = device.split(':').map(Number)
    if (major === undefined || minor === undefined) return []
    return counters.flatMap((counter) => {
      const [key = '', value] = counter.split('=')
      const op = names[key]
      return op === undefined ? [] : [{ major, minor, op, value: Number(value) }]
    })
  })
}
