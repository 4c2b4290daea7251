// What the live views are made of: one type a view, plain data, as it was read
// from /proc, cgroupfs and the directories of an overlay.
//
// Made by the readers beside this file, drawn by the site and by the terminal.
// Of networks there is so much to say that it has a file of its own.
//
// Next: lessons/player/watch/sampler.ts
import type { NetworkSample } from './network-sample.ts'

export const namespaceNames = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'] as const
export type NamespaceName = (typeof namespaceNames)[number]
/** Inode numbers of /proc/PID/ns, as text. */
type Namespaces = Partial<Record<NamespaceName, string>>

/** A line of /proc/PID/uid_map, as the host reads it: `count` ids from `inside` on are those from `outside` on. */
export interface IdRange {
  inside: number
  outside: number
  count: number
}

export interface ProcessFacts {
  pid: number
  ppid: number
  /** Its pid in each namespace from the outermost to its own. */
  nspid: number[]
  command: string
  /** R S D T t Z X I, as in /proc/PID/status. */
  state: string
  /** Effective user, as the host counts. */
  uid: number
  uidMap: IdRange[]
  /** Name of the terminal whose shell this is. */
  terminal?: string
  /** None for a zombie: it has left its namespaces. */
  namespaces: Namespaces
}

/** Both views of processes: one looks at their namespaces, one at their numbers. */
export interface ProcessesSample {
  view: 'namespaces' | 'processes'
  /** PID 1 of the sandbox: what "the host" means in a lesson. */
  host: Namespaces
  /** Processes of the session's terminals, and those with namespaces of their own; lowest PID first. */
  processes: ProcessFacts[]
  /** How many more there are. */
  more: number
  /** PID that the lesson asks about. */
  focus?: number
}

export interface CgroupControl {
  /** Microseconds of CPU time since the cgroup was made. */
  cpu?: {
    usage: number | null
    /** CPUs that it may use at most, 0.5 for a half. */
    quota: number | null
    /** cpu.weight, or cpu.shares of version 1. */
    weight: number | null
    periods: number
    throttled: number
  }
  /** Bytes; no limit is null. */
  memory?: {
    current: number
    max: number | null
    high: number | null
    peak: number | null
    /** Version 1 counts memory and swap together; here it is swap alone, as in version 2. */
    swap: { current: number; max: number | null } | null
    oomKills: number
  }
  /** Bytes since the beginning, and bytes a second that are allowed. */
  io?: { device: string; read: number; written: number; readMax: number | null; writeMax: number | null }[]
  pids?: { current: number; max: number | null; refused: number }
  frozen?: boolean
}

export interface CgroupSample extends CgroupControl {
  view: 'cgroup'
  /** Milliseconds since the sandbox was started: rates are measured with its own clock. */
  at: number
  path: string
  version: 1 | 2
  exists: boolean
  processes: { pid: number; command: string }[]
  /** How many more processes there are. */
  more: number
  children: ({ name: string; processes: number } & CgroupControl)[]
  moreChildren: number
}

export interface LayerEntry {
  /** Below the layer's root. */
  path: string
  type: 'file' | 'directory' | 'link' | 'other'
  bytes: number
  /** A character device 0/0: "there is no such file, whatever lies below". */
  whiteout?: true
  /** A directory that hides everything below it: overlay.opaque is "y". */
  opaque?: true
}

export interface Layer {
  kind: 'upper' | 'lower'
  directory: string
  entries: LayerEntry[]
  /** There are more entries, or deeper ones, than were read. */
  cut: boolean
}

export interface LayersSample {
  view: 'layers'
  /** Mount point. */
  path: string
  mounted: boolean
  merged: LayerEntry[]
  mergedCut: boolean
  /** Upper first, then the lower ones from top to bottom. */
  layers: Layer[]
  moreLayers: number
}

export type Sample = ProcessesSample | CgroupSample | LayersSample | NetworkSample
