// Where things go on the screen, and which part of a text is in sight. Pure.
//
//   wide                                   narrow
//   header                                 header
//   +- lesson -+ +- host | inside -----+   +- lesson ------------+
//   |          | |                     |   |                     |
//   |          | +---------------------+   +- host | inside -----+
//   |          | +- live view ---------+   |                     |
//   +----------+ +---------------------+   +---------------------+
//   footer                                 footer

export interface Size {
  columns: number
  rows: number
}

export interface Layout {
  wide: boolean
  /** Cells of the text and of the terminal, inside their borders. */
  text: Size
  terminal: Size
  /** Cells of the live view beside the text; without it the view stands in the text. */
  view?: Size
  /** Cells of the notes below the text, inside their border. */
  notes?: Size
}

export const smallest: Size = { columns: 60, rows: 16 }

/** @param view the step has a live view @param notes an instructor's notes are shown */
export function layout(size: Size, view: boolean, notes = false): Layout {
  const places = withoutNotes(size, view)
  const below = Math.min(10, Math.floor(places.text.rows * 0.4))
  if (!notes || below < 4) return places
  return {
    ...places,
    text: { ...places.text, rows: places.text.rows - below },
    notes: { columns: places.text.columns, rows: below - 2 },
  }
}

function withoutNotes({ columns, rows }: Size, view: boolean): Layout {
  // Header and footer take a row each; a pane has two rows of borders, a terminal's also its tabs.
  const body = rows - 2
  if (columns >= 110) {
    const left = Math.min(84, Math.floor(columns * 0.48))
    const right = columns - left
    // A tree or a stack of layers needs room; the terminal needs more.
    const below = view && body >= 26 ? Math.max(9, Math.min(20, Math.floor(body * 0.36))) : 0
    return {
      wide: true,
      text: { columns: left - 4, rows: body - 2 },
      terminal: { columns: right - 2, rows: body - below - 3 },
      ...(below > 0 ? { view: { columns: right - 4, rows: below - 2 } } : {}),
    }
  }
  const below = Math.max(6, Math.floor(body * 0.4))
  return {
    wide: false,
    text: { columns: columns - 4, rows: body - below - 2 },
    terminal: { columns: columns - 2, rows: below - 3 },
  }
}

/** Lines from..to of a text, and how many there are. */
export interface Span {
  from: number
  to: number
}

/** Whether the end of `span` is in sight, with as much of its beginning as fits. */
export function inSight(top: number, rows: number, { from, to }: Span): boolean {
  const first = Math.max(from, to - rows + 1)
  return first >= top && to < top + rows
}

/** The nearest first line from which `span` is in sight, with a line around it to show that the text goes on. */
export function reveal(top: number, rows: number, { from, to }: Span): number {
  const first = Math.max(from, to - rows + 1)
  if (first < top) return Math.max(0, first - 1, to - rows + 1)
  return to >= top + rows ? Math.min(first, to - rows + 2) : top
}

export function clampTop(top: number, rows: number, lines: number): number {
  return Math.max(0, Math.min(top, lines - rows))
}
