// From the kernel's counters to Docker's answer: libcontainer says what the cgroup's files
// say, and a client works out from two answers which share of the CPUs a container had.
//
// Pure, but for machineFacts(). Called by jobs/container-stats.ts.
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import * as z from 'zod/mini'
import { zeroTime } from '../../api/container-inspect.ts'
import type { BlkioEntry, ContainerStats, CpuStats, MemoryStats, NetworkStats } from '../../api/stats.ts'

const entry = z.object({ usage: z.number(), max: z.number(), failcnt: z.number(), limit: z.number() })
const blkio = z.array(z.object({ major: z.number(), minor: z.number(), op: z.string(), value: z.number() }))

/** Of libcontainer's what Docker tells (libcontainer/cgroups/stats.ts): it comes from another process. */
export const countersSchema = z.object({
  cpu: z.object({
    usage: z.object({
      total: z.number(),
      percpu: z.exactOptional(z.array(z.number())),
      kernel: z.number(),
      user: z.number(),
    }),
    throttling: z.object({ periods: z.number(), throttledPeriods: z.number(), throttledTime: z.number() }),
  }),
  memory: z.object({ usage: entry, raw: z.record(z.string(), z.number()) }),
  pids: z.object({ current: z.number(), limit: z.number() }),
  blkio: z.object({ ioServiceBytesRecursive: blkio, ioServicedRecursive: blkio }),
})
type Counters = z.infer<typeof countersSchema>

export interface MachineFacts {
  /** Nanoseconds that its CPUs have been at something, idling included. */
  cpuTime: number
  cpus: number
  /** Bytes. */
  memory: number
}

/** The kernel counts in these: USER_HZ, which is 100 wherever Linux runs. */
const nanosecondsPerTick = 10_000_000

export function machineFacts(): MachineFacts {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  // user nice system idle iowait irq softirq: what guests had is in user already.
  const ticks = first.split(/\s+/).slice(1, 8).map(Number)
  return {
    cpuTime: ticks.reduce((sum, one) => sum + one, 0) * nanosecondsPerTick,
    cpus: navigator.hardwareConcurrency,
    memory: totalmem(),
  }
}

/** One measurement. */
export interface Sample {
  read: string
  counters: Counters
  machine: MachineFacts
  /** By interface: what went through it. */
  networks: Record<string, NetworkStats>
}

/**
 * @param text /proc/PID/net/dev of a process in the sandbox: proc_pid_net(5)
 * @param interfaces those that were made for it: some kernels put a tunnel of their own into each namespace
 */
export function networkCounters(text: string, interfaces: readonly string[]): Record<string, NetworkStats> {
  const found: Record<string, NetworkStats> = {}
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? []
    if (!interfaces.includes(name)) continue
    // Eight of what came in, eight of what went out; of each the first four are told.
    const fields = rest.split(/\s+/).map(Number)
    const [rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0] = fields
    const [tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0] = fields.slice(8)
    found[name] = {
      ...{ rx_bytes, rx_packets, rx_errors, rx_dropped },
      ...{ tx_bytes, tx_packets, tx_errors, tx_dropped },
    }
  }
  return found
}

/** @param before the measurement before this one @param now undefined for one that does not run: zeros */
export function statsOf(
  { id, name }: { id: string; name: string },
  now: Sample | undefined,
  before: Sample | undefined,
): ContainerStats {
  return {
    ...{ name: `/${name}`, id, read: now?.read ?? zeroTime, preread: before?.read ?? zeroTime },
    pids_stats: now === undefined ? {} : pids(now.counters.pids),
    blkio_stats: {
      io_service_bytes_recursive: entries(now?.counters.blkio.ioServiceBytesRecursive),
      io_serviced_recursive: entries(now?.counters.blkio.ioServicedRecursive),
      ...{ io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null },
      ...{ io_merged_recursive: null, io_time_recursive: null, sectors_recursive: null },
    },
    ...{ num_procs: 0, storage_stats: {} },
    cpu_stats: cpu(now),
    precpu_stats: cpu(before),
    memory_stats: now === undefined ? {} : memory(now),
    // As Docker: where there are none, no word of them.
    ...(now === undefined || Object.keys(now.networks).length === 0 ? {} : { networks: now.networks }),
  }
}

function pids({ current, limit }: Counters['pids']): ContainerStats['pids_stats'] {
  return { current, ...(limit > 0 ? { limit } : {}) }
}

/** Docker has null for an empty list. */
function entries(list: readonly BlkioEntry[] | undefined): BlkioEntry[] | null {
  return list === undefined || list.length === 0 ? null : [...list]
}

function cpu(sample: Sample | undefined): CpuStats {
  if (sample === undefined)
    return {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    }
  const { usage, throttling } = sample.counters.cpu
  return {
    cpu_usage: {
      total_usage: usage.total,
      ...(usage.percpu === undefined ? {} : { percpu_usage: usage.percpu }),
      usage_in_kernelmode: usage.kernel,
      usage_in_usermode: usage.user,
    },
    system_cpu_usage: sample.machine.cpuTime,
    online_cpus: sample.machine.cpus,
    throttling_data: {
      periods: throttling.periods,
      throttled_periods: throttling.throttledPeriods,
      throttled_time: throttling.throttledTime,
    },
  }
}

function memory({ counters, machine }: Sample): MemoryStats {
  const { usage, raw } = counters.memory
  return {
    usage: usage.usage,
    ...(usage.max > 0 ? { max_usage: usage.max } : {}),
    ...(usage.failcnt > 0 ? { failcnt: usage.failcnt } : {}),
    stats: raw,
    // Without a limit of its own it has the machine's.
    limit: usage.limit > 0 ? Math.min(usage.limit, machine.memory) : machine.memory,
  }
}
