// The client without a daemon: where it would go, what it makes of answers, and how it parts
// two streams that came in one.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { connect, path } from '../../../../engine/client/client.ts'
import { findEndpoint } from '../../../../engine/client/endpoint.ts'
import { readOutput } from '../../../../engine/client/frames.ts'
import { jsonLines } from '../../../../engine/client/json-lines.ts'

test.each([
  [{}, { DOCKER_CONFIG: '/nowhere' }, { kind: 'unix', path: '/run/tocker.sock' }],
  [{}, { DOCKER_HOST: 'unix:///a', TOCKER_HOST: 'unix:///b' }, { kind: 'unix', path: '/b' }],
  [{ host: 'tcp://h:1' }, { DOCKER_HOST: 'unix:///a' }, { kind: 'tcp', host: 'h', port: 1 }],
  [{ host: 'tcp://' }, {}, { kind: 'tcp', host: 'localhost', port: 2375 }],
  [{ host: '[::1]:5' }, {}, { kind: 'tcp', host: '::1', port: 5 }],
  [{ host: 'h:7' }, {}, { kind: 'tcp', host: 'h', port: 7 }],
])('%j in %j is at %j', (words, env, expected) => {
  expect(findEndpoint(words, env)).toMatchObject(expected)
})

test('TLS: verified or not, with the certificates that are there', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lc-client-'))
  try {
    await writeFile(join(directory, 'ca.pem'), 'ca')
    const env = { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory }
    expect(findEndpoint({}, env)).toMatchObject({ port: 2376, tls: { ca: Buffer.from('ca'), verify: true } })
    expect(findEndpoint({ tls: true }, { ...env, DOCKER_TLS_VERIFY: '' })).toMatchObject({
      tls: { verify: false },
    })
    expect(() => findEndpoint({ tlsverify: true, tlskey: '/nowhere' }, env)).toThrow(
      /could not read the TLS file \/nowhere/,
    )
  } finally {
    await rm(directory, { recursive: true })
  }
})

test.each(['ssh://h', 'unix://', 'tcp://a/b', 'tcp://a:b'])('%s is no address', (host) => {
  expect(() => findEndpoint({ host }, {})).toThrow(/unable to parse docker host/)
})

test('names in paths keep their slashes, and nothing else of meaning', () => {
  expect(path('/images/', 'localhost:5000/a b?c', '/json')).toBe('/images/localhost%3A5000/a%20b%3Fc/json')
})

test('the lower of two versions stands in front, and errors have their kind', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.setHeader('Api-Version', '1.41')
    response.statusCode = request.url === '/_ping' ? 200 : 409
    response.end(request.method === 'HEAD' ? undefined : '{"message":"no, twice"}\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const client = connect({ host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` })
    const query = { all: true, none: false, list: ['a', 'b'], missing: undefined }
    await expect(client.json({ path: '/x', query })).rejects.toMatchObject({
      kind: 'conflict',
      message: 'no, twice',
    })
    expect(asked).toEqual(['HEAD /_ping', 'GET /v1.41/x?all=1&list=a&list=b'])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

const frame = (stream: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)])

test('frames are parted, wherever the pieces are cut', async () => {
  const whole = Buffer.concat([frame(1, 'out'), frame(2, 'error'), frame(1, ''), frame(1, 'end')])
  for (let size = 1; size <= whole.length; size++) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
      whole.subarray(at * size, (at + 1) * size),
    )
    const said = { stdout: '', stderr: '' }
    await readOutput(Readable.from(pieces), false, (stream, bytes) => {
      said[stream] += bytes.toString()
    })
    expect(said).toEqual({ stdout: 'outend', stderr: 'error' })
  }
  await expect(readOutput(Readable.from([frame(3, 'lost')]), false, () => {})).rejects.toThrow(/lost/)
})

test('lines of JSON, and one that broke off', async () => {
  const read = async (...pieces: string[]) => Array.fromAsync(jsonLines(Readable.from(pieces)))
  expect(await read('{"a":', '1}\r\n\n{"b"', ':2}')).toEqual([{ a: 1 }, { b: 2 }])
  await expect(read('{"a":1}\n{"b')).rejects.toThrow(/broke off/)
})
