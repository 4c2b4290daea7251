// The time in nanoseconds. Date.now() has milliseconds, in which a container prints
// thousands of lines; the monotonic clock has nanoseconds, and does not know the date.

/** Milliseconds by which the two may part, when somebody sets the clock, until they are matched anew. */
const tolerance = 5n

let offset = 0n

/** Nanoseconds since 1970. */
export function nanoseconds(): bigint {
  const monotonic = process.hrtime.bigint()
  const milliseconds = BigInt(Date.now())
  const apart = (monotonic + offset) / 1_000_000n - milliseconds
  if (apart > tolerance || apart < -tolerance) offset = milliseconds * 1_000_000n - monotonic
  return monotonic + offset
}

/** The second that was printed last: thousands of lines have the same. */
let printed = { second: -1n, text: '' }

/** RFC 3339 as Go prints it, without zeros at the end: `2026-01-31T12:00:00.0012Z`. Pure. */
export function formatTime(time: bigint): string {
  const second = time / 1_000_000_000n
  if (second !== printed.second)
    printed = { second, text: new Date(Number(second) * 1000).toISOString().slice(0, 19) }
  const fraction = String(time % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${printed.text}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** Undefined for what is no time. Pure. */
export function parseTime(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? []
  const milliseconds = Date.parse(`${seconds}${zone}`)
  if (Number.isNaN(milliseconds)) return undefined
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}
