// Columns, aligned as Docker's client aligns them: Go's text/tabwriter with cells of
// ten columns at least and three spaces between.
//
//   REPOSITORY   TAG       IMAGE ID       CREATED       SIZE
//   busybox      latest    b1f2a3c4d5e6   2 hours ago   1.23MB

const leastWidth = 10
const padding = 3

/**
 * Lays out lines whose cells end with a tab; what follows a line's last tab has no column.
 * As in tabwriter, a column is what stands below each other without a gap.
 * @param least cells of the narrowest column
 */
export function layOut(text: string, least = leastWidth): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const widths = lines.map((cells) => cells.slice(0, -1).map(() => 0))
  for (const [row, cells] of lines.entries()) {
    for (let column = 0; column < cells.length - 1; column++) {
      if (widths[row]?.[column] !== 0) continue
      let end = row
      let widest = 0
      while (end < lines.length && (lines[end]?.length ?? 0) - 1 > column) {
        widest = Math.max(widest, width(lines[end]?.[column] ?? ''))
        end++
      }
      const final = Math.max(widest + padding, least)
      for (let at = row; at < end; at++) {
        const line = widths[at]
        if (line) line[column] = final
      }
    }
  }
  return lines
    .map((cells, row) =>
      cells
        .map((cell, column) => cell + ' '.repeat(Math.max((widths[row]?.[column] ?? 0) - width(cell), 0)))
        .join(''),
    )
    .join('\n')
}

/** Code points, as tabwriter counts. */
function width(cell: string): number {
  return [...cell].length
}
