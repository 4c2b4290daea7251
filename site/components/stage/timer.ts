// How long a lesson has been presented. Survives a reload of the page.
import { reactive } from 'vue'

export interface Timer {
  /** Milliseconds before it was started the last time. */
  before: number
  /** When it was started, as Date.now(); undefined while it stands. */
  since: number | undefined
}

export function keepTimer(slug: string): Timer {
  const stored: Timer = JSON.parse(sessionStorage.getItem(`timer ${slug}`) ?? '{"before":0}')
  return reactive({ before: stored.before, since: stored.since })
}

export function toggle(timer: Timer, slug: string): void {
  const now = Date.now()
  if (timer.since === undefined) timer.since = now
  else {
    timer.before += now - timer.since
    timer.since = undefined
  }
  sessionStorage.setItem(`timer ${slug}`, JSON.stringify(timer))
}

/** `7:05`, or `1:07:05`. */
export function shownTime({ before, since }: Timer, now: number): string {
  const seconds = Math.floor((before + (since === undefined ? 0 : Math.max(0, now - since))) / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
