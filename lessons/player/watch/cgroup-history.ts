// The last minute of a cgroup, as series that can be drawn: what only counts
// upwards (CPU time, bytes) becomes a rate here.
//
// Pure: drawn by the site and by the terminal.
import type { CgroupSample } from './samples.ts'

const minute = 60_000

/** The samples of the last minute with a new one; anew when the sandbox has another clock, or it is another group. */
export function withSample(history: readonly CgroupSample[], sample: CgroupSample): CgroupSample[] {
  const last = history.at(-1)
  const goesOn = last !== undefined && last.path === sample.path && last.at <= sample.at
  return [...(goesOn ? history.filter((one) => sample.at - one.at < minute) : []), sample]
}

export interface Point {
  /** Milliseconds before now. */
  ago: number
  /** Undefined: not there at that time. */
  value: number | undefined
  /** Something bad happened between the point before and this one: a kill, a refusal. */
  mark?: true
}

type Plot = 'cpu' | 'memory' | 'read' | 'written' | 'pids'

export interface CgroupPicture {
  sample: CgroupSample
  /** What there is to draw, in this order. */
  shown: ('cpu' | 'memory' | 'io' | 'pids')[]
  plots: Record<Plot, Point[]>
  /** CPUs in use now, over the last few seconds; null when nobody knows. */
  cpu: number | null
  /** Part of the enforcement periods in which it had to wait, over the last minute: 0 to 1. */
  throttled: number
  /** Bytes a second, per device. */
  io: { device: string; read: number; written: number; readMax: number | null; writeMax: number | null }[]
  children: { name: string; cpu: number | null; share: number; child: CgroupSample['children'][number] }[]
}

export function cgroupPicture(history: readonly CgroupSample[]): CgroupPicture | undefined {
  const sample = history.at(-1)
  if (!sample) return undefined
  const rateOf = (pick: (one: CgroupSample) => number | null | undefined): Point[] =>
    points(history, (one, before) => rate(one, before, pick))
  const plots: CgroupPicture['plots'] = {
    cpu: rateOf((one) => one.cpu?.usage).map((one) => scale(one, 1 / 1e6)),
    memory: points(
      history,
      (one) => one.memory?.current,
      (one) => one.memory?.oomKills,
    ),
    read: rateOf((one) => total(one, 'read')),
    written: rateOf((one) => total(one, 'written')),
    pids: points(
      history,
      (one) => one.pids?.current,
      (one) => one.pids?.refused,
    ),
  }
  const moved = (plot: Plot, least: number): boolean => plots[plot].some(({ value = 0 }) => value > least)
  const { cpu, memory, pids } = sample
  const periods = grown(history, (one) => one.cpu?.periods)
  const limited = sample.io?.some((one) => one.readMax !== null || one.writeMax !== null) ?? false
  const ordinary = sample.version === 2 ? 100 : 1024
  const shown: CgroupPicture['shown'] = []
  if (cpu && (cpu.quota !== null || (cpu.weight ?? ordinary) !== ordinary || moved('cpu', 0.02)))
    shown.push('cpu')
  if (memory && (memory.max !== null || memory.high !== null || moved('memory', 0))) shown.push('memory')
  if (limited || moved('read', 0) || moved('written', 0)) shown.push('io')
  if (pids && (pids.max !== null || pids.refused > 0)) shown.push('pids')
  return {
    sample,
    shown,
    plots,
    cpu: recent(history, (one) => one.cpu?.usage, 1e6),
    throttled: periods > 0 ? Math.min(1, grown(history, (one) => one.cpu?.throttled) / periods) : 0,
    io: (sample.io ?? []).map(({ device, readMax, writeMax }) => {
      const of = (key: 'read' | 'written') => (one: CgroupSample) =>
        one.io?.find((at) => at.device === device)?.[key]
      return {
        device,
        read: recent(history, of('read')) ?? 0,
        written: recent(history, of('written')) ?? 0,
        readMax,
        writeMax,
      }
    }),
    children: compared(history, sample),
  }
}

/** Each child's CPU, and its part of what all of them use together. */
function compared(history: readonly CgroupSample[], sample: CgroupSample): CgroupPicture['children'] {
  const rows = sample.children.map((child) => ({
    name: child.name,
    child,
    cpu: recent(history, (one) => one.children.find(({ name }) => name === child.name)?.cpu?.usage, 1e6),
  }))
  const all = rows.reduce((sum, { cpu }) => sum + (cpu ?? 0), 0)
  return rows.map((row) => ({ ...row, share: all > 0.01 ? (row.cpu ?? 0) / all : 0 }))
}

function points(
  history: readonly CgroupSample[],
  value: (one: CgroupSample, before: CgroupSample | undefined) => number | undefined,
  events: (one: CgroupSample) => number | undefined = () => 0,
): Point[] {
  const now = history.at(-1)?.at ?? 0
  return history.map((one, index) => {
    const before = history[index - 1]
    const marked = before?.exists === true && one.exists && (events(one) ?? 0) > (events(before) ?? 0)
    return {
      ago: now - one.at,
      value: one.exists ? value(one, before) : undefined,
      ...(marked ? { mark: true as const } : {}),
    }
  })
}

/** A second's worth of something that only grows; it shrinks when the cgroup is another one of the same name. */
function rate(
  one: CgroupSample,
  before: CgroupSample | undefined,
  pick: (one: CgroupSample) => number | null | undefined,
): number | undefined {
  const [now, then] = [pick(one), before === undefined ? undefined : pick(before)]
  if (typeof now !== 'number' || typeof then !== 'number' || !before || one.at <= before.at || now < then)
    return undefined
  return ((now - then) / (one.at - before.at)) * 1000
}

/** Rate over the last three seconds: a single frame jumps. */
function recent(
  history: readonly CgroupSample[],
  pick: (one: CgroupSample) => number | null | undefined,
  unit = 1,
): number | null {
  const last = history.at(-1)
  const first = history.find(
    (one) => last !== undefined && last.at - one.at < 3200 && typeof pick(one) === 'number',
  )
  if (!last || !first || first === last) return null
  const found = rate(last, first, pick)
  return found === undefined ? null : found / unit
}

/** By how much it grew in the time that is in sight. */
function grown(history: readonly CgroupSample[], pick: (one: CgroupSample) => number | undefined): number {
  return history.reduce((sum, one, index) => {
    const before = history[index - 1]
    return before ? sum + Math.max(0, (pick(one) ?? 0) - (pick(before) ?? 0)) : sum
  }, 0)
}

function total(one: CgroupSample, key: 'read' | 'written'): number | undefined {
  return one.io?.reduce((sum, device) => sum + device[key], 0)
}

function scale(point: Point, by: number): Point {
  return point.value === undefined ? point : { ...point, value: point.value * by }
}
