// Where the daemon listens: sockets, ports, TLS, and who is there already.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listening, listen, parseHost } from '../../../../engine/daemon/server/listen.ts'
import type { Route } from '../../../../engine/daemon/server/router.ts'
import { createApiServer } from '../../../../engine/daemon/server/server.ts'

const directory = mkdtempSync(join(tmpdir(), 'lc-listen-'))
const path = join(directory, 'api.sock')
const routes: Route[] = [{ method: 'GET', path: '/_ping', handle: (exchange) => exchange.text(200, 'OK') }]
let listening: Listening

beforeAll(async () => {
  listening = await listen(createApiServer({ routes, name: 'x' }), { kind: 'unix', path })
})
afterAll(async () => {
  await listening[Symbol.asyncDispose]()
  expect(existsSync(path)).toBe(false)
  rmSync(directory, { recursive: true })
})

describe('where it listens', () => {
  test.each([
    ['unix:///run/x.sock', false, { kind: 'unix', path: '/run/x.sock' }],
    ['tcp://127.0.0.1:80', false, { kind: 'tcp', host: '127.0.0.1', port: 80 }],
    ['tcp://', false, { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
    ['tcp://:4000', false, { kind: 'tcp', host: '0.0.0.0', port: 4000 }],
    ['tcp://[::1]', true, { kind: 'tcp', host: '::1', port: 2376 }],
    ['fd://', false, { kind: 'fd', number: 3 }],
    ['fd://5', false, { kind: 'fd', number: 5 }],
  ])('%s', (text, tls, host) => {
    expect(parseHost(text, tls)).toEqual(host)
  })
  test.each([
    '',
    'x',
    'http://a',
    'unix://run/x',
    `unix:///${'x'.repeat(120)}`,
    'tcp://a b',
    'tcp://h/p',
    'fd://1',
    'fd://x',
  ])('%j is refused', (text) => {
    expect(() => parseHost(text, false)).toThrow(/^--host /)
  })
  test('the socket is for its owner and group alone', () => {
    expect(statSync(path).mode & 0o777).toBe(0o660)
  })
  test('a second daemon is refused, and what a killed one left is taken over', async () => {
    const second = createApiServer({ routes, name: 'x' })
    await expect(listen(second, { kind: 'unix', path })).rejects.toThrow(`another daemon listens on ${path}`)
    const stale = join(directory, 'stale.sock')
    const code = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(() => execFileSync(process.execPath, ['-e', code])).toThrow()
    expect(existsSync(stale)).toBe(true)
    const third = await listen(second, { kind: 'unix', path: stale })
    await third[Symbol.asyncDispose]()
  })
  test('a file that is no socket is left alone', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, 'precious')
    await expect(
      listen(createApiServer({ routes, name: 'x' }), { kind: 'unix', path: file }),
    ).rejects.toThrow('is no socket')
  })
  test('a port that is taken, a group that is not there', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const again = createApiServer({ routes, name: 'x' })
    await expect(listen(again, { kind: 'tcp', host: '127.0.0.1', port })).rejects.toThrow('is in use')
    other.close()
    const grouped = join(directory, 'group.sock')
    await expect(
      listen(createApiServer({ routes, name: 'x' }), { kind: 'unix', path: grouped }, 'no-such-group'),
    ).rejects.toThrow('there is no such group')
  })
  test('with TLS, a client must show a certificate of our authority', async () => {
    const file = (name: string) => join(directory, name)
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
    )
    for (const name of ['server', 'client', 'stranger']) {
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      )
      writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\n')
      const signer =
        name === 'stranger'
          ? ['-signkey', 'stranger.key']
          : ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-out', `${name}.pem`, '-extfile', 'ext')
    }
    const pem = (name: string) => readFileSync(file(name))
    const secure = createApiServer({
      routes,
      name: 'x',
      tls: { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem') },
    })
    await using there = await listen(secure, { kind: 'tcp', host: '127.0.0.1', port: 0 })
    const port = Number(/:(\d+)$/.exec(there.address)?.[1])
    const status = async (name: string | undefined) => {
      const own = name === undefined ? {} : { cert: pem(`${name}.pem`), key: pem(`${name}.key`) }
      const request = httpsRequest({
        host: '127.0.0.1',
        port,
        path: '/_ping',
        ca: pem('ca.pem'),
        ...own,
        agent: false,
      }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    expect(await status('client')).toBe(200)
    await expect(status('stranger')).rejects.toThrow()
    await expect(status(undefined)).rejects.toThrow()
  })
})
