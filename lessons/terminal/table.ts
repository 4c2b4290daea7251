// A Markdown table -> lines for a terminal: columns beside each other, a rule
// under the heads, and cells that are too long wrapped within their column.
//
// Called by markdown.ts, which has made the cells' bold and code already.
// Without frames between cells: half of a terminal has no room to give away.
import stringWidth from 'string-width'
import { paint } from './paint.ts'
import { wrap } from './wrapping.ts'

const gap = 2

/** Lines of a table, each at most `width` cells wide; the first of `rows` has the heads. */
export function tableLines(rows: readonly (readonly string[])[], width: number): string[] {
  const widths = columnWidths(rows, width)
  const [head = [], ...body] = rows.map((row) => rowLines(row, widths))
  const rule = paint('dim', '─'.repeat(widths.reduce((sum, one) => sum + one + gap, -gap)))
  return [...head, rule, ...body.flat()]
}

/** What the longest cell wants; where that is too much, the widest columns give. */
function columnWidths(rows: readonly (readonly string[])[], width: number): number[] {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(1, ...rows.map((row) => stringWidth(row[at] ?? ''))),
  )
  const room = Math.max(columns, width - gap * (columns - 1))
  while (widths.reduce((sum, one) => sum + one, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths))
    widths[widest] = (widths[widest] ?? 1) - 1
  }
  return widths
}

function rowLines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, at) => wrap(row[at] ?? '', width))
  return Array.from({ length: Math.max(...cells.map((cell) => cell.length)) }, (_, line) =>
    cells
      .map((cell, at) => {
        const text = cell[line] ?? ''
        return text + ' '.repeat(Math.max(0, (widths[at] ?? 0) + gap - stringWidth(text)))
      })
      .join('')
      .trimEnd(),
  )
}
