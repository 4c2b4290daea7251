// How much a container uses, as Docker's API has it on the wire: one answer, or one a
// second. Field names and types are Docker's:
// https://docs.docker.com/reference/api/engine/ (ContainerStats)

export interface ContainerStats {
  name: string
  id: string
  /** When it was measured, RFC 3339; Go's zero time when it was not. */
  read: string
  /** The same of the measurement before, which `precpu_stats` is from. */
  preread: string
  num_procs: number
  storage_stats: object
  pids_stats: { current?: number; limit?: number }
  blkio_stats: BlkioStats
  cpu_stats: CpuStats
  precpu_stats: CpuStats
  memory_stats: MemoryStats | Record<string, never>
  networks?: Record<string, NetworkStats>
}

interface BlkioStats {
  io_service_bytes_recursive: BlkioEntry[] | null
  io_serviced_recursive: BlkioEntry[] | null
  io_queue_recursive: null
  io_service_time_recursive: null
  io_wait_time_recursive: null
  io_merged_recursive: null
  io_time_recursive: null
  sectors_recursive: null
}

export interface BlkioEntry {
  major: number
  minor: number
  op: string
  value: number
}

export interface CpuStats {
  /** Nanoseconds, as all of these. */
  cpu_usage: {
    total_usage: number
    percpu_usage?: number[]
    usage_in_kernelmode: number
    usage_in_usermode: number
  }
  /** Of the whole machine, all CPUs together: what the share is a share of. */
  system_cpu_usage?: number
  online_cpus?: number
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number }
}

export interface MemoryStats {
  usage: number
  max_usage?: number
  failcnt?: number
  /** memory.stat, each line. */
  stats: Record<string, number>
  limit: number
}

/** Of one interface, as the container sees it. */
export interface NetworkStats {
  rx_bytes: number
  rx_packets: number
  rx_errors: number
  rx_dropped: number
  tx_bytes: number
  tx_packets: number
  tx_errors: number
  tx_dropped: number
}
