// Where the line of memory.current runs: the last minute of samples as paths of
// an SVG. Pure: CgroupView.vue draws what comes out of here.
import type { CgroupSample } from '../../../lessons/player/watch.ts'

export interface MemoryPlot {
  /** Path of memory.current; empty without two samples of an existing group. */
  line: string
  area: string
  /** y of memory.max, and its bytes. */
  limit?: number
  max?: number
  /** x of each sample that counts more OOM kills than the one before. */
  kills: number[]
  /** Most bytes in sight. */
  peak: number
}

const minute = 60_000

/** @param history oldest first; the last one is now, at the right edge */
export function plotMemory(history: readonly CgroupSample[], width: number, height: number): MemoryPlot {
  const now = history.at(-1)?.at ?? 0
  const points = history.flatMap(({ at, memory }, index) =>
    memory ? [{ at, ...memory, begins: !history[index - 1]?.memory }] : [],
  )
  const max = points.at(-1)?.max ?? undefined
  const peak = Math.max(0, ...points.map((one) => one.current))
  // A little air above the limit, so that the line touching it can be seen.
  const top = Math.max(1, (max ?? peak) * 1.15, peak * 1.05)
  const x = (at: number): number => round(width - ((now - at) / minute) * width)
  const y = (bytes: number): number => round(height - (bytes / top) * height)
  const kills = points.flatMap((one, index) => {
    const before = points[index - 1]
    return before && one.oomKills > before.oomKills ? [x(one.at)] : []
  })
  if (points.length < 2) return { line: '', area: '', kills, peak }
  // A group that was removed and made again: no line over the time between.
  const line = points.map((one) => `${one.begins ? 'M' : 'L'}${x(one.at)} ${y(one.current)}`).join('')
  const area = points
    .map((one, index) => {
      const ends = points[index + 1]?.begins ?? true
      return `${one.begins ? `M${x(one.at)} ${height}` : ''}L${x(one.at)} ${y(one.current)}${ends ? `L${x(one.at)} ${height}Z` : ''}`
    })
    .join('')
  return {
    line,
    area,
    ...(max === undefined ? {} : { limit: y(max), max }),
    kills,
    peak,
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
