// `imagse` was meant to be `images`: the word that is fewest keys away.

/** Of words that are near enough to be meant, the nearest; undefined when none is. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((one) => ({ one, keys: distance(word, one) }))
    .filter(({ one, keys }) => keys <= Math.max(1, Math.floor(Math.max(one.length, word.length) * 0.4)))
    .sort((a, b) => a.keys - b.keys)
  return best?.one
}

/** Insertions, deletions, substitutions and swaps of neighbours (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const at = (line: number, column: number): number => rows[line]?.[column] ?? 0
      const substitution = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          (row[j - 1] ?? 0) + 1,
          substitution,
          swapped ? at(i - 2, j - 2) + 1 : substitution,
        ),
      )
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? 0
}
