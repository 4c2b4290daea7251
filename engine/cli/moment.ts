// A point in time, as `--since` and `--until` take it: `42m` ago, seconds since 1970, or a
// date. The API wants seconds with nine digits behind the point. Pure.
import { parseDuration } from './quantity.ts'

/** @throws RangeError for what is none of the three */
export function parseMoment(text: string, now = Date.now()): string {
  if (/^\d+(\.\d+)?$/.test(text)) return text
  if (/^[\d.]+[a-zµ]/.test(text)) return (now / 1000 - parseDuration(text) / 1e9).toFixed(9)
  const [, date = '', time = 'T00:00:00', fraction = '', zone] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(\.\d+)?)?(Z|[-+]\d\d:\d\d)?$/.exec(text) ?? []
  const clock = time.replace(/^T/, '')
  // Without a zone it is the local one's, as for Docker's client.
  const seconds = Date.parse(`${date}T${clock.length === 5 ? `${clock}:00` : clock}${zone ?? ''}`) / 1000
  if (Number.isNaN(seconds))
    throw new RangeError(`"${text}" is no time: it is 42m, 1700000000 or 2006-01-02T15:04:05Z`)
  return `${seconds}${fraction === '' ? '' : fraction}`
}
