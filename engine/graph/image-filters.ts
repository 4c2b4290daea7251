// Filters of `images` and `image prune`: `--filter label=a=b`, `--filter until=24h`.
//
// Pure. Texts and rules are Docker's (api/types/filters, daemon/images).
import { EngineError } from '../errors.ts'
import { formatReference, type Reference, repositoryName } from './reference.ts'

/** `{ label: ['a=b', 'c'], dangling: ['true'] }`. */
export type Filters = Readonly<Record<string, readonly string[]>>

/** @throws EngineError `invalid` for a filter that the verb does not know */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const name of Object.keys(filters))
    if (!known.includes(name))
      throw new EngineError('invalid', `invalid filter '${name}': it can be ${known.join(', ')}`)
}

export function filterValues(filters: Filters, name: string): readonly string[] {
  return Object.hasOwn(filters, name) ? (filters[name] ?? []) : []
}

/** @returns undefined when it is not given */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filterValues(filters, name)
  if (values.length === 0) return undefined
  const meanings = new Set(
    values.map((value) =>
      /^(true|1|t)$/i.test(value) ? true : /^(false|0|f)$/i.test(value) ? false : undefined,
    ),
  )
  const [meaning] = meanings
  if (meanings.size !== 1 || meaning === undefined)
    throw new EngineError('invalid', `invalid filter '${name}=${values.join(',')}': it is true or false`)
  return meaning
}

/** `label=a`, `label=a=b`: all have to fit. `label!`: none may fit. */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const has = (wanted: string): boolean => {
    const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(wanted) ?? []
    return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
  }
  return filterValues(filters, 'label').every(has) && !filterValues(filters, 'label!').some(has)
}

/** Any of the patterns, for the name with its tag or without: `*` stands for anything but a slash. */
export function matchesReference(patterns: readonly string[], reference: Reference): boolean {
  const names = [formatReference(reference, 'familiar'), repositoryName(reference, 'familiar')]
  return patterns.some((pattern) => {
    const expression = globExpression(pattern)
    return names.some((name) => expression.test(name))
  })
}

function globExpression(pattern: string): RegExp {
  const parts = pattern.match(/\\.|\[\^?[^\]]+\]|[\s\S]/g) ?? []
  const source = parts.map((part) => {
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 2) return part.replace(/\\/g, String.raw`\\`)
    return part.replace(/^\\/, '').replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
  })
  try {
    return new RegExp(`^${source.join('')}$`)
  } catch {
    throw new EngineError('invalid', `invalid filter 'reference=${pattern}': the pattern is broken`)
  }
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/**
 * A moment: `24h`, `1h30m` (so long ago), seconds since the epoch, or a date.
 * @returns milliseconds since the epoch; undefined when it is not given
 */
export function untilFilter(filters: Filters, now: number = Date.now()): number | undefined {
  const values = filterValues(filters, 'until')
  const [text] = values
  if (text === undefined) return undefined
  if (values.length > 1) throw new EngineError('invalid', 'more than one until filter specified')
  if (/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    const parts = [...text.matchAll(/([\d.]+)(h|ms|m|s)/g)]
    return now - parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0)
  }
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  // Date.parse() alone takes a year of five digits, and "x 1".
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new EngineError(
      'invalid',
      `invalid value for 'until' filter: ${JSON.stringify(text.slice(0, 80))} is no duration (24h), no date and no number of seconds`,
    )
  return time
}
