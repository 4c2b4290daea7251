// A push as a whole: what goes up and what need not, what it is called then, and what a
// bad connection costs.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgressMessage } from '../../../../engine/api/progress.ts'
import { pull } from '../../../../engine/distribution/pull.ts'
import { push, pushAllTags } from '../../../../engine/distribution/push.ts'
import { shortDigest } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { tagImage } from '../../../../engine/graph/images.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { registerImage } from '../../../../engine/graph/register-image.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { archiveOf, publish, type TestImage, usualArchives } from '../../../suites/registry-image.ts'
import { digestOf, TestRegistry } from '../../../suites/test-registry.ts'

const archives = usualArchives()
const hasty = { retries: { pause: 1 } }
let directory: string
let registry: TestRegistry
let graph: Graph
let driver: MemoryDriver
let image: TestImage
let told: ProgressMessage[]

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lc-push-'))
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

const get = (name = 'app:1') => pull(graph, parseReference(`${registry.host}/${name}`), { registry: hasty })
const onProgress = (message: ProgressMessage): void => void told.push(message)
const put = (name: string, options: Partial<Parameters<typeof push>[2]> = {}) =>
  push(graph, parseReference(`${registry.host}/${name}`), { registry: hasty, onProgress, ...options })
const statuses = (id: string): string[] => {
  const all = told.filter((one) => one.id === shortDigest(id)).map(({ status }) => status)
  return all.filter((status, index) => status !== all[index - 1])
}
const diffIds = archives.map(digestOf)
const tag = (name: string): void => tagImage(graph, `${registry.host}/app:1`, `${registry.host}/${name}`)

/** As commit and import make one: without manifest and blobs. */
async function makeHere(name: string): Promise<void> {
  await registerImage(graph, {
    config: image.config,
    layers: archives.map((tar) => ({
      diffId: digestOf(tar),
      open: () => Readable.from([tar], { objectMode: false }),
    })),
    references: [parseReference(`${registry.host}/${name}`)],
  })
}

describe('an image that was pulled', () => {
  test('goes on as it came, and is told in Docker’s words', async () => {
    await get()
    const other = await TestRegistry.open()
    tagImage(graph, `${registry.host}/app:1`, `${other.host}/team/app:2`)
    const pushed = await push(graph, parseReference(`${other.host}/team/app:2`), {
      registry: hasty,
      onProgress,
      atOnce: 2,
    })
    const bytes = registry.manifests.get('app:1')?.bytes
    expect(pushed).toEqual({ digest: image.digest, size: bytes?.length })
    expect(other.manifests.get('team/app:2')?.bytes.equals(bytes ?? Buffer.of())).toBe(true)
    for (const { digest } of image.layers) expect(other.blobs.has(digest)).toBe(true)
    expect(told[0]).toEqual({ status: `The push refers to repository [${other.host}/team/app]` })
    expect(told.at(-1)).toEqual({ status: `2: digest: ${image.digest} size: ${bytes?.length}` })
    expect(statuses(diffIds[0] ?? '')).toEqual(['Preparing', 'Pushing', 'Pushed'])
    expect(statuses(diffIds[2] ?? '')).toEqual(['Preparing', 'Waiting', 'Pushing', 'Pushed'])
    expect(graph.db.names.get(`${other.host}/team/app@${image.digest}`)).toBe(image.id)
    await other[Symbol.asyncDispose]()
  })
  test('costs nothing where it is already', async () => {
    await get()
    expect(await put('app:1')).toMatchObject({ digest: image.digest })
    expect(registry.count('PATCH', /./)).toBe(0)
    expect(statuses(diffIds[0] ?? '')).toEqual(['Preparing', 'Layer already exists'])
  })
  test('is mounted in another repository of the registry', async () => {
    await get()
    tag('other:1')
    await put('other:1')
    expect(registry.count('PATCH', /./)).toBe(1)
    expect(statuses(diffIds[0] ?? '')).toEqual(['Preparing', 'Mounted from app'])
    for (const { digest } of image.layers) expect(registry.links.has(`other@${digest}`)).toBe(true)
  })
  test('is sent where mounting is refused', async () => {
    await get()
    tag('other:1')
    for (const { digest } of image.layers) registry.links.delete(`app@${digest}`)
    await put('other:1')
    expect(statuses(diffIds[0] ?? '')).toEqual(['Preparing', 'Pushing', 'Pushed'])
    for (const { digest } of image.layers) expect(registry.links.has(`other@${digest}`)).toBe(true)
  })
  test('whose blobs are gone keeps its digest where the registry has them', async () => {
    await get()
    for (const { digest } of image.layers) await graph.content.remove(digest)
    expect(await put('app:1')).toMatchObject({ digest: image.digest })
    tag('other:1')
    // Nobody has them there: packed once more, they are other blobs, and it is another manifest.
    const pushed = await put('other:1')
    expect(pushed.digest).not.toBe(image.digest)
    expect(registry.manifests.get('other:1')?.type).toBe(mediaTypes.ociManifest)
  })
})

describe('an image that was made here', () => {
  test('is packed once, and has the same digest ever after', async () => {
    await makeHere('made:1')
    const pushed = await put('made:1')
    const { type, bytes } = registry.manifests.get('made:1') ?? { type: '', bytes: Buffer.of() }
    expect(type).toBe(mediaTypes.dockerManifest)
    const { layers, config } = JSON.parse(bytes.toString())
    expect(config.digest).toBe(image.id)
    expect(
      layers.map((one: { digest: string }) => digestOf(gunzipSync(registry.blobs.get(one.digest) ?? ''))),
    ).toEqual(diffIds)
    registry.blobs.clear()
    expect(await put('made:1')).toEqual(pushed)
    for (const { digest } of layers) expect(graph.db.blobs.isNeeded(digest)).toBe(true)
    await graph.content.sweep((digest) => graph.db.blobs.isNeeded(digest))
    expect(await put('made:1')).toEqual(pushed)
  })
  test('with one layer twice sends it once', async () => {
    const [base = Buffer.of()] = archives
    const config = Buffer.from(
      JSON.stringify({
        os: 'linux',
        architecture: 'amd64',
        rootfs: { type: 'layers', diff_ids: [digestOf(base), digestOf(base)] },
      }),
    )
    const layer = { diffId: digestOf(base), open: () => Readable.from([base], { objectMode: false }) }
    const references = [parseReference(`${registry.host}/twice:1`)]
    await registerImage(graph, { config, layers: [layer, layer], references })
    await put('twice:1')
    expect(registry.count('PATCH', /./)).toBe(2)
    expect(JSON.parse(String(registry.manifests.get('twice:1')?.bytes)).layers).toHaveLength(2)
  })
  test('is packed by the next one when the first gives up', async () => {
    await makeHere('made:1')
    const control = new AbortController()
    const diff = driver.diff.bind(driver)
    let times = 0
    driver.diff = async (id) => {
      if (times++ === 0) control.abort(new Error('enough'))
      return diff(id)
    }
    const [first, second] = await Promise.allSettled([
      put('made:1', { signal: control.signal }),
      put('made:1'),
    ])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    expect(registry.manifests.has('made:1')).toBe(true)
  })
  test('that the driver packs otherwise is not pushed as something else', async () => {
    await makeHere('made:1')
    for (const layer of driver.layers.values()) layer.tar = Buffer.from('another')
    await expect(put('made:1')).rejects.toThrow(/cannot be packed as it was/)
    expect(registry.manifests.has('made:1')).toBe(false)
    expect(readdirSync(join(directory, 'image/memory/content/ingest'))).toEqual([])
  })
})

describe('a bad connection', () => {
  test('costs what had not arrived', async () => {
    const large = publish(registry, 'large', '1', [
      archiveOf((at) => writeFileSync(join(at, 'x'), randomBytes(2 ** 21))),
    ])
    await get('large:1')
    await using other = await TestRegistry.open()
    other.cuts = 3
    tagImage(graph, `${registry.host}/large:1`, `${other.host}/large:1`)
    await push(graph, parseReference(`${other.host}/large:1`), { registry: hasty })
    expect(other.count('PATCH', /./)).toBe(5)
    expect(other.received).toBe((large.layers[0]?.size ?? 0) + large.config.length)
  })
  test('and a registry that has forgotten the upload: it begins again', async () => {
    await get()
    tag('other:1')
    let times = 0
    registry.interfere = (request, response) => {
      if (request.method !== 'PATCH' || ++times > 3) return false
      registry.uploads.clear()
      response.writeHead(503).end()
      request.resume()
      return true
    }
    for (const { digest } of image.layers) registry.links.delete(`app@${digest}`)
    expect(await put('other:1', { atOnce: 1 })).toMatchObject({ digest: image.digest })
  })
  test('that stays bad is told, and the tag stays as it was', async () => {
    await get()
    tag('other:1')
    registry.interfere = (request, response) => {
      if (request.method !== 'PATCH') return false
      response.writeHead(500).end()
      request.resume()
      return true
    }
    for (const { digest } of image.layers) registry.links.delete(`app@${digest}`)
    await expect(put('other:1')).rejects.toThrow(/cannot answer now: status 500/)
    expect(registry.manifests.has('other:1')).toBe(false)
  })
  test('giving up ends it at once', async () => {
    await get()
    tag('other:1')
    const control = new AbortController()
    registry.interfere = (request) => {
      if (request.method !== 'PATCH') return false
      control.abort(new Error('enough'))
      return true
    }
    for (const { digest } of image.layers) registry.links.delete(`app@${digest}`)
    await expect(put('other:1', { signal: control.signal })).rejects.toThrow('enough')
  })
})

test('all tags of a repository', async () => {
  await get()
  for (const name of ['other:1', 'other:2', 'another:1']) tag(name)
  const other = parseReference(`${registry.host}/other`)
  expect(await pushAllTags(graph, other, { registry: hasty })).toHaveLength(2)
  expect(['other:1', 'other:2', 'another:1'].map((name) => registry.manifests.has(name))).toEqual([
    true,
    true,
    false,
  ])
  const none = parseReference(`${registry.host}/none`)
  await expect(pushAllTags(graph, none, { registry: hasty })).rejects.toThrow(/does not exist locally/)
})

test('what cannot be pushed', async () => {
  await expect(put('nothing:1')).rejects.toThrow(/An image does not exist locally with the tag: .*nothing:1/)
  await expect(put(`app@${image.digest}`)).rejects.toThrow('cannot push a digest reference')
  await get()
  await using strict = await TestRegistry.open({ users: { mia: 'secret' }, auth: 'token' })
  tagImage(graph, `${registry.host}/app:1`, `${strict.host}/app:1`)
  const to = (credentials?: { username: string; password: string }) =>
    push(graph, parseReference(`${strict.host}/app:1`), {
      registry: { ...hasty, credentials: () => credentials },
    })
  await expect(to()).rejects.toThrow(/wants a login/)
  expect(await to({ username: 'mia', password: 'secret' })).toMatchObject({ digest: image.digest })
})
