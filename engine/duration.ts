// How long ago, as Docker says it (go-units HumanDuration): one unit, rounded so that
// nobody has to think.

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** @param seconds that have passed */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second'
  if (seconds < 2) return '1 second'
  if (seconds < minute) return `${Math.floor(seconds)} seconds`
  const minutes = Math.floor(seconds / minute)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.floor(seconds / hour + 0.5)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  const days = Math.floor((hours * hour) / day)
  if (hours < 24 * 7 * 2) return `${days} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(days / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(days / 30)} months`
  return `${Math.floor(seconds / hour / 24 / 365)} years`
}

/** `2 hours ago`; `N/A` for what has no time, as in layers of an image that was made to be reproducible. */
export function timeAgo(when: Date, now = new Date()): string {
  const past = when.getTime()
  if (Number.isNaN(past)) return 'N/A'
  return `${humanDuration((now.getTime() - past) / 1000)} ago`
}

/** As Go prints a time.Time: `2024-05-21 19:33:22 +0000 UTC`. */
export function goTime(when: Date): string {
  return `${when.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}
