// A class without a sandbox: codes, who may look on, what viewers may say, and what
// a slow one costs.
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { ClassGuard } from '../../../site/server/class-guard.ts'
import { Classroom } from '../../../site/server/classroom.ts'
import { JoinLimit, makeCode, normaliseCode } from '../../../site/server/join-code.ts'
import { requestSchema } from '../../../site/server/protocol.ts'

const place = '192.0.2.7:4400'
const request = (headers: Record<string, string>): IncomingMessage =>
  Object.assign(Object.create(null), { headers: { host: place, ...headers } })

test('codes have six characters that cannot be mistaken for others, and are read as people type', () => {
  const codes = new Set(Array.from({ length: 500 }, makeCode))
  expect(codes.size).toBe(500)
  for (const code of codes) expect(code).toMatch(/^[A-HJKMNP-Z2-9]{6}$/)
  expect(normaliseCode(' k7m-4qx ')).toBe('K7M4QX')
})

test('ten wrong codes a minute for one, three hundred for all', () => {
  let now = 0
  const limit = new JoinLimit(() => now)
  for (let count = 0; count < 10; count++) {
    expect(limit.mustWait('a')).toBe(false)
    limit.wrong('a')
  }
  expect(limit.mustWait('a')).toBe(true)
  expect(limit.mustWait('b')).toBe(false)
  now = 60_000
  expect(limit.mustWait('a')).toBe(false)
  for (let count = 0; count < 300; count++) limit.wrong(`address ${count}`)
  expect(limit.mustWait('b')).toBe(true)
})

test('the guard of a class: the code, then the cookie, on its own addresses only', () => {
  const guard = new ClassGuard(() => [place])
  expect(guard.enter('a', 'WRONG2')).toBe('wrong')
  expect(guard.enter('a', `${guard.code}X`)).toBe('wrong')
  expect(guard.enter('a', guard.code.toLowerCase())).toBe('in')
  const cookie = guard.cookie(request({}))
  expect(cookie).toMatch(/^learn-containers-class-4400=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/)
  const good = { cookie: cookie.split(';')[0] ?? '', origin: `http://${place}` }
  expect(guard.refusal(request(good))).toBeUndefined()
  expect(guard.refusal(request({ ...good, cookie: '' }))?.status).toBe(401)
  expect(guard.refusal(request({ ...good, origin: 'http://evil.example' }))?.status).toBe(403)
  expect(guard.refusal(request({ ...good, origin: '' }))?.status).toBe(403)
  expect(guard.refusal(request({ ...good, host: 'evil.example:4400' }))?.status).toBe(421)
  expect(guard.refusal(request({ ...good, host: '127.0.0.1:4400' }))?.status).toBe(421)
  for (let count = 0; count < 10; count++) guard.enter('b', 'AAAAAA')
  expect(guard.enter('b', guard.code)).toBe('wait')
  expect(guard.enter('c', guard.code)).toBe('in')
})

class FakeSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  readonly sent: { type: string; [key: string]: unknown }[] = []
  closed: number | undefined
  pings = 0
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  ping(): void {
    this.pings++
  }
  close(code: number): void {
    this.closed = code
    this.readyState = 3
    this.emit('close')
  }
  terminate(): void {
    this.close(1006)
  }
}

function classroom() {
  let counted = 0
  const room = new Classroom(
    () => ({ code: 'K7M4QX', addresses: ['http://192.0.2.7:4400/join'] }),
    () => counted++,
  )
  const come = (): FakeSocket => {
    const socket = new FakeSocket()
    room.join(socket as unknown as WebSocket)
    return socket
  }
  const screen = { cols: 80, rows: 24 }
  const player = {
    lesson: { slug: 'demo', title: 'T', sandbox: { terminals: ['host'] } },
    state: () => ({ blocks: { 'one/run-1': { state: 'passed' } }, steps: { one: true }, screens: {} }),
    terminal: () => ({ screen, settled: async () => 'the screen', serialize: () => 'the end of it' }),
  } as unknown as Parameters<Classroom['present']>[0]
  const stage = { step: 'one', revealed: ['one/hint-1'], terminals: ['host'], blank: false }
  const print = (text: string): void =>
    room.hear(player, { type: 'output', terminal: 'host', data: Buffer.from(text) })
  return { room, come, player, stage, screen, print, counted: () => counted }
}

test('who comes before the instructor waits; who comes late gets everything there is', async () => {
  const { room, come, player, stage, print, counted } = classroom()
  const early = come()
  await expect.poll(() => early.sent).toEqual([{ type: 'waiting' }])
  room.present(player, stage)
  await expect.poll(() => early.sent.map(({ type }) => type)).toEqual(['waiting', 'mirror', 'hello'])
  const late = come()
  print('a')
  print('b')
  await expect
    .poll(() => late.sent.slice(0, 2))
    .toMatchObject([
      { type: 'mirror', slug: 'demo', stage, sizes: { host: { cols: 80, rows: 24 } } },
      { type: 'hello', blocks: { 'one/run-1': { state: 'passed' } }, screens: { host: 'the screen' } },
    ])
  // Two chunks within a moment are one message.
  expect(early.sent.filter(({ type }) => type === 'event')).toEqual([
    {
      type: 'event',
      event: { type: 'output', terminal: 'host', data: Buffer.from('ab').toString('base64') },
    },
  ])
  expect(room.facts()).toEqual({
    ...{ code: 'K7M4QX', addresses: ['http://192.0.2.7:4400/join'] },
    ...{ viewers: 2, following: 2 },
  })
  early.emit('message', JSON.stringify({ type: 'follow', on: false }))
  expect(room.facts().following).toBe(1)
  early.close(1000)
  expect(room.facts().viewers).toBe(1)
  expect(counted()).toBe(4)
  room.end(player)
  expect(late.sent.at(-1)).toEqual({ type: 'waiting' })
  room.close()
})

test('a new size is told, and much output is only its last screen', async () => {
  const { room, come, player, stage, screen, print } = classroom()
  room.present(player, stage)
  const viewer = come()
  await expect.poll(() => viewer.sent.length).toBe(2)
  screen.cols = 100
  for (let count = 0; count < 100; count++) print('x'.repeat(10_000))
  const since = () => viewer.sent.slice(2)
  await expect.poll(since).toContainEqual({ type: 'screen', terminal: 'host', data: 'the end of it' })
  expect(since()).toContainEqual({ type: 'size', terminal: 'host', cols: 100, rows: 24 })
  // Nor does any of it come afterwards.
  await sleep(300)
  expect(JSON.stringify(since()).length).toBeLessThan(1000)
  room.close()
})

test('a viewer that does not keep up gets nothing more, and everything anew when it can', async () => {
  const { room, come, player, stage, print } = classroom()
  room.present(player, stage)
  const slow = come()
  await expect.poll(() => slow.sent.length).toBe(2)
  slow.bufferedAmount = 2e6
  for (let count = 0; count < 20; count++) {
    print('more')
    room.present(player, stage)
  }
  expect(slow.sent.length).toBe(2)
  slow.bufferedAmount = 0
  await expect.poll(() => slow.sent.slice(2).map(({ type }) => type)).toEqual(['mirror', 'hello'])
  room.close()
})

test('a viewer may ask for everything again and say that it looks elsewhere; for anything else it is shown out', async () => {
  const { room, come } = classroom()
  for (const text of ['{"type":"run","id":"x"}', '{"type":"hello","more":1}', 'no JSON', '[]', '{}']) {
    const socket = come()
    socket.emit('message', text)
    expect(socket.closed, text).toBe(1008)
  }
  const talkative = come()
  for (let count = 0; count < 31; count++) talkative.emit('message', '{"type":"hello"}')
  expect(talkative.closed).toBe(1008)
  expect(room.facts().viewers).toBe(0)
  room.close()
})

test('two hundred look on, and the next one is told that the class is full', () => {
  const { room, come } = classroom()
  for (let count = 0; count < 200; count++) come()
  expect(come().closed).toBe(1013)
  expect(room.facts().viewers).toBe(200)
  room.close()
})

test('what a presenting page sends is checked as everything else is', () => {
  const stage = { step: '', revealed: [], terminals: ['host'], blank: false }
  expect(requestSchema.safeParse({ type: 'present', stage }).success).toBe(true)
  expect(requestSchema.safeParse({ type: 'present', stage: { ...stage, blank: 1 } }).success).toBe(false)
  expect(requestSchema.safeParse({ type: 'catch-up', step: 'x'.repeat(101) }).success).toBe(false)
})
