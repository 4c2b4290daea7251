// `--filter name=value`, again and again. Pure.

/** @throws RangeError for one without a value */
export function parseFilter(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new RangeError('it is name=value, as dangling=true')
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()]
}

/** `{ label: ['a', 'b=c'], dangling: ['true'] }` */
export function collectFilters(
  pairs: readonly (readonly [name: string, value: string])[],
): Record<string, string[]> {
  const filters: Record<string, string[]> = {}
  for (const [name, value] of pairs) filters[name] = [...(filters[name] ?? []), value]
  return filters
}

/** As the API has them: JSON, in the one spelling that every daemon reads. Nothing when there are none. */
export function filtersQuery(filters: Readonly<Record<string, readonly string[]>>): { filters?: string } {
  if (Object.keys(filters).length === 0) return {}
  const sets = Object.entries(filters).map(([name, values]) => [
    name,
    Object.fromEntries(values.map((value) => [value, true])),
  ])
  return { filters: JSON.stringify(Object.fromEntries(sets)) }
}
