// The table of `tocker stats`: what counters of two moments say about a container. Pure.
import type { ContainerStats } from '../../api/stats.ts'
import { shortId } from './image-list.ts'
import type { Listing, Row } from './rows.ts'
import { binarySize, humanSize } from './size.ts'

export const statsListing: Listing = {
  headers: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
  table: String.raw`{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}`,
  quiet: 'ID',
}

/** @param stats undefined while nothing is known of it yet */
export function statsRow(container: string, stats: ContainerStats | undefined, noTrunc: boolean): Row {
  if (stats === undefined || !('usage' in stats.memory_stats)) {
    const ID = stats === undefined ? '--' : noTrunc ? stats.id : shortId(stats.id)
    const none = {
      CPUPerc: '0.00%',
      MemUsage: '0B / 0B',
      MemPerc: '0.00%',
      NetIO: '0B / 0B',
      BlockIO: '0B / 0B',
      PIDs: '0',
    }
    const Name = stats?.name.replace(/^\//, '') ?? '--'
    return {
      Container: container,
      ID,
      Name,
      ...(stats
        ? none
        : {
            ...none,
            CPUPerc: '--',
            MemUsage: '-- / --',
            MemPerc: '--',
            NetIO: '--',
            BlockIO: '--',
            PIDs: '--',
          }),
    }
  }
  const { usage = 0, limit = 0, stats: memory = {} } = stats.memory_stats
  // What files left in the cache is given back when somebody needs it.
  const used = Math.max(usage - (memory.total_inactive_file ?? memory.inactive_file ?? 0), 0)
  const [received, sent] = network(stats)
  const [read, written] = blocks(stats)
  return {
    Container: container,
    ID: noTrunc ? stats.id : shortId(stats.id),
    Name: stats.name.replace(/^\//, ''),
    CPUPerc: `${cpuShare(stats).toFixed(2)}%`,
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: `${(limit > 0 ? (used / limit) * 100 : 0).toFixed(2)}%`,
    NetIO: `${humanSize(received, 3)} / ${humanSize(sent, 3)}`,
    BlockIO: `${humanSize(read, 3)} / ${humanSize(written, 3)}`,
    PIDs: String(stats.pids_stats.current ?? 0),
  }
}

/** Of one CPU: two that are busy are 200. */
function cpuShare({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const own = now.cpu_usage.total_usage - before.cpu_usage.total_usage
  const all = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0)
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1
  return all > 0 && own > 0 ? (own / all) * cpus * 100 : 0
}

function network({ networks = {} }: ContainerStats): [received: number, sent: number] {
  const all = Object.values(networks)
  return [
    all.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    all.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  ]
}

function blocks({ blkio_stats }: ContainerStats): [read: number, written: number] {
  const entries = blkio_stats.io_service_bytes_recursive ?? []
  const sum = (op: string): number =>
    entries.reduce((total, entry) => (entry.op.toLowerCase() === op ? total + entry.value : total), 0)
  return [sum('read'), sum('write')]
}
