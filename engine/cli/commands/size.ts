// Sizes as Docker takes them: a number and b, k, m or g, in powers of 1024.

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** `200M` -> 209715200. @throws RangeError for anything else, and below 1 MiB, where no process starts */
export function parseBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  if (digits === '' || factor === undefined) throw new RangeError('it is a number and k, m or g, as 200m')
  const bytes = Math.floor(Number(digits) * factor)
  if (bytes < 1024 ** 2) throw new RangeError('no process starts in less than 1m')
  return bytes
}
