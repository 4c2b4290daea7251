// One request at a registry that misbehaves: cut connections, limits, redirects,
// silence. What stays is one clear line.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod/mini'
import { readJson } from '../../../../engine/distribution/body.ts'
import { atRegistry, pullScope, type RegistryClient } from '../../../../engine/distribution/client.ts'
import type { RegistryOptions } from '../../../../engine/distribution/registry.ts'
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

describe('answers', () => {
  test('plain HTTP on this machine, after TLS was tried', async () => {
    const registry = await registryOf()
    expect(await ask(registry)).toEqual({ hello: 1 })
    expect(registry.asked[0]?.headers['user-agent']).toMatch(/^tocker\//)
  })
  test.each([429, 500, 502, 503])('%i passes', async (status) => {
    const registry = await registryOf()
    let times = 0
    registry.interfere = (_, response) => {
      if (++times > 2) return false
      send(response, status, {}, { 'retry-after': '0' })
      return true
    }
    expect(await ask(registry)).toEqual({ hello: 1 })
  })
  test('or does not: five times are enough', async () => {
    const registry = await registryOf()
    registry.interfere = (request, response) => {
      if (!request.url?.includes('manifests')) return false
      send(response, 429, { errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] })
      return true
    }
    await expect(ask(registry)).rejects.toThrow(/limits requests: slow down/)
    expect(registry.count('GET', /manifests/)).toBe(5)
  })
  test('a registry that wants hours is not asked again', async () => {
    const registry = await registryOf()
    registry.interfere = (request, response) => {
      if (!request.url?.includes('manifests')) return false
      send(response, 429, {}, { 'retry-after': '21600' })
      return true
    }
    await expect(ask(registry)).rejects.toThrow(/try again in 21600 s/)
    expect(registry.count('GET', /manifests/)).toBe(1)
  })
  test('a connection that breaks, before and in the middle of an answer', async () => {
    const registry = await registryOf()
    let times = 0
    registry.interfere = (request) => {
      if (!request.url?.includes('manifests') || ++times > 2) return false
      request.socket.destroy()
      return true
    }
    expect(await ask(registry)).toEqual({ hello: 1 })
    registry.interfere = (request, response) => {
      if (!request.url?.includes('manifests')) return false
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"hel', () => request.socket.destroy())
      return true
    }
    await expect(ask(registry)).rejects.toThrow(/breaks off the connection: try again later/)
  })
  test('an answer without end, of the wrong kind, or a web page', async () => {
    const registry = await registryOf()
    const says = (body: string, type: string) => {
      registry.interfere = (request, response) => {
        if (!request.url?.includes('manifests')) return false
        response.writeHead(200, { 'content-type': type }).end(body)
        return true
      }
      return ask(registry)
    }
    await expect(says('<!DOCTYPE html><title>Welcome to our hotel', 'text/html')).rejects.toThrow(
      /answered with a web page \(status 200\)/,
    )
    await expect(says('{"hello":"x"}', 'application/json')).rejects.toThrow(
      /something else than a registry does/,
    )
    await expect(says('"'.padEnd(5 * 2 ** 20), 'application/json')).rejects.toThrow(
      /longer than 4194304 bytes/,
    )
  })
  test('silence', async () => {
    const registry = await registryOf()
    registry.interfere = (request) => request.url?.includes('manifests') ?? false
    const options = { timeouts: { answer: 50 }, retries: { attempts: 1 } }
    await expect(ask(registry, options)).rejects.toThrow(/takes too long to answer/)
  })
  test('what is not there, and what is no registry', async () => {
    await expect(atRegistry('nowhere.invalid', 'pull', hasty, undefined, get)).rejects.toThrow(
      /there is no host named nowhere.invalid|cannot be looked up now/,
    )
    await expect(atRegistry('127.0.0.1:1', 'pull', hasty, undefined, get)).rejects.toThrow(
      'nobody answers at 127.0.0.1:1: does the registry run?',
    )
    const registry = await registryOf()
    registry.interfere = (_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>nginx')
      return true
    }
    await expect(ask(registry)).rejects.toThrow(/is this its address/)
  })
  test('giving up ends it at once, also in a pause', async () => {
    const registry = await registryOf()
    const control = new AbortController()
    registry.interfere = (request, response) => {
      if (!request.url?.includes('manifests')) return false
      send(response, 503, {}, { 'retry-after': '20' })
      setTimeout(() => control.abort(new Error('enough')), 20)
      return true
    }
    await expect(atRegistry(registry.host, 'pull', hasty, control.signal, get)).rejects.toThrow('enough')
  })
})

describe('redirects', () => {
  test('lead elsewhere without the password', async () => {
    const store = await registryOf()
    const registry = await registryOf({ users: { mia: 'secret' } })
    registry.interfere = (request, response) => {
      if (!request.url?.includes('manifests') || !request.headers.authorization) return false
      send(response, 307, {}, { location: `${store.url}/v2/app/manifests/1?signature=x` })
      return true
    }
    const credentials = () => ({ username: 'mia', password: 'secret' })
    expect(await ask(registry, { credentials })).toEqual({ hello: 1 })
    expect(store.asked).toHaveLength(1)
    expect(store.asked[0]?.headers.authorization).toBeUndefined()
  })
  test('in circles, to nowhere, to no address', async () => {
    const registry = await registryOf()
    const to = (location: string): Promise<unknown> => {
      registry.interfere = (request, response) => {
        if (!request.url?.includes('manifests')) return false
        send(response, 302, {}, { location })
        return true
      }
      return ask(registry)
    }
    await expect(to('/v2/app/manifests/1')).rejects.toThrow(/from one address to the next/)
    await expect(to('file:///etc/shadow')).rejects.toThrow(/sends us to "file:/)
    await expect(to('http://')).rejects.toThrow(/sends us to "http:/)
  })
})
