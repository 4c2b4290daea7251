// Who we are, and who they are: logins, tokens, certificates, and proxies in between. No
// password ends in wrong hands.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod/mini'
import { readJson } from '../../../../engine/distribution/body.ts'
import { atRegistry, pullScope, pushScope, RegistryClient } from '../../../../engine/distribution/client.ts'
import { checkLogin } from '../../../../engine/distribution/login.ts'
import type { RegistryOptions } from '../../../../engine/distribution/registry.ts'
import { Transport } from '../../../../engine/distribution/transport.ts'
import { packageRoot } from '../../../../sandbox-vm/package-root.ts'
import { makeAuthority } from '../../../suites/certificates.ts'
import { TestRegistry, type TestRegistryOptions } from '../../../suites/test-registry.ts'
import { send } from '../../../suites/test-registry-auth.ts'

const hasty: RegistryOptions = { retries: { pause: 1 }, timeouts: { answer: 2000, silence: 2000 } }
let directory: string
let open: TestRegistry[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-client-'))
})
afterEach(async () => {
  for (const registry of open) await registry[Symbol.asyncDispose]()
  open = []
  rmSync(directory, { recursive: true })
  vi.unstubAllEnvs()
})

async function registryOf(options?: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await TestRegistry.open(options)
  open.push(registry)
  registry.manifest('app', '1', { hello: 1 }, 'application/json')
  return registry
}

const call = { method: 'GET', path: '/v2/app/manifests/1', scopes: [pullScope('app')] } as const
const get = async (client: RegistryClient): Promise<unknown> =>
  readJson('manifest', await client.call(call), z.object({ hello: z.number() }))
const ask = (registry: TestRegistry, options: RegistryOptions = {}): Promise<unknown> =>
  atRegistry(registry.host, 'pull', { ...hasty, ...options }, undefined, get)

describe('logins', () => {
  const users = { mia: 'secret' }
  const mia = () => ({ username: 'mia', password: 'secret' })

  test('Basic: with, without and with the wrong password', async () => {
    const registry = await registryOf({ users })
    expect(await ask(registry, { credentials: mia })).toEqual({ hello: 1 })
    await expect(ask(registry)).rejects.toThrow(/wants a login: authentication required: tocker login 127/)
    const wrong = () => ({ username: 'mia', password: 'x' })
    await expect(ask(registry, { credentials: wrong })).rejects.toThrow(/wants a login/)
  })
  test('a token, fetched once for many requests', async () => {
    const registry = await registryOf({ users, auth: 'token' })
    const many = (client: RegistryClient) => Promise.all(Array.from({ length: 8 }, () => get(client)))
    await atRegistry(registry.host, 'pull', { ...hasty, credentials: mia }, undefined, many)
    expect(registry.count('GET', /^\/token/)).toBe(1)
    expect(registry.asked.find(({ path }) => path.startsWith('/token'))?.path).toBe(
      '/token?service=test&scope=repository%3Aapp%3Apull&account=mia',
    )
  })
  test('a token for nobody reads, and does not write', async () => {
    const registry = await registryOf({ users, auth: 'token' })
    expect(await ask(registry)).toEqual({ hello: 1 })
    const write = (client: RegistryClient) =>
      client.succeed('upload', {
        method: 'POST',
        path: '/v2/app/blobs/uploads/',
        scopes: [pushScope('app')],
      })
    await expect(atRegistry(registry.host, 'push', hasty, undefined, write)).rejects.toThrow(/wants a login/)
  })
  test('a token that ended is replaced', async () => {
    const registry = await registryOf({ users, auth: 'token' })
    const twice = async (client: RegistryClient) => {
      await get(client)
      registry.auth.tokens.clear()
      return get(client)
    }
    const options = { ...hasty, credentials: mia }
    expect(await atRegistry(registry.host, 'pull', options, undefined, twice)).toEqual({ hello: 1 })
    expect(registry.count('GET', /^\/token/)).toBe(2)
  })
  test('an identity token in place of the password', async () => {
    const registry = await registryOf({ users, auth: 'token' })
    const kept = await checkLogin(registry.host, mia(), hasty)
    expect(kept).toEqual({ username: 'mia', identityToken: 'identity-mia' })
    expect(await ask(registry, { credentials: () => kept })).toEqual({ hello: 1 })
    expect(registry.count('POST', /^\/token/)).toBe(1)
    const old = () => ({ identityToken: 'old' })
    await expect(ask(registry, { credentials: old })).rejects.toThrow(/does not take our login/)
  })
  test('a wrong password is told as one', async () => {
    for (const auth of ['token', 'basic'] as const) {
      const registry = await registryOf({ users, auth })
      const login = checkLogin(registry.host, { username: 'mia', password: 'x' }, hasty)
      await expect(login).rejects.toMatchObject({ kind: 'unauthorized' })
      expect(await checkLogin(registry.host, mia(), hasty)).toMatchObject({ username: 'mia' })
    }
  })
  test('a registry that says nonsense of its token server', async () => {
    const registry = await registryOf()
    const with401 = (value: string): Promise<unknown> => {
      registry.interfere = (_, response) => {
        send(response, 401, {}, { 'www-authenticate': value })
        return true
      }
      return ask(registry)
    }
    await expect(with401('Bearer service="x"')).rejects.toThrow(/does not say where to get a token/)
    await expect(with401('Bearer realm="file:///x"')).rejects.toThrow(/does not say where to get a token/)
    await expect(with401('Digest realm="x"')).rejects.toThrow(/wants a login/)
  })
})

describe('TLS', () => {
  test('a private CA, an unknown one, and one that is not asked for', async () => {
    const authority = makeAuthority(directory)
    const tls = { ...authority.server, ca: authority.ca, requestCert: true, rejectUnauthorized: false }
    const registry = await registryOf({ tls })
    const certificates = join(directory, 'certs.d')
    const own = join(certificates, registry.host)
    mkdirSync(own, { recursive: true })
    // 127.0.0.1 needs no proof: this is what other hosts get.
    const strict = async (insecure = false, host = registry.host): Promise<number> => {
      await using transport = new Transport({ ...hasty, certificates }, insecure)
      const { status, body } = await transport.send({ method: 'GET', url: new URL(`https://${host}/v2/`) })
      body.destroy()
      return status
    }
    expect(await strict(true)).toBe(200)
    await expect(strict()).rejects.toThrow(/signed by nobody we know: put its CA into \/etc\/docker\/certs.d/)
    writeFileSync(join(own, 'ca.crt'), authority.ca)
    expect(await strict()).toBe(200)
    writeFileSync(join(own, 'client.cert'), authority.client.cert)
    await expect(strict()).rejects.toThrow(/client.cert has no client.key beside it/)
    writeFileSync(join(own, 'client.key'), authority.client.key)
    let known: boolean | undefined
    registry.interfere = ({ socket }) => {
      known = (socket as TLSSocket).authorized
      return false
    }
    expect(await strict()).toBe(200)
    expect(known).toBe(true)
    writeFileSync(join(own, 'ca.crt'), 'no certificate')
    await expect(strict()).rejects.toThrow(/the certificates in .* cannot be used/)
  })
  test('a redirect away from TLS is refused', async () => {
    const registry = await registryOf({ tls: makeAuthority(directory).server })
    const other = await registryOf()
    registry.interfere = (_, response) => {
      send(response, 307, {}, { location: `${other.url}/v2/` })
      return true
    }
    const certificates = join(directory, 'certs.d')
    mkdirSync(join(certificates, registry.host), { recursive: true })
    writeFileSync(
      join(certificates, registry.host, 'ca.crt'),
      readFileSync(join(directory, 'authority/ca.crt')),
    )
    await using transport = new Transport({ ...hasty, certificates }, false)
    await expect(transport.send({ method: 'GET', url: new URL(`${registry.url}/v2/`) })).rejects.toThrow(
      /sends us on without TLS/,
    )
    const { host } = registry
    await using client = new RegistryClient(
      { base: registry.url, host, server: host, mirror: false, insecure: false },
      { ...hasty, certificates },
      { username: 'mia', password: 'secret' },
      undefined,
    )
    registry.interfere = (_, response) => {
      send(response, 401, {}, { 'www-authenticate': `Bearer realm="${other.url}/token"` })
      return true
    }
    await client.ping()
    await expect(get(client)).rejects.toThrow(/wants our login to go to 127.* without TLS/)
    expect(other.asked).toEqual([])
  })
})

test('a proxy of the environment is used, and NO_PROXY obeyed', async () => {
  const seen: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    seen.push(String(request.url))
    const [host = '', port] = String(request.url).split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const one of [onward, socket]) one.on('error', () => onward.destroy())
  })
  proxy.on('request', (_, response) => send(response, 502, {}))
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  const registry = await registryOf({ tls: makeAuthority(directory).server })
  expect(await ask(registry)).toEqual({ hello: 1 })
  expect(seen).toContain(registry.host)
  vi.stubEnv('NO_PROXY', '127.0.0.1')
  seen.length = 0
  expect(await ask(registry)).toEqual({ hello: 1 })
  expect(seen).toEqual([])
  proxy.closeAllConnections()
  proxy.close()
})

test('a CA that the whole machine trusts will do', async () => {
  const authority = makeAuthority(directory)
  await using registry = await TestRegistry.open({ tls: authority.server })
  // What OpenSSL takes for the system's store is told by the environment, and read once in a process.
  writeFileSync(join(directory, 'system.pem'), authority.ca)
  const script = `
    import { Transport } from ${JSON.stringify(join(packageRoot(), 'engine/distribution/transport.ts'))}
    await using transport = new Transport({ certificates: '/nonexistent' }, false)
    const answer = await transport.send({ method: 'GET', url: new URL('${registry.url}/v2/') })
    console.log(answer.status)
    answer.body.destroy()`
  const run = async (env: Record<string, string>) =>
    execa(process.execPath, ['--input-type=module', '-e', script], {
      env: { NODE_NO_WARNINGS: '1', SSL_CERT_DIR: '/nonexistent', ...env },
      reject: false,
    })
  expect((await run({ SSL_CERT_FILE: join(directory, 'system.pem') })).stdout).toBe('200')
  expect((await run({ SSL_CERT_FILE: '/nonexistent' })).stderr).toMatch(/signed by nobody we know/)
})
