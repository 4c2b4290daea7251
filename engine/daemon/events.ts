// What happens, told to whoever listens: `docker events`. The last 256 are kept, so that
// `--since` has something to look back on; a listener that is slow loses the oldest, and
// nobody waits for it.
//
// Called by the jobs, when a verb is done; read by routes/system.ts.
import type { EventMessage, EventType } from '../api/event.ts'

/** As many as Docker keeps. */
const kept = 256
/** Of a listener that does not read. */
const mostWaiting = 4096

/** By names of filters; every name must match, and of a name's values one. */
export type EventFilters = Readonly<Record<string, readonly string[]>>

export const eventFilters: readonly string[] = [
  'type',
  'event',
  'container',
  'image',
  'label',
  'volume',
  'network',
  'daemon',
  'scope',
]

export interface EventRange {
  /** Nanoseconds since the epoch. Left out: only what comes from now on. */
  since?: bigint
  /** The stream ends then. */
  until?: bigint
  filters?: EventFilters
  signal?: AbortSignal
}

export class Events {
  readonly #past: EventMessage[] = []
  readonly #listeners = new Set<(event: EventMessage) => void>()
  #lastNano = 0n
  /** Milliseconds by which the wall clock has gone from the steady one, which has more digits. */
  #shift = 0

  get listeners(): number {
    return this.#listeners.size
  }

  /** @param attributes of the thing: `name`, `image`, its labels, `exitCode` */
  tell(type: EventType, action: string, id: string, attributes: Record<string, string> = {}): EventMessage {
    const nano = this.#now()
    const event: EventMessage = {
      ...(type === 'container' || type === 'image' ? { status: action, id } : {}),
      ...(type === 'container' && attributes.image !== undefined ? { from: attributes.image } : {}),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(nano / 1_000_000_000n),
      // A number of JSON has 53 bits: the last two digits are lost, as for every client in JavaScript.
      timeNano: Number(nano),
    }
    this.#past.push(event)
    if (this.#past.length > kept) this.#past.shift()
    for (const listener of this.#listeners) listener(event)
    return event
  }

  /** Past ones first, then those that come, until `until` or the signal. */
  async *watch({ since, until, filters = {}, signal }: EventRange): AsyncGenerator<EventMessage> {
    const waiting = since === undefined ? [] : this.#past.filter(({ timeNano }) => BigInt(timeNano) >= since)
    let wake = (): void => {}
    const listener = (event: EventMessage): void => {
      waiting.push(event)
      if (waiting.length > mostWaiting) waiting.shift()
      wake()
    }
    this.#listeners.add(listener)
    const ended = (): boolean => signal?.aborted === true || (until !== undefined && this.#now() > until)
    const timer = until === undefined ? undefined : setTimeout(() => wake(), millisecondsTo(until))
    const onAbort = (): void => wake()
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
          if (until !== undefined && BigInt(event.timeNano) > until) return
          if (matches(event, filters)) yield event
        }
        if (ended()) return
        await new Promise<void>((resolve) => {
          wake = resolve
          // It may have ended between the look and here.
          if (waiting.length > 0 || ended()) resolve()
        })
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#listeners.delete(listener)
    }
  }

  /** Never the same twice: two events in one microsecond keep their order. */
  #now(): bigint {
    const steady = performance.timeOrigin + performance.now()
    // Somebody has set the clock, or the machine has slept, which the steady one does not notice.
    const shift = Date.now() - steady
    if (Math.abs(shift - this.#shift) > 2) {
      // A clock that is only being slowed down does not change the order of events.
      if (shift < this.#shift - 1000) this.#lastNano = 0n
      this.#shift = shift
    }
    const now = BigInt(Math.round((steady + this.#shift) * 1000)) * 1000n
    this.#lastNano = now > this.#lastNano ? now : this.#lastNano + 1000n
    return this.#lastNano
  }
}

/** setTimeout(3) counts in 31 bits; the loop looks again anyway. */
function millisecondsTo(nano: bigint): number {
  const milliseconds = Number(nano / 1_000_000n) - Date.now() + 1
  return Math.min(Math.max(milliseconds, 0), 2 ** 31 - 1)
}

/**
 * `1700000000.000000123`, as Docker's client sends a time.
 * @returns nanoseconds; undefined for what is none
 */
export function parseTimestamp(text: string): bigint | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds === undefined) return undefined
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

// Pure from here on.

export function matches(event: EventMessage, filters: EventFilters): boolean {
  return Object.entries(filters).every(
    ([name, values]) => values.length === 0 || values.some((value) => matchesOne(event, name, value)),
  )
}

function matchesOne({ Type, Action, Actor, scope }: EventMessage, name: string, value: string): boolean {
  const { ID, Attributes } = Actor
  const isCalled = (type: EventType): boolean =>
    Type === type && (ID.startsWith(value) || Attributes.name === value || Attributes.name === `/${value}`)
  switch (name) {
    case 'type':
      return Type === value
    case 'event':
      // `exec_start` stands for `exec_start: ls -l`.
      return Action === value || Action.startsWith(`${value}: `)
    case 'scope':
      return scope === value
    case 'label':
      return hasLabel(Attributes, value)
    case 'image':
      return imageMatches(Type === 'image' ? (Attributes.name ?? ID) : (Attributes.image ?? ''), ID, value)
    case 'container':
    case 'volume':
    case 'network':
    case 'daemon':
      return isCalled(name)
    default:
      return false
  }
}

/** `key`, or `key=value`. */
function hasLabel(attributes: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=')
  if (at < 0) return Object.hasOwn(attributes, wanted)
  const key = wanted.slice(0, at)
  return Object.hasOwn(attributes, key) && attributes[key] === wanted.slice(at + 1)
}

/** `busybox` means every tag of it. */
function imageMatches(name: string, id: string, wanted: string): boolean {
  return name === wanted || id === wanted || name.replace(/:[^:/]*$/, '') === wanted
}
