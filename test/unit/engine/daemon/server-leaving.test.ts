// Clients that leave in the middle: of what they send, of what they get, of a connection
// that has stopped being HTTP. None of it is a mistake of the daemon's, and none ends it.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Exchange } from '../../../../engine/daemon/server/exchange.ts'
import { type Listening, listen } from '../../../../engine/daemon/server/listen.ts'
import { writeLog } from '../../../../engine/daemon/server/log-stream.ts'
import type { Route } from '../../../../engine/daemon/server/router.ts'
import { createApiServer } from '../../../../engine/daemon/server/server.ts'

const directory = mkdtempSync(join(tmpdir(), 'lc-leaving-'))
const path = join(directory, 'api.sock')
const mistakes: unknown[] = []
const over: string[] = []
const much = Buffer.alloc(1024 * 1024)

const handlers: Record<string, (exchange: Exchange) => Promise<void>> = {
  upload: ({ request }) => pipeline(request, new PassThrough().resume()),
  download: (exchange) =>
    pipeline(Readable.from(endless()), exchange.stream(200, 'application/x-tar'), {
      signal: exchange.signal,
    }),
  late: async (exchange) => {
    const stream = exchange.hijack('application/vnd.docker.raw-stream')
    await once(exchange.signal, 'abort')
    stream.write('nobody hears this')
    stream.end('nor this')
    await sleep(20)
  },
  logs: (exchange) =>
    writeLog(exchange.hijack('application/vnd.docker.raw-stream'), endlessLog(), {
      ...{ stdout: true, stderr: true, timestamps: false, details: false, raw: true },
    }),
  wrong: () => Promise.reject(new TypeError('x is not a function')),
}

async function* endless() {
  for (;;) yield much
}

async function* endlessLog() {
  for (;;) yield [{ stream: 'stdout' as const, time: 1n, line: much }]
}

const routes: Route[] = Object.entries(handlers).map(([name, handle]) => ({
  method: 'POST',
  path: `/${name}`,
  handle: (exchange) => handle(exchange).finally(() => over.push(name)),
}))

let listening: Listening
beforeAll(async () => {
  const server = createApiServer({ routes, name: 'test', onInternalError: (error) => mistakes.push(error) })
  listening = await listen(server, { kind: 'unix', path })
})
afterAll(async () => {
  await listening[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

/** @param head of the request, without its first line */
async function say(name: string, ...head: string[]): Promise<Socket> {
  const socket = connect(path)
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.write(`${[`POST /${name} HTTP/1.1`, 'Host: x', ...head].join('\r\n')}\r\n\r\n`)
  return socket
}

test.each([
  ['upload', 'Content-Length: 1000000'],
  ['download', 'Content-Length: 0'],
  ['late', 'Content-Length: 0'],
  ['logs', 'Content-Length: 0'],
  ['logs', 'Connection: Upgrade\r\nUpgrade: tcp'],
])('whoever leaves %s (%s) troubles nobody', async (name, head) => {
  over.length = 0
  const socket = await say(name, head)
  if (name === 'upload') socket.write('some of it')
  else await once(socket, 'data')
  socket.destroy()
  await expect.poll(() => over).toEqual([name])
  expect(mistakes).toEqual([])
})

test('what is wrong with us is told, all the same', async () => {
  const socket = await say('wrong', 'Content-Length: 0')
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toContain('500 Internal Server Error')
  expect(mistakes.splice(0)).toMatchObject([{ message: 'x is not a function' }])
  socket.destroy()
})

test('a reader that is slow takes no memory for having waited', async () => {
  const out = new PassThrough({ highWaterMark: 1 })
  const records = async function* () {
    for (let count = 0; count < 50; count++)
      yield [{ stream: 'stdout' as const, time: 1n, line: Buffer.from('x') }]
  }
  let isWritten = false
  void writeLog(out, records(), {
    stdout: true,
    stderr: true,
    timestamps: false,
    details: false,
    raw: true,
  }).then(() => {
    isWritten = true
  })
  while (!isWritten) {
    out.read()
    await sleep(1)
  }
  for (const event of ['drain', 'close', 'error'])
    expect(out.listenerCount(event), event).toBeLessThanOrEqual(1)
})
