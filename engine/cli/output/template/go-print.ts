// How Go prints a value (fmt's %v), and the part of Printf that templates use.
import { TemplateError } from './template-error.ts'

/** A key that a map does not have: `<no value>`, and false in an if. */
export const missing: unique symbol = Symbol('no value')

/** `map[a:1 b:2]`, `[x y]`, `<nil>`. */
export function goPrint(value: unknown): string {
  if (value === missing) return '<no value>'
  if (value === undefined || value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (typeof value === 'object') {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${pairs.map(([name, one]) => `${name}:${goPrint(one)}`).join(' ')}]`
  }
  return String(value)
}

/** Print puts a space between two operands when neither is a string. */
export function goSprint(values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const before = values[at - 1]
      const space = at > 0 && typeof value !== 'string' && typeof before !== 'string'
      return `${space ? ' ' : ''}${goPrint(value)}`
    })
    .join('')
}

/** `%s %v %d %q %x %t %f %%`, with width, `-`, `0` and precision. @throws TemplateError for another verb */
export function goSprintf(format: string, values: readonly unknown[]): string {
  let at = 0
  const text = format.replace(
    /%([-0+ ]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g,
    (whole, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      if (at >= values.length) return `%!${verb}(MISSING)`
      const body = formatOne(verb, values[at++], precision, whole)
      const size = Math.min(Number(width || 0), 1000)
      if (flags.includes('-')) return body.padEnd(size)
      return flags.includes('0') && /^[dfx]$/.test(verb) ? body.padStart(size, '0') : body.padStart(size)
    },
  )
  const extra = values.slice(at).map((value) => `${typeof value}=${goPrint(value)}`)
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text
}

function formatOne(verb: string, value: unknown, precision: string | undefined, whole: string): string {
  switch (verb) {
    case 's':
    case 'v':
      return precision === undefined ? goPrint(value) : goPrint(value).slice(0, Number(precision))
    case 'd':
    case 't':
      return goPrint(value)
    case 'q':
      return JSON.stringify(goPrint(value))
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(goPrint(value)).toString('hex')
    case 'f':
      return Number(value).toFixed(Math.min(Number(precision ?? 6), 100))
    default:
      throw new TemplateError(`printf: ${whole} is not known here: %s %v %d %t %q %x %f are`)
  }
}
