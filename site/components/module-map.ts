// The way through a module, as lines beside its list of lessons: from each lesson
// a line to those that build on it. Pure; ModulePage.vue draws it row by row, so
// that rows may be as tall as their words need.

/** The lines of one row. A lane is a column; 0 is that of the lessons' own marks. */
interface MapRow {
  /** Lanes of lines that pass by. */
  through: number[]
  /** Lanes that come from above to this lesson's mark, and that leave from it downwards. */
  into: number[]
  out: number[]
}

export interface ModuleMap {
  rows: MapRow[]
  lanes: number
}

/** @param lessons in their order, which is that of the rows; what they name and is not among them makes no line */
export function moduleMap(lessons: readonly { slug: string; after: readonly string[] }[]): ModuleMap {
  const rows = lessons.map((): MapRow => ({ through: [], into: [], out: [] }))
  /** Row of the last lesson that a line in this lane leads to. */
  const busyUntil: number[] = []
  for (const [from, { slug }] of lessons.entries()) {
    const targets = lessons.flatMap((other, at) => (at > from && other.after.includes(slug) ? [at] : []))
    // To the next row straight down; to others by a lane that they share.
    if (targets[0] === from + 1) {
      rows[from]?.out.push(0)
      rows[from + 1]?.into.push(0)
    }
    const far = targets.filter((at) => at > from + 1)
    const last = far.at(-1)
    if (last === undefined) continue
    let lane = 1
    while ((busyUntil[lane] ?? -1) > from) lane++
    busyUntil[lane] = last
    rows[from]?.out.push(lane)
    for (let at = from + 1; at <= last; at++) {
      if (far.includes(at)) rows[at]?.into.push(lane)
      if (at < last) rows[at]?.through.push(lane)
    }
  }
  return { rows, lanes: Math.max(1, busyUntil.length) }
}
