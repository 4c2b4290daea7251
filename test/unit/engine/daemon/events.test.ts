// `docker events`: looking back, listening, filters, and listeners that leave.
import { expect, test, vi } from 'vitest'
import type { EventMessage } from '../../../../engine/api/event.ts'
import { Events, matches, parseTimestamp } from '../../../../engine/daemon/events.ts'

async function collect(from: AsyncGenerator<EventMessage>): Promise<string[]> {
  const all: string[] = []
  for await (const event of from) all.push(event.Action)
  return all
}

test('a container event is told in both spellings, the old and the new', () => {
  const event = new Events().tell('container', 'start', 'abc', { name: 'web', image: 'busybox' })
  expect(event).toMatchObject({
    status: 'start',
    id: 'abc',
    from: 'busybox',
    Type: 'container',
    scope: 'local',
  })
  expect(event.Actor).toEqual({ ID: 'abc', Attributes: { name: 'web', image: 'busybox' } })
  expect(new Events().tell('volume', 'create', 'v')).not.toHaveProperty('status')
})

test('with since, what was comes before what is; until ends it', async () => {
  const events = new Events()
  events.tell('container', 'create', 'a')
  events.tell('container', 'start', 'a')
  const soon = (milliseconds: number): bigint => BigInt(Date.now() + milliseconds) * 1_000_000n
  expect(await collect(events.watch({ since: 0n, until: soon(1) }))).toEqual(['create', 'start'])
  const later = collect(events.watch({ until: soon(2000) }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  events.tell('container', 'die', 'a')
  expect(await later).toEqual(['die'])
})

test('only the last 256 are remembered, in their order', async () => {
  const events = new Events()
  for (let count = 0; count < 300; count++) events.tell('image', `pull${count}`, 'i')
  const all = await collect(events.watch({ since: 0n, until: BigInt(Date.now() + 1) * 1_000_000n }))
  expect([all.length, all[0], all.at(-1)]).toEqual([256, 'pull44', 'pull299'])
})

test('a listener that leaves is forgotten', async () => {
  const events = new Events()
  const leaving = new AbortController()
  const all = collect(events.watch({ signal: leaving.signal }))
  await new Promise((resolve) => setTimeout(resolve, 5))
  events.tell('container', 'start', 'a')
  await new Promise((resolve) => setTimeout(resolve, 5))
  leaving.abort()
  expect(await all).toEqual(['start'])
})

test('filters: every name must match, and of its values one', () => {
  const started = new Events().tell('container', 'exec_start: ls', 'abcdef', {
    name: 'web',
    image: 'busybox:1.36',
    tier: 'front',
  })
  expect(matches(started, { type: ['image', 'container'], event: ['exec_start'] })).toBe(true)
  expect(matches(started, { container: ['abc'] })).toBe(true)
  expect(matches(started, { container: ['web'], label: ['tier=front'] })).toBe(true)
  expect(matches(started, { container: ['web'], label: ['tier=back'] })).toBe(false)
  expect(matches(started, { image: ['busybox'] })).toBe(true)
  expect(matches(started, { image: ['busybox:1.35'] })).toBe(false)
  expect(matches(started, { volume: ['web'] })).toBe(false)
  expect(matches(started, { label: ['__proto__'] })).toBe(false)
})

test('times as the client sends them', () => {
  expect(parseTimestamp('1700000000.000000123')).toBe(1_700_000_000_000_000_123n)
  expect(parseTimestamp('1700000000')).toBe(1_700_000_000_000_000_000n)
  for (const text of ['', 'x', '-1', '1.1234567890', '1h']) expect(parseTimestamp(text)).toBeUndefined()
})

test('when the clock is set, or the machine has slept, events follow it, either way', () => {
  const events = new Events()
  events.tell('container', 'create', 'a')
  try {
    for (const hours of [3, -3]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      const { timeNano } = events.tell('container', 'start', 'a')
      expect(Math.abs(timeNano / 1e6 - Date.now())).toBeLessThan(1000)
    }
  } finally {
    vi.useRealTimers()
  }
})
