// When to ask once more, and how long to wait before. Pure but for the clock.
//
// A registry that answers 429 or 503 is alive and wants time; one whose connection
// broke may have been restarted. Both pass. A refused connection, an unknown name or a
// certificate that nobody signed do not, and a reader should not wait to be told so.
import { setTimeout as sleep } from 'node:timers/promises'

export const usualRetries = { attempts: 5, pause: 500 }

/** Longer than this nobody waits in front of a terminal: then the registry's own words are the answer. */
const longest = 30_000

/** 408 and 425 say so themselves; 500 and its kin are often one machine of many. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504])

const broken = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
])

export function isPassing(status: number): boolean {
  return passing.has(status)
}

/** Whether a connection broke in a way that the next may not. */
export function isBroken(error: unknown): boolean {
  return broken.has(codeOf(error))
}

/** The code of the innermost error that has one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  // Every address of a name was tried, and each has its own error.
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  return codeOf(inner) || ('code' in error && typeof error.code === 'string' ? error.code : '')
}

/**
 * The pause before the next attempt, in milliseconds: twice as long each time, and by
 * chance up to half of it shorter. Without the chance, all who were turned away
 * together come back together.
 * @param attempt from 1
 * @param wanted what Retry-After says: seconds, or a date
 * @returns undefined when the registry wants more time than anybody waits
 */
export function pauseBefore(
  attempt: number,
  first: number,
  wanted?: string,
  now = Date.now(),
): number | undefined {
  const usual = Math.min(longest, first * 2 ** (attempt - 1)) * (1 - Math.random() / 2)
  const asked = wanted === undefined ? 0 : retryAfter(wanted, now)
  return asked > longest ? undefined : Math.max(asked, usual)
}

/** RFC 9110, 10.2.3. What cannot be read asks for nothing. */
function retryAfter(text: string, now: number): number {
  const seconds = /^\s*(\d{1,10})\s*$/.exec(text)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}

/** @throws the signal's reason, at once */
export async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
