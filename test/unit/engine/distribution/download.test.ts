// Blobs and manifests from a registry that cuts connections, sends other bytes, forgets
// ranges: what is kept is right or not there, and nothing is fetched twice.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { atRegistry, type RegistryClient } from '../../../../engine/distribution/client.ts'
import { download } from '../../../../engine/distribution/download.ts'
import { resolve } from '../../../../engine/distribution/resolve.ts'
import { ContentStore } from '../../../../engine/graph/content-store.ts'
import { type Descriptor, mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'

const hasty = { retries: { pause: 1 }, timeouts: { silence: 2000 } }
const bytes = randomBytes(3 * 2 ** 20 + 17)
let directory: string
let registry: TestRegistry
let content: ContentStore
let layer: Descriptor

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lc-download-'))
  registry = await TestRegistry.open()
  content = await ContentStore.open(directory)
  layer = { mediaType: mediaTypes.ociLayerGzip, ...registry.blob('app', bytes) }
})
afterEach(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const at = <T>(work: (client: RegistryClient) => Promise<T>, signal?: AbortSignal): Promise<T> =>
  atRegistry(registry.host, 'pull', hasty, signal, work)
const get = (descriptor = layer, signal?: AbortSignal, onBytes?: (count: number) => void): Promise<void> =>
  at((client) => download({ client, repository: 'app', content, ...hasty }, descriptor, onBytes), signal)
const partials = (): string[] => readdirSync(join(directory, 'ingest'))
const kept = async (): Promise<Buffer> => content.readBytes(layer.digest, 2 ** 24)

/** Sends what was asked for, but at most `most` bytes of it. */
function cutter(most: number): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    if (!request.url?.includes('/blobs/')) return false
    const begin = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = bytes.length - begin
    const range = { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(begin > 0 ? 206 : 200, { 'content-length': rest, ...(begin > 0 ? range : {}) })
    registry.sent += Math.min(most, rest)
    if (rest <= most) response.end(bytes.subarray(begin))
    else
      response.write(bytes.subarray(begin, begin + most), () => setTimeout(() => request.socket.destroy(), 5))
    return true
  }
}

describe('a blob', () => {
  test('comes as it is, once', async () => {
    const counts: number[] = []
    await get(layer, undefined, (count) => counts.push(count))
    expect((await kept()).equals(bytes)).toBe(true)
    expect([counts[0], counts.at(-1)]).toEqual([0, bytes.length])
    await get()
    expect(registry.sent).toBe(bytes.length)
    expect(partials()).toEqual([])
  })
  test('for all who ask at the same time', async () => {
    await Promise.all(Array.from({ length: 5 }, () => get()))
    expect(registry.sent).toBe(bytes.length)
  })
  test.each([1, 2 ** 16 + 1, 2 ** 20])('over connections that break after %i bytes', async (most) => {
    registry.interfere = cutter(most)
    if (most === 1) return expect(get()).rejects.toThrow(/breaks off the connection/)
    await get()
    expect((await kept()).equals(bytes)).toBe(true)
    expect(registry.sent).toBe(bytes.length)
  })
  test('goes on where it was given up', async () => {
    const control = new AbortController()
    registry.interfere = cutter(2 ** 21)
    let seen = 0
    const given = get(layer, control.signal, (count) => {
      seen = count
      if (count > 2 ** 20) control.abort(new Error('enough'))
    })
    await expect(given).rejects.toThrow('enough')
    expect(partials()).toHaveLength(1)
    // Another process, perhaps of another day.
    content = await ContentStore.open(directory)
    registry.interfere = undefined
    registry.sent = 0
    const counts: number[] = []
    await get(layer, undefined, (count) => counts.push(count))
    expect((await kept()).equals(bytes)).toBe(true)
    expect(counts[0]).toBe(seen)
    expect(registry.sent).toBe(bytes.length - seen)
    expect(partials()).toEqual([])
  })
  test('is not given up because somebody else gave up', async () => {
    const control = new AbortController()
    const one = get(layer, control.signal, () => control.abort(new Error('enough')))
    const [first, second] = await Promise.allSettled([one, get()])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    expect((await kept()).equals(bytes)).toBe(true)
  })
  test('that somebody else fetches can be given up without a wait', async () => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    registry.interfere = async (request) => {
      if (!request.url?.includes('/blobs/')) return false
      isAsked()
      await released
      return false
    }
    const first = get()
    await asked
    const control = new AbortController()
    const second = get(layer, control.signal)
    setTimeout(() => control.abort(new Error('enough')), 50)
    await expect(second).rejects.toThrow('enough')
    release()
    await first
    expect((await kept()).equals(bytes)).toBe(true)
  })
  test.each(['ignored', 'wrong'] as const)('from a server whose ranges are %s', async (ranges) => {
    const half = cutter(2 ** 20)
    let times = 0
    registry.ranges = ranges
    // cutter() knows ranges itself: only for the first request.
    registry.interfere = (request, response) =>
      request.url?.includes('/blobs/') === true && times++ === 0 && half(request, response)
    await get()
    expect((await kept()).equals(bytes)).toBe(true)
  })
  test('with other content is refused, and nothing of it stays', async () => {
    registry.blobs.set(layer.digest, randomBytes(bytes.length))
    await expect(get()).rejects.toThrow(/does not fit its digest/)
    expect(partials()).toEqual([])
    expect(await content.stat(layer.digest)).toBeUndefined()
  })
  test('whose first half was another one is fetched again', async () => {
    registry.blobs.set(layer.digest, randomBytes(bytes.length))
    const control = new AbortController()
    const given = get(layer, control.signal, (count) => count > 2 ** 20 && control.abort(new Error('enough')))
    await expect(given).rejects.toThrow('enough')
    registry.blobs.set(layer.digest, bytes)
    await get()
    expect((await kept()).equals(bytes)).toBe(true)
  })
  test.each([
    ['shorter', bytes.subarray(0, 1000), /is shorter at 127/],
    ['longer', Buffer.concat([bytes, bytes]), /longer than the/],
  ])('that is %s than its manifest says', async (_, other, message) => {
    registry.blobs.set(layer.digest, other)
    await expect(get()).rejects.toThrow(message)
    expect(await content.stat(layer.digest)).toBeUndefined()
  })
  test('that is not there', async () => {
    registry.blobs.clear()
    await expect(get()).rejects.toThrow(/^blob sha256:.* not found: blob_unknown$/)
    expect(partials().filter((name) => !name.endsWith('.partial'))).toEqual([])
  })
  test('that may not be copied comes from its maker', async () => {
    await using maker = await TestRegistry.open()
    maker.interfere = (_, response) => {
      response.end(bytes)
      return true
    }
    const foreign = { ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' }
    await get({ ...foreign, urls: ['ftp://x', `${maker.url}/somewhere`] })
    expect(registry.sent).toBe(0)
    await content.remove(layer.digest)
    // Anybody can write addresses into a manifest: for other layers they mean nothing.
    await get({ ...layer, urls: [`${maker.url}/somewhere`] })
    expect(registry.sent).toBe(bytes.length)
    expect(maker.asked).toHaveLength(1)
  })
})

describe('a name', () => {
  const config: Descriptor = { mediaType: mediaTypes.ociConfig, digest: `sha256:${'1'.repeat(64)}`, size: 2 }
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] }
  const find = (name = 'app:1', platform = { os: 'linux', architecture: 'amd64' }) =>
    at((client) => resolve(client, parseReference(`${registry.host}/${name}`), platform))

  test('is a manifest, as it came', async () => {
    const digest = registry.manifest('app', '1', manifest, mediaTypes.ociManifest)
    const { top, manifest: found, mediaType } = await find()
    expect([top.digest, found.digest, mediaType]).toEqual([digest, digest, mediaTypes.ociManifest])
    expect((await find(`app@${digest}`)).top.bytes.toString()).toBe(JSON.stringify(manifest))
  })
  test('or an index, in which the platform chooses', async () => {
    const add = (architecture: string) => ({
      mediaType: mediaTypes.ociManifest,
      digest: registry.manifest(
        'app',
        undefined,
        { ...manifest, annotations: { architecture } },
        mediaTypes.ociManifest,
      ),
      size: 1,
      platform: { os: 'linux', architecture },
    })
    const manifests = [add('arm64'), add('amd64')]
    registry.manifest('app', '1', { schemaVersion: 2, manifests }, mediaTypes.ociIndex)
    expect((await find()).manifest.digest).toBe(manifests[1]?.digest)
    expect((await find('app:1', { os: 'linux', architecture: 'aarch64' })).manifest.digest).toBe(
      manifests[0]?.digest,
    )
    await expect(find('app:1', { os: 'linux', architecture: 's390x' })).rejects.toThrow(
      /no matching manifest for/,
    )
  })
  test('that is not there, of another time, or of something else', async () => {
    await expect(find()).rejects.toThrow(/^manifest for 127.*app:1 not found: manifest unknown$/)
    registry.manifest(
      'app',
      '1',
      { schemaVersion: 1 },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    )
    await expect(find()).rejects.toThrow(/schema version 1/)
    const chart = {
      ...manifest,
      config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    }
    registry.manifest('app', '1', chart, mediaTypes.ociManifest)
    await expect(find()).rejects.toThrow(/no image to run, but an artifact/)
    registry.manifest('app', '1', {}, 'text/html')
    await expect(find()).rejects.toThrow(/answered with a web page/)
  })
  test('whose manifest is not what was promised', async () => {
    const digest = registry.manifest('app', '1', manifest, mediaTypes.ociManifest)
    registry.manifests.set(`app@${digest}`, { type: mediaTypes.ociManifest, bytes: Buffer.from('{}') })
    await expect(find(`app@${digest}`)).rejects.toThrow(/came in place of sha256/)
  })
})
