// What a container has used: the shape of `runc events --stats`, which managers parse.
// Names and units are runc's (types/events.go); times in nanoseconds, sizes in bytes.
//
// Called by stats-v1.ts and stats-v2.ts. Next: engine/libcontainer/cgroups/stats-v2.ts
import { readdirSync } from 'node:fs'
import { readIfThere } from './setting.ts'

export interface Stats {
  cpu: {
    usage: { total: number; percpu?: number[]; kernel: number; user: number }
    throttling: { periods: number; throttledPeriods: number; throttledTime: number }
  }
  cpuset: { cpus: number[]; mems: number[] }
  memory: {
    cache: number
    usage: MemoryEntry
    /** Memory and swap together, as v1 counts; on v2 the sum. */
    swap: MemoryEntry
    kernel: MemoryEntry
    kernelTCP: MemoryEntry
    /** memory.stat, each line. */
    raw: Record<string, number>
  }
  pids: { current: number; limit: number }
  blkio: { ioServiceBytesRecursive: BlkioEntry[]; ioServicedRecursive: BlkioEntry[] }
  /** By page size: `2MB`. */
  hugetlb: Record<string, { usage: number; max: number; failcnt: number }>
}

export interface MemoryEntry {
  limit: number
  usage: number
  max: number
  failcnt: number
}

export interface BlkioEntry {
  major: number
  minor: number
  /** `Read`, `Write`, `Total` …. */
  op: string
  value: number
}

/**
 * "No limit", as v1 writes it: the largest multiple of a page. runc has 2^64 - 1
 * on v2; JSON made here would round that up to 2^64, which no uint64 can hold.
 */
export const noLimit = 0x7ffffffffffff000

/** A file with one number, or `max`. 0 when there is no file: its controller is not here. */
export function readNumber(directory: string | undefined, file: string): number {
  const text = directory === undefined ? undefined : readIfThere(directory, file)
  if (text === 'max') return noLimit
  return text === undefined ? 0 : Number(text) || 0
}

/** A file of lines `key number`: memory.stat, cpu.stat. */
export function readTable(directory: string | undefined, file: string): Record<string, number> {
  const text = directory === undefined ? '' : (readIfThere(directory, file) ?? '')
  return Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([key, value]) => key !== '' && value !== undefined)
      .map(([key, value]) => [key, Number(value)]),
  )
}

/** `0-2,7`, cpuset(7) "List format", to [0, 1, 2, 7]. */
export function readList(directory: string | undefined, file: string): number[] {
  const text = directory === undefined ? '' : (readIfThere(directory, file) ?? '')
  return text
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

/** Page sizes that the hugetlb controller has files for: `2MB`, `1GB`. */
export function pageSizes(directory: string | undefined): string[] {
  if (directory === undefined) return []
  try {
    return readdirSync(directory).flatMap(
      (name) => /^hugetlb\.([^.]+)\.(?:usage_in_bytes|current)$/.exec(name)?.[1] ?? [],
    )
  } catch {
    return []
  }
}
