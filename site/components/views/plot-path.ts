// Where a line of the last minute runs, as paths of an SVG. Pure: HistoryPlot.vue
// draws what comes out of here.
import type { Point } from '../../../lessons/player/watch/cgroup-history.ts'

export interface PlotPath {
  /** Empty without two neighbouring values. */
  line: string
  area: string
  /** x of each point where something bad happened. */
  marks: number[]
}

const minute = 60_000

/** @param points oldest first; now is at the right edge. `top` is the value at the upper edge. */
export function plotPath(points: readonly Point[], top: number, width: number, height: number): PlotPath {
  const x = (ago: number): number => round(width - (ago / minute) * width)
  const y = (value: number): number =>
    round(height - (Math.min(value, top) / Math.max(top, Number.MIN_VALUE)) * height)
  const marks = points.filter(({ mark }) => mark).map(({ ago }) => x(ago))
  // A group that was removed and made again: no line over the time between.
  const runs: { x: number; y: number }[][] = []
  let goesOn = false
  for (const { ago, value } of points) {
    if (value !== undefined) {
      if (!goesOn) runs.push([])
      runs.at(-1)?.push({ x: x(ago), y: y(value) })
    }
    goesOn = value !== undefined
  }
  const drawn = runs.filter((run) => run.length > 1)
  const through = (run: { x: number; y: number }[]): string => run.map((at) => `${at.x} ${at.y}`).join('L')
  return {
    line: drawn.map((run) => `M${through(run)}`).join(''),
    area: drawn
      .map((run) => `M${run[0]?.x ?? 0} ${height}L${through(run)}L${run.at(-1)?.x ?? 0} ${height}Z`)
      .join(''),
    marks,
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
