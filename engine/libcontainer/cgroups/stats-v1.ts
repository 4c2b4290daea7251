// Counters of cgroup v1, in runc's shape. Each controller has its own directory.
//
// Called by v1.ts. Next: engine/libcontainer/cgroups/oom.ts
import { readIfThere } from './setting.ts'
import {
  type BlkioEntry,
  type MemoryEntry,
  pageSizes,
  readList,
  readNumber,
  readTable,
  type Stats,
} from './stats.ts'

/** @param paths the container's directory for each controller */
export function statsV1(paths: Readonly<Record<string, string>>): Stats {
  const { cpu, cpuacct, cpuset, memory, pids, blkio, hugetlb } = paths
  const throttling = readTable(cpu, 'cpu.stat')
  const raw = readTable(memory, 'memory.stat')
  const perCpu = cpuacct === undefined ? '' : (readIfThere(cpuacct, 'cpuacct.usage_percpu') ?? '')
  return {
    cpu: {
      usage: {
        total: readNumber(cpuacct, 'cpuacct.usage'),
        percpu: perCpu.split(' ').filter(Boolean).map(Number),
        kernel: readNumber(cpuacct, 'cpuacct.usage_sys'),
        user: readNumber(cpuacct, 'cpuacct.usage_user'),
      },
      throttling: {
        periods: throttling.nr_periods ?? 0,
        throttledPeriods: throttling.nr_throttled ?? 0,
        throttledTime: throttling.throttled_time ?? 0,
      },
    },
    cpuset: { cpus: readList(cpuset, 'cpuset.cpus'), mems: readList(cpuset, 'cpuset.mems') },
    memory: {
      cache: raw.cache ?? 0,
      usage: memoryEntry(memory, 'memory'),
      swap: memoryEntry(memory, 'memory.memsw'),
      kernel: memoryEntry(memory, 'memory.kmem'),
      kernelTCP: memoryEntry(memory, 'memory.kmem.tcp'),
      raw,
    },
    pids: { current: readNumber(pids, 'pids.current'), limit: pidsLimit(pids) },
    blkio: {
      ioServiceBytesRecursive: blkioEntries(blkio, 'io_service_bytes_recursive'),
      ioServicedRecursive: blkioEntries(blkio, 'io_serviced_recursive'),
    },
    hugetlb: Object.fromEntries(
      pageSizes(hugetlb).map((size) => [
        size,
        {
          usage: readNumber(hugetlb, `hugetlb.${size}.usage_in_bytes`),
          max: readNumber(hugetlb, `hugetlb.${size}.max_usage_in_bytes`),
          failcnt: readNumber(hugetlb, `hugetlb.${size}.failcnt`),
        },
      ]),
    ),
  }
}

function memoryEntry(directory: string | undefined, prefix: string): MemoryEntry {
  return {
    limit: readNumber(directory, `${prefix}.limit_in_bytes`),
    usage: readNumber(directory, `${prefix}.usage_in_bytes`),
    max: readNumber(directory, `${prefix}.max_usage_in_bytes`),
    failcnt: readNumber(directory, `${prefix}.failcnt`),
  }
}

/** 0 for `max`, as runc has it. */
export function pidsLimit(directory: string | undefined): number {
  const text = directory === undefined ? undefined : readIfThere(directory, 'pids.max')
  return text === undefined || text === 'max' ? 0 : Number(text)
}

/** Lines `8:0 Read 4096`, and a last `Total 4096`. BFQ counts what it serves; the throttle counts everything. */
function blkioEntries(directory: string | undefined, file: string): BlkioEntry[] {
  if (directory === undefined) return []
  for (const policy of ['bfq', 'throttle']) {
    const lines = (readIfThere(directory, `blkio.${policy}.${file}`) ?? '').split('\n')
    const entries = lines.flatMap((line) => {
      const [, major, minor, op, value] = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line) ?? []
      return op === undefined
        ? []
        : [{ major: Number(major), minor: Number(minor), op, value: Number(value) }]
    })
    if (entries.length > 0) return entries
  }
  return []
}
