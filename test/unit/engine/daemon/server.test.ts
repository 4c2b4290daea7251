// The daemon's door, by real connections: versions, errors, bodies, streams, hijacking,
// sockets; and clients that lie, linger and leave.

import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'

import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { readJson } from '../../../../engine/daemon/server/body.ts'
import { frame } from '../../../../engine/daemon/server/frame.ts'
import { type Listening, listen } from '../../../../engine/daemon/server/listen.ts'
import { Query } from '../../../../engine/daemon/server/query.ts'
import type { Route } from '../../../../engine/daemon/server/router.ts'
import { createApiServer } from '../../../../engine/daemon/server/server.ts'
import { EngineError, type EngineErrorKind } from '../../../../engine/errors.ts'

const directory = mkdtempSync(join(tmpdir(), 'lc-server-'))
const path = join(directory, 'api.sock')
const gone: string[] = []
const schema = z.object({ Image: z.string(), Memory: z.optional(z.int()) })
const routes: Route[] = [
  { method: 'GET', path: '/_ping', handle: (exchange) => exchange.text(200, 'OK') },
  { method: 'HEAD', path: '/_ping', handle: (exchange) => exchange.text(200, 'OK') },
  {
    method: 'GET',
    path: '/containers/:name/json',
    handle: ({ parameters, version, json }) => void [parameters, version, json],
  },
  {
    method: 'GET',
    path: '/images/*name/json',
    handle: (exchange) => exchange.json(200, { name: exchange.parameter('name'), version: exchange.version }),
  },
  {
    method: 'POST',
    path: '/fail/:kind',
    handle: (exchange) => {
      throw new EngineError(exchange.parameter('kind') as EngineErrorKind, 'as asked')
    },
  },
  {
    method: 'POST',
    path: '/broken',
    handle: () => {
      throw new TypeError('x is not a function')
    },
  },
  {
    method: 'POST',
    path: '/body',
    handle: async (exchange) => exchange.json(201, await readJson(exchange.request, schema)),
  },
  {
    method: 'GET',
    path: '/events',
    handle: (exchange) => {
      exchange.stream(200, 'application/json')
      exchange.signal.addEventListener('abort', () => gone.push('events'))
    },
  },
  {
    method: 'POST',
    path: '/exec/:id/start',
    handle: async (exchange) => {
      const body = await readJson(exchange.request, z.object({ Tty: z.boolean() }))
      const stream = exchange.hijack('application/vnd.docker.raw-stream')
      stream.write(`tty=${body.Tty}\n`)
      await pipeline(stream, stream)
    },
  },
  {
    method: 'POST',
    path: '/containers/:id/attach',
    handle: async (exchange) => {
      if (exchange.parameter('id') === 'none') throw new EngineError('not-found', 'No such container: none')
      const stream = exchange.hijack('application/vnd.docker.multiplexed-stream')
      for await (const chunk of stream.iterator({ destroyOnReturn: false }))
        stream.write(frame('stdout', chunk))
      stream.end()
    },
  },
]
const internal: unknown[] = []
const server = createApiServer({
  routes,
  name: 'tocker/test (linux)',
  onInternalError: (error) => internal.push(error),
})
let listening: Listening

beforeAll(async () => {
  listening = await listen(server, { kind: 'unix', path })
})
afterAll(async () => {
  await listening[Symbol.asyncDispose]()
  expect(existsSync(path)).toBe(false)
  rmSync(directory, { recursive: true })
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

async function ask(
  method: string,
  target: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const request = httpRequest({ socketPath: path, method, path: target, headers, agent: new Agent() })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  }
}
const json = { 'Content-Type': 'application/json' }

/** Everything that comes back to these bytes until the other side closes. */
async function raw(text: string, { end = true, later = '' } = {}): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true })
  socket.write(text)
  if (later !== '') setTimeout(() => socket.end(later), 100)
  else if (end) socket.end()
  let all = ''
  for await (const chunk of socket) all += chunk
  return all
}

describe('versions and paths', () => {
  test('every answer says who answers, and which API', async () => {
    const { headers, body, status } = await ask('GET', '/_ping')
    expect([status, body]).toEqual([200, 'OK'])
    expect(headers).toMatchObject({ server: 'tocker/test (linux)', 'api-version': '1.51', ostype: 'linux' })
    expect(await ask('HEAD', '/v1.24/_ping')).toMatchObject({ status: 200, body: '' })
  })
  test('a name may have slashes, and the version is told', async () => {
    expect(
      JSON.parse((await ask('GET', '/v1.41/images/docker.io/library/busybox:latest/json')).body),
    ).toEqual({
      name: 'docker.io/library/busybox:latest',
      version: 41,
    })
  })
  test.each([
    ['/v1.99/_ping', 400, 'client version 1.99 is too new. Maximum supported API version is 1.51'],
    [
      '/v1.12/_ping',
      400,
      'client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    ['/nothing', 404, 'page not found'],
    ['/v2/_ping', 404, 'page not found'],
    ['/images/%zz/json', 404, 'page not found'],
  ])('%s', async (target, status, message) => {
    expect(await ask('GET', target)).toMatchObject({ status, body: `${JSON.stringify({ message })}\n` })
  })
})

describe('errors', () => {
  test.each([
    ['invalid', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['conflict', 409],
    ['internal', 500],
    ['not-implemented', 501],
    ['unavailable', 503],
  ])('%s is %i', async (kind, status) => {
    expect(await ask('POST', `/fail/${kind}`)).toMatchObject({ status, body: '{"message":"as asked"}\n' })
  })
  test('not-modified has no body', async () => {
    expect(await ask('POST', '/fail/not-modified')).toMatchObject({ status: 304, body: '' })
  })
  test('a mistake of ours is a 500, and is told to the log', async () => {
    expect(await ask('POST', '/broken')).toMatchObject({ status: 500 })
    expect(internal).toHaveLength(1)
  })
})

describe('bodies', () => {
  test('what fits passes, and unknown fields are left out', async () => {
    expect(await ask('POST', '/body', '{"Image":"a","Other":[1]}', json)).toMatchObject({
      status: 201,
      body: '{"Image":"a"}\n',
    })
  })
  test.each([
    ['', json, 'invalid JSON: got EOF while reading request body'],
    ['{"Image":', json, /^invalid JSON: /],
    [
      '{"Image":"a"}',
      { 'Content-Type': 'text/plain' },
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ],
    [
      '{"Image":1,"Memory":"x"}',
      json,
      'request body: $.Image: it must be a string; $.Memory: it must be a number',
    ],
    ['{}', json, 'request body: $.Image: it is missing'],
    ['[]', json, 'request body: $: it must be an object'],
  ])('%j is refused', async (body, headers, message) => {
    const answer = await ask('POST', '/body', body, headers)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).message).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
  })
  test('one that is too large is refused before it is read to its end', async () => {
    const huge = `POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n${'x'.repeat(5 * 2 ** 20)}`
    expect(await raw(huge, { end: false })).toMatch(/^HTTP\/1.1 400[\s\S]*it is larger than 4194304 bytes/)
  })
  test('no HTTP gets an answer of one line, and the end of the connection', async () => {
    expect(await raw('hello\r\n\r\n', { end: false })).toMatch(/^HTTP\/1.1 400 Bad Request/)
  })
})

describe('streams', () => {
  test('the headers are out at once, and a client that leaves is noticed', async () => {
    const request = httpRequest({ socketPath: path, path: '/events' }).end()
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    response.destroy()
    await expect.poll(() => gone).toEqual(['events'])
  })
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n'
  test('an upgrade reads its body first; what comes behind it is the container’s', async () => {
    const answer = await raw(
      `POST /v1.50/exec/1/start HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"Tty":true}early `,
      { later: 'late' },
    )
    expect(answer).toMatch(/^HTTP\/1.1 101 UPGRADED\r\nContent-Type: application\/vnd.docker.raw-stream\r\n/)
    expect(answer.split('\r\n\r\n')[1]).toBe('tty=true\nearly late')
  })
  test('without an upgrade the body is what goes in', async () => {
    const { body, headers } = await ask('POST', '/containers/1/attach', 'abc')
    expect(headers['content-type']).toBe('application/vnd.docker.multiplexed-stream')
    expect(Buffer.from(body)).toEqual(frame('stdout', Buffer.from('abc')))
  })
  test('an error before the hijack is an ordinary answer, and the connection ends', async () => {
    const answer = await raw(
      `POST /containers/none/attach HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: 0\r\n\r\n`,
      { end: false },
    )
    expect(answer).toMatch(/^HTTP\/1.1 404 Not Found\r\n[\s\S]*No such container: none/)
  })
})

test('a platform in a query is JSON, and one', () => {
  const platform = (...values: string[]) =>
    new Query(values.map((value) => `platform=${encodeURIComponent(value)}`).join('&')).platform('platform')
  expect(platform()).toBeUndefined()
  expect(platform('{"os":"linux","architecture":"arm","variant":"v7"}')).toEqual({
    ...{ os: 'linux', architecture: 'arm', variant: 'v7' },
  })
  expect(() => platform('linux/arm64')).toThrow('failed to parse platform')
  expect(() => platform('{"os":"linux"}')).toThrow('failed to parse platform')
  expect(() => platform('{}', '{}')).toThrow('multiple platforms is not supported')
})

test('queries are read as Docker reads them', () => {
  const query = new Query(
    'all=1&size=False&limit=3&bad=x&empty=&filters=%7B%22status%22%3A%7B%22exited%22%3Atrue%2C%22dead%22%3Afalse%7D%7D',
  )
  expect([query.flag('all'), query.flag('size'), query.flag('empty'), query.flag('missing', true)]).toEqual([
    true,
    false,
    false,
    true,
  ])
  expect(query.number('limit')).toBe(3)
  expect(() => query.number('bad')).toThrow('bad=x: it must be a whole number')
  expect(query.filters(['status'])).toEqual({ status: ['exited'] })
  expect(() => query.filters(['name'])).toThrow("invalid filter 'status'")
  expect(() => new Query('filters=[1]').filters([])).toThrow('filters: ')
})
