// Reads a cgroup of either version, and its children: one grep over the files
// that there are.
//
// Version 1 has the same facts under other names and in other units: bytes of
// memory and swap together, cpu.shares for cpu.weight, two files for one limit.
//
// Next: lessons/player/watch/cgroup-history.ts
import { type Frame, printable } from './frames.ts'
import type { ViewReader } from './sampler.ts'
import type { CgroupControl, CgroupSample } from './samples.ts'

const mostChildren = 12
const mostProcesses = 20

const controlFiles = [
  ...['cpu.stat', 'cpu.max', 'cpu.weight', 'memory.current', 'memory.max', 'memory.high', 'memory.peak'],
  ...['memory.swap.current', 'memory.swap.max', 'memory.events', 'io.stat', 'io.max'],
  ...['pids.current', 'pids.max', 'pids.events', 'cgroup.freeze', 'cgroup.controllers'],
  // Version 1.
  ...['cpu.shares', 'cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpuacct.usage', 'memory.usage_in_bytes'],
  ...['memory.limit_in_bytes', 'memory.max_usage_in_bytes', 'memory.memsw.usage_in_bytes'],
  ...['memory.memsw.limit_in_bytes', 'memory.oom_control', 'blkio.throttle.io_service_bytes'],
  ...['blkio.throttle.read_bps_device', 'blkio.throttle.write_bps_device', 'freezer.state'],
  ...['cgroup.procs'],
]
const childFiles = controlFiles.filter((file) => !/^(io|blkio)|controllers|max_usage|peak/.test(file))

export class CgroupReader implements ViewReader {
  readonly stale = false

  script(): string {
    // 40 lines a file: a fork bomb fills cgroup.procs. Devices have names in uevent files.
    return `read -r up rest < /proc/uptime
set -- "$path"/*/
[ -d "$1" ] || set --
more=0
[ $# -le ${mostChildren} ] || more=$(($# - ${mostChildren}))
printf 'head\\nuptime %s\\nmore %s\\npath %s\\0files\\n' "$up" "$more" "$path"
n=0
for d; do
  n=$((n + 1)); shift
  [ $n -gt ${mostChildren} ] || set -- "$@" ${childFiles.map((file) => `"\${d}"${file}`).join(' ')}
done
grep -asHm 40 -e '^[0-9a-z]' -e '^[FT]' -e ^DEVNAME ${controlFiles.map((file) => `"$path"/${file}`).join(' ')} /sys/dev/block/*/uevent "$@"
printf '\\0processes\\n'
set --
while read -r p && [ $# -lt ${mostProcesses} ]; do set -- "$@" "/proc/$p/status"; done 2>/dev/null < "$path/cgroup.procs"
[ $# -eq 0 ] || grep -asHE '^Name:' "$@"
printf '\\0'`
  }

  read(frame: Frame): CgroupSample {
    return parseCgroup(frame)
  }
}

/** Lines of each file. */
type Files = Map<string, string[]>

export function parseCgroup(frame: Frame): CgroupSample {
  const head = frame.text('head')
  const path = head.slice(head.indexOf('\npath ') + 6)
  const directories = new Map<string, Files>()
  const devices = new Map<string, string>()
  for (const line of frame.text('files').split('\n')) {
    const device = /^\/sys\/dev\/block\/(\d+:\d+)\/uevent:DEVNAME=(.*)$/.exec(line)
    if (device) devices.set(device[1] ?? '', printable(device[2] ?? ''))
    // A directory's name may hold ": the file's own cannot, and no line holds "/" before it ends.
    const [, name, file = '', text = ''] =
      (line.startsWith(path) ? /^(?:\/+([^/]+))?\/+([a-z_.]+):(.*)$/.exec(line.slice(path.length)) : null) ??
      []
    if (file === '') continue
    const files = directories.get(name ?? '') ?? new Map<string, string[]>()
    directories.set(name ?? '', files)
    files.set(file, [...(files.get(file) ?? []), text])
  }
  const own = directories.get('') ?? new Map<string, string[]>()
  directories.delete('')
  const processes = frame
    .text('processes')
    .split('\n')
    .flatMap((line) => {
      const [, pid = '', command = ''] = /^\/proc\/(\d+)\/status:Name:\t(.*)$/.exec(line) ?? []
      return pid === '' ? [] : [{ pid: Number(pid), command: printable(command) }]
    })
  return {
    view: 'cgroup',
    at: Number(/^uptime ([\d.]+)/m.exec(head)?.[1] ?? 0) * 1000,
    path,
    // Empty files have no lines: only the root lacks cgroup.freeze, and the root has controllers.
    version: own.has('cgroup.freeze') || own.has('cgroup.controllers') ? 2 : 1,
    exists: own.size > 0,
    processes,
    more: Math.max(0, (own.get('cgroup.procs')?.length ?? 0) - processes.length),
    ...controlOf(own, devices),
    children: [...directories].map(([name, files]) => ({
      name: printable(name),
      processes: files.get('cgroup.procs')?.length ?? 0,
      ...controlOf(files, devices),
    })),
    moreChildren: Number(/^more (\d+)/m.exec(head)?.[1] ?? 0),
  }
}

/** Version 1 says "no limit" with the largest number of pages. */
const unlimited = 2 ** 62

function controlOf(files: Files, devices: ReadonlyMap<string, string>): CgroupControl {
  const number = (name: string): number | undefined => {
    const text = files.get(name)?.[0]
    return text !== undefined && /^\d+/.test(text) ? Number(text.split(' ')[0]) : undefined
  }
  const limit = (name: string): number | null => {
    const found = number(name)
    return found === undefined || found > unlimited ? null : found
  }
  const field = (file: string, key: string): number | undefined => {
    const line = files.get(file)?.find((one) => one.startsWith(`${key} `))
    return line === undefined ? undefined : Number(line.slice(key.length + 1))
  }
  const control: CgroupControl = {}
  const usage = field('cpu.stat', 'usage_usec') ?? inMicroseconds(number('cpuacct.usage'))
  if (usage !== undefined || files.has('cpu.shares'))
    control.cpu = {
      usage: usage ?? null,
      quota: quotaOf(files.get('cpu.max')?.[0], number('cpu.cfs_quota_us'), number('cpu.cfs_period_us')),
      weight: number('cpu.weight') ?? number('cpu.shares') ?? null,
      periods: field('cpu.stat', 'nr_periods') ?? 0,
      throttled: field('cpu.stat', 'nr_throttled') ?? 0,
    }
  const current = number('memory.current') ?? number('memory.usage_in_bytes')
  if (current !== undefined)
    control.memory = {
      current,
      max: limit('memory.max') ?? limit('memory.limit_in_bytes'),
      high: limit('memory.high'),
      peak: number('memory.peak') ?? number('memory.max_usage_in_bytes') ?? null,
      swap: swapOf(current, limit, number),
      oomKills: field('memory.events', 'oom_kill') ?? field('memory.oom_control', 'oom_kill') ?? 0,
    }
  const io = ioOf(files, devices)
  if (io.length > 0) control.io = io
  const pids = number('pids.current')
  if (pids !== undefined)
    control.pids = { current: pids, max: limit('pids.max'), refused: field('pids.events', 'max') ?? 0 }
  const freezer = files.get('freezer.state')?.[0]
  if (freezer !== undefined || files.has('cgroup.freeze'))
    control.frozen = freezer === undefined ? number('cgroup.freeze') === 1 : freezer === 'FROZEN'
  return control
}

function inMicroseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / 1000
}

/** cpu.max is "50000 100000", or "max 100000"; version 1 has -1 for no quota, which is no number here. */
function quotaOf(max: string | undefined, quota: number | undefined, period = 100_000): number | null {
  if (max !== undefined) {
    const [allowed, of] = max.split(' ').map(Number)
    return allowed === undefined || Number.isNaN(allowed) ? null : allowed / (of ?? 100_000)
  }
  return quota === undefined ? null : quota / period
}

function swapOf(
  current: number,
  limit: (name: string) => number | null,
  number: (name: string) => number | undefined,
): { current: number; max: number | null } | null {
  const swap = number('memory.swap.current')
  if (swap !== undefined) return { current: swap, max: limit('memory.swap.max') }
  const both = number('memory.memsw.usage_in_bytes')
  if (both === undefined) return null
  const [bothMax, max] = [limit('memory.memsw.limit_in_bytes'), limit('memory.limit_in_bytes')]
  return {
    current: Math.max(0, both - current),
    max: bothMax === null ? null : Math.max(0, bothMax - (max ?? 0)),
  }
}

/** "254:0 rbytes=0 wbytes=4096 …" and "254:0 rbps=max wbps=1048576 …"; version 1: "254:0 Write 4096". */
function ioOf(files: Files, devices: ReadonlyMap<string, string>): NonNullable<CgroupControl['io']> {
  const found = new Map<string, NonNullable<CgroupControl['io']>[number]>()
  const at = (number: string): NonNullable<CgroupControl['io']>[number] => {
    const device = devices.get(number) ?? number
    const one = found.get(number) ?? { device, read: 0, written: 0, readMax: null, writeMax: null }
    found.set(number, one)
    return one
  }
  const lines = (name: string): string[][] =>
    (files.get(name) ?? []).map((line) => line.split(' ')).filter(([number = '']) => /^\d+:\d+$/.test(number))
  for (const name of ['io.stat', 'io.max'])
    for (const [number = '', ...pairs] of lines(name))
      for (const [key, value] of pairs.map((pair) => pair.split('='))) {
        const amount = value === 'max' ? null : Number(value)
        if (key === 'rbytes') at(number).read = amount ?? 0
        if (key === 'wbytes') at(number).written = amount ?? 0
        if (key === 'rbps') at(number).readMax = amount
        if (key === 'wbps') at(number).writeMax = amount
      }
  for (const [number = '', kind, bytes] of lines('blkio.throttle.io_service_bytes')) {
    if (kind === 'Read') at(number).read = Number(bytes)
    if (kind === 'Write') at(number).written = Number(bytes)
  }
  for (const [number = '', bytes] of lines('blkio.throttle.read_bps_device'))
    at(number).readMax = Number(bytes)
  for (const [number = '', bytes] of lines('blkio.throttle.write_bps_device'))
    at(number).writeMax = Number(bytes)
  return [...found.values()]
}
