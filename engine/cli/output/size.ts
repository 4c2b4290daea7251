// Sizes as Docker prints them (go-units): powers of 1000, three or four digits that
// count: `1.23MB`, `4.1kB`, `0B`.

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const

/** @param digits how many count: 3 in lists of images, 4 in `system df` and progress */
export function humanSize(bytes: number, digits = 4): string {
  let value = Math.max(bytes, 0)
  let unit = 0
  // Rounded first: Go's %.3g makes `1e+03kB` of 999 999 bytes, and that is nobody's size.
  while (Number(value.toPrecision(digits)) >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`
}

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/** The same in powers of 1024, as memory is counted: `1.5MiB`. */
export function binarySize(bytes: number): string {
  let value = Math.max(bytes, 0)
  let unit = 0
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number(value.toPrecision(4))}${binaryUnits[unit]}`
}
