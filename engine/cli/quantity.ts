// Numbers with units, as Docker's client takes them. Pure; whatever is wrong is a RangeError
// with the reason, and flags.ts says of which flag.
import { bytesOf } from '../size.ts'

/** `200M` in powers of 1024. */
export function parseRam(text: string): number {
  const bytes = bytesOf(text)
  if (bytes === undefined)
    throw new RangeError(`invalid size: '${text}': it is a number and k, m or g, as 200m`)
  return bytes
}

/** The same, and -1 for no limit. */
export function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseRam(text)
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** `1m30s`, `500ms` in nanoseconds, as Go reads a duration. */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new RangeError(`time: invalid duration "${text}": it is a number and a unit, as 30s`)
  return parts.reduce(
    (sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (nanoseconds[unit] ?? 0),
    0,
  )
}

/** `1.5` CPUs in billionths. */
export function parseCpus(text: string): number {
  if (!/^(\d+(\.\d+)?|\.\d+)$/.test(text))
    throw new RangeError(`failed to parse ${text} as a rational number`)
  const nano = Number(text) * 1e9
  if (!Number.isInteger(Math.round(nano * 1000) / 1000)) throw new RangeError('value is too precise')
  return Math.round(nano)
}

/** `name=value`. */
export function parsePair(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** `/dev/sda:1mb` for a rate, `/dev/sda:200` for a weight. */
export function parseDeviceAmount(
  text: string,
  amountOf: (text: string) => number,
): readonly [path: string, amount: number] {
  const at = text.lastIndexOf(':')
  const [path, amount] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1) throw new RangeError(`bad format: ${text}`)
  if (!path.startsWith('/dev/')) throw new RangeError(`bad format for device path: ${text}`)
  return [path, amountOf(amount)]
}

/** A whole number, as Go's strconv.ParseInt takes it. @throws RangeError */
export function parseInteger(text: string): number {
  if (!/^[-+]?\d{1,15}$/.test(text)) throw new RangeError('it is a whole number')
  return Number(text)
}
