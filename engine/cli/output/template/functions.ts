// The functions of Docker's --format templates: those of Go's text/template, and those
// that Docker adds.
import { goPrint, goSprint, goSprintf, missing } from './go-print.ts'
import { TemplateError } from './template-error.ts'

export type Functions = Readonly<Record<string, (...values: readonly unknown[]) => unknown>>

/** As Go sees it: nothing, zero and empty are false. */
export function isTrue(value: unknown): boolean {
  if (value === missing || value === undefined || value === null) return false
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object') return Object.keys(value).length > 0
  return value !== '' && value !== 0 && value !== false
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new TemplateError(`${name}: wrong type for value; expected a string, got ${kindOf(value)}`)
}

function number(name: string, value: unknown): number {
  if (typeof value === 'number') return value
  throw new TemplateError(`${name}: wrong type for value; expected a number, got ${kindOf(value)}`)
}

export function kindOf(value: unknown): string {
  if (value === missing || value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`
}

function compare(name: string, a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new TemplateError(`${name}: incompatible types for comparison: ${kindOf(a)} and ${kindOf(b)}`)
}

function equal(a: unknown, b: unknown): boolean {
  const [one, other] = [a, b].map((value) => (value === missing || value === undefined ? null : value))
  if (one !== null && other !== null && typeof one !== typeof other)
    throw new TemplateError(`eq: incompatible types for comparison: ${kindOf(one)} and ${kindOf(other)}`)
  if (one !== null && typeof one === 'object') throw new TemplateError('eq: lists and maps have no order')
  return one === other
}

function index(value: unknown, ...keys: readonly unknown[]): unknown {
  return keys.reduce<unknown>((inside, key) => {
    if (Array.isArray(inside) || typeof inside === 'string') {
      const at = number('index', key)
      if (at < 0 || at >= inside.length) throw new TemplateError(`index: index out of range: ${at}`)
      return inside[at]
    }
    if (typeof inside === 'object' && inside !== null) {
      const name = text('index', key)
      return Object.hasOwn(inside, name) ? Reflect.get(inside, name) : missing
    }
    if (inside === missing || inside === null || inside === undefined)
      throw new TemplateError('index: index of untyped nil')
    throw new TemplateError(`index: can't index ${kindOf(inside)}`)
  }, value)
}

function length(value: unknown): number {
  if (Array.isArray(value) || typeof value === 'string') return value.length
  if (typeof value === 'object' && value !== null) return Object.keys(value).length
  throw new TemplateError(`len: ${kindOf(value)} has no length`)
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (!Array.isArray(value) && typeof value !== 'string')
    throw new TemplateError(`slice: can't slice ${kindOf(value)}`)
  const [start, end] = [number('slice', from), to === undefined ? value.length : number('slice', to)]
  if (start < 0 || end < start || end > value.length)
    throw new TemplateError(`slice: index out of range: ${start}:${end} of ${value.length}`)
  return value.slice(start, end)
}

function join(list: unknown, separator: unknown): string {
  if (!Array.isArray(list)) throw new TemplateError(`join: expected a list, got ${kindOf(list)}`)
  return list.map(goPrint).join(text('join', separator))
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

export const functions: Functions = {
  json: (value) => JSON.stringify(value === missing || value === undefined ? null : value),
  split: (value, separator) => text('split', value).split(text('split', separator)),
  join: (list, separator) => join(list, separator),
  title: (value) => text('title', value).replace(/(^|\s)(\S)/g, (all) => all.toUpperCase()),
  lower: (value) => text('lower', value).toLowerCase(),
  upper: (value) => text('upper', value).toUpperCase(),
  pad: (value, before, after) => {
    const inner = text('pad', value)
    return inner === '' ? inner : ' '.repeat(number('pad', before)) + inner + ' '.repeat(number('pad', after))
  },
  truncate: (value, most) => text('truncate', value).slice(0, number('truncate', most)),
  len: length,
  index: index,
  slice: slice,
  print: (...values) => goSprint(values),
  println: (...values) => `${values.map(goPrint).join(' ')}\n`,
  printf: (format, ...values) => goSprintf(text('printf', format), values),
  html: (value) => goPrint(value).replace(/[&<>"']/g, (one) => escapes[one] ?? one),
  urlquery: (value) => encodeURIComponent(goPrint(value)).replaceAll('%20', '+'),
  not: (value) => !isTrue(value),
  eq: (value, ...others) => others.some((other) => equal(value, other)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare('lt', a, b) < 0,
  le: (a, b) => compare('le', a, b) <= 0,
  gt: (a, b) => compare('gt', a, b) > 0,
  ge: (a, b) => compare('ge', a, b) >= 0,
}

/** How many arguments each takes; what is not named takes any number from one on. */
export const arities: Readonly<Record<string, readonly [least: number, most: number]>> = {
  json: [1, 1],
  split: [2, 2],
  join: [2, 2],
  title: [1, 1],
  lower: [1, 1],
  upper: [1, 1],
  pad: [3, 3],
  truncate: [2, 2],
  len: [1, 1],
  slice: [1, 3],
  html: [1, 1],
  urlquery: [1, 1],
  not: [1, 1],
  eq: [2, Number.POSITIVE_INFINITY],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  print: [0, Number.POSITIVE_INFINITY],
  println: [0, Number.POSITIVE_INFINITY],
}
