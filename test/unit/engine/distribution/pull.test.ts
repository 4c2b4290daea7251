// A pull as a whole, from a registry in memory into a graph whose driver keeps archives:
// what is told, what is asked, what is there afterwards, and what is not.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgressMessage } from '../../../../engine/api/progress.ts'
import { pull, pullAllTags } from '../../../../engine/distribution/pull.ts'
import { shortDigest } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { publish, type TestImage, usualArchives } from '../../../suites/registry-image.ts'
import { digestOf, TestRegistry } from '../../../suites/test-registry.ts'

const archives = usualArchives()
const hasty = { retries: { pause: 1 } }
let directory: string
let registry: TestRegistry
let driver: MemoryDriver
let graph: Graph
let image: TestImage
let told: ProgressMessage[]

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lc-pull-'))
  registry = await TestRegistry.open()
  driver = new MemoryDriver()
  graph = await openGraph(directory, driver)
  image = publish(registry, 'app', '1', archives)
  told = []
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

const onProgress = (message: ProgressMessage): void => void told.push(message)
const get = (name = 'app:1', options: Partial<Parameters<typeof pull>[2]> = {}) =>
  pull(graph, parseReference(`${registry.host}/${name}`), { registry: hasty, onProgress, ...options })
const statuses = (id?: string): string[] => {
  const all = told.filter((one) => id === undefined || one.id === id).map(({ status }) => status)
  return all.filter((status, index) => status !== all[index - 1])
}
const ingests = (): string[] => readdirSync(join(directory, 'image/memory/content/ingest'))
const name = (text: string): string | undefined => graph.db.names.get(`${registry.host}/${text}`)

describe('an image', () => {
  test('comes with all its layers, under two names', async () => {
    expect(await get()).toEqual({ imageId: image.id, digest: image.digest })
    expect(name('app:1')).toBe(image.id)
    expect(name(`app@${image.digest}`)).toBe(image.id)
    expect([...driver.layers.values()].map(({ tar }) => digestOf(tar))).toEqual(archives.map(digestOf))
    for (const { digest } of [...image.layers, { digest: image.digest }, { digest: image.id }])
      expect(await graph.content.stat(digest)).toBeDefined()
    expect(ingests()).toEqual([])
  })
  test('in Docker’s words', async () => {
    await get('app:1', { atOnce: 2 })
    expect(told[0]).toEqual({ id: '1', status: 'Pulling from app' })
    const [first, , third] = image.layers.map(({ digest }) => shortDigest(digest))
    const course = ['Downloading', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pull complete']
    expect(statuses(first)).toEqual(['Pulling fs layer', ...course])
    expect(statuses(third)).toEqual(['Pulling fs layer', 'Waiting', ...course])
    expect(told.slice(-2)).toEqual([
      { status: `Digest: ${image.digest}` },
      { status: `Status: Downloaded newer image for ${registry.host}/app:1` },
    ])
    told = []
    await get()
    expect(statuses(first)).toEqual(['Already exists'])
    expect(told.at(-1)?.status).toBe(`Status: Image is up to date for ${registry.host}/app:1`)
  })
  test('is fetched once, and of another image only what is new', async () => {
    await get()
    registry.sent = 0
    await get()
    expect(registry.sent).toBe(0)
    const other = publish(registry, 'app', '2', [...archives.slice(0, 2), ...usualArchives('b').slice(2)])
    await get('app:2')
    expect(registry.count('GET', new RegExp(other.layers[0]?.digest ?? ''))).toBe(1)
    expect(driver.layers.size).toBe(4)
  })
  test('by its digest, without a tag', async () => {
    await get(`app@${image.digest}`)
    expect(name(`app@${image.digest}`)).toBe(image.id)
    expect(name('app:latest')).toBeUndefined()
    expect(told.at(-1)?.status).toMatch(`Downloaded newer image for ${registry.host}/app@sha256:`)
  })
  test('of an index: for the platform; the index stays, too', async () => {
    const arm = publish(registry, 'app', undefined, usualArchives('arm'), {
      os: 'linux',
      architecture: 'arm64',
    })
    const manifests = [[image, 'amd64'] as const, [arm, 'arm64'] as const].map(
      ([{ digest }, architecture]) => ({
        mediaType: mediaTypes.ociManifest,
        digest,
        size: registry.manifests.get(`app@${digest}`)?.bytes.length ?? 0,
        platform: { os: 'linux', architecture },
      }),
    )
    const index = registry.manifest('app', 'multi', { schemaVersion: 2, manifests }, mediaTypes.ociIndex)
    const platform = { os: 'linux', architecture: 'arm64' }
    expect(await get('app:multi', { platform })).toEqual({ imageId: arm.id, digest: index })
    expect(name(`app@${index}`)).toBe(arm.id)
    expect(await graph.content.stat(index)).toBeDefined()
    expect(graph.db.blobs.isNeeded(index)).toBe(true)
    // Not of an index: it cannot choose, and says so.
    await expect(get('app:1', { platform })).rejects.toThrow(/it is for linux\/amd64, not for linux\/arm64/)
  })
  test('all tags of it', async () => {
    registry.page = 2
    for (const tag of ['2', '3', '4', '5']) publish(registry, 'app', tag, archives)
    const all = await pullAllTags(graph, parseReference(`${registry.host}/app`), {
      registry: hasty,
      onProgress,
    })
    expect(all).toHaveLength(5)
    expect(['1', '2', '3', '4', '5'].map((tag) => name(`app:${tag}`))).not.toContain(undefined)
    expect(registry.count('GET', /tags\/list/)).toBe(3)
    const tagged = parseReference(`${registry.host}/app:1`)
    await expect(pullAllTags(graph, tagged, { registry: hasty })).rejects.toThrow(/tag can't be used/)
  })
  test('ten people at the same time cost one download', async () => {
    await Promise.all(Array.from({ length: 10 }, () => get()))
    for (const { digest } of image.layers) expect(registry.count('GET', new RegExp(digest))).toBe(1)
    expect(driver.layers.size).toBe(3)
  })
  test('begins to unpack while the rest still comes', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    driver.beforeApply = async () => resolve()
    const last = image.layers[2]?.digest ?? ''
    registry.interfere = async (request) => {
      if (request.url?.includes(last)) await promise
      return false
    }
    await get()
    expect(name('app:1')).toBe(image.id)
  })
})

describe('what goes wrong leaves nothing', () => {
  const nothing = async (): Promise<void> => {
    expect(graph.db.images.all()).toEqual([])
    expect(graph.db.layers.all()).toEqual([])
    expect(driver.layers.size).toBe(0)
    expect(ingests().filter((one) => !one.endsWith('.partial'))).toEqual([])
  }
  test('a layer that is another one', async () => {
    registry.blobs.set(image.layers[1]?.digest ?? '', Buffer.alloc(image.layers[1]?.size ?? 0))
    await expect(get()).rejects.toThrow(/does not fit its digest/)
    await nothing()
  })
  test('a layer whose content is not what the config promised', async () => {
    const wrong = Buffer.from(
      image.config.toString().replace(image.layers[2]?.diffId ?? '', digestOf(Buffer.of(1))),
    )
    const config = { mediaType: mediaTypes.ociConfig, ...registry.blob('app', wrong) }
    const layers = image.layers.map(({ diffId: _, ...rest }) => rest)
    registry.manifest('app', 'bad', { schemaVersion: 2, config, layers }, mediaTypes.ociManifest)
    await expect(get('app:bad')).rejects.toThrow(/and sha256:.* was promised/)
    await nothing()
  })
  test('a layer that is not compressed by anything we know', async () => {
    const bad = publish(registry, 'app', 'bad', archives)
    const blob = registry.blob('app', Buffer.from('BZh9 is bzip2'))
    const config = { mediaType: mediaTypes.ociConfig, digest: bad.id, size: bad.config.length }
    const layers = [0, 1, 2].map(() => ({ mediaType: mediaTypes.ociLayer, ...blob }))
    registry.manifest('app', 'bad', { schemaVersion: 2, config, layers }, mediaTypes.ociManifest)
    await expect(get('app:bad')).rejects.toThrow(/compressed by bzip2/)
    await nothing()
  })
  test('a registry that breaks down', async () => {
    registry.interfere = (request, response) => {
      if (!request.url?.includes(image.layers[2]?.digest ?? '')) return false
      response.writeHead(500).end()
      return true
    }
    await expect(get()).rejects.toThrow(/cannot answer now: status 500/)
    await nothing()
  })
  test('an image for another system', async () => {
    publish(registry, 'app', 'win', archives, { os: 'windows', architecture: 'amd64' })
    await expect(get('app:win')).rejects.toThrow(/is for windows/)
    await nothing()
  })
  test('giving up, whenever', async () => {
    for (const when of ['Pulling fs layer', 'Downloading', 'Download complete', 'Extracting']) {
      const control = new AbortController()
      const stop = ({ status }: ProgressMessage): void => {
        if (status === when) control.abort(new Error('enough'))
      }
      await expect(get('app:1', { signal: control.signal, onProgress: stop })).rejects.toThrow('enough')
      await nothing()
    }
    expect(await get()).toMatchObject({ imageId: image.id })
  })
})

describe('mirrors of the Hub', () => {
  const hub = (mirrors: string[]) =>
    pull(graph, parseReference('app:1'), { registry: { ...hasty, mirrors }, onProgress })
  test('are asked in order, and the next when one has it not', async () => {
    await using empty = await TestRegistry.open()
    await using broken = await TestRegistry.open()
    broken.interfere = (_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>')
      return true
    }
    const mirror = publish(registry, 'library/app', '1', archives)
    const gone = 'http://127.0.0.1:1'
    expect(await hub([gone, broken.url, empty.url, registry.url])).toMatchObject({ imageId: mirror.id })
    expect(graph.db.names.get('docker.io/library/app:1')).toBe(mirror.id)
    expect(empty.count('GET', /manifests/)).toBe(1)
  })
  test('whose layers are wrong are passed over', async () => {
    await using bad = await TestRegistry.open()
    const mirror = publish(registry, 'library/app', '1', archives)
    publish(bad, 'library/app', '1', archives)
    bad.blobs.set(mirror.layers[0]?.digest ?? '', Buffer.alloc(mirror.layers[0]?.size ?? 0))
    expect(await hub([bad.url, registry.url])).toMatchObject({ imageId: mirror.id })
  })
})
