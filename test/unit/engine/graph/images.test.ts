// Images by their names: made, found, listed, inspected, tagged. In Docker's words.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256, shortDigest } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { type Filters, untilFilter } from '../../../../engine/graph/image-filters.ts'
import { findImage, listImages, tagImage } from '../../../../engine/graph/images.ts'
import { imageHistory, inspectImage } from '../../../../engine/graph/inspect-image.ts'
import { registerImage } from '../../../../engine/graph/register-image.ts'
import { configOf, makeImage } from '../../../suites/image-fixture.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'

let root: string
let driver: MemoryDriver
let graph: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-images-'))
  driver = new MemoryDriver()
  graph = await openGraph(root, driver)
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const digest = sha256('what a registry called it')
const blobs = async (): Promise<string[]> =>
  (await Array.fromAsync(graph.content.list())).map((blob) => blob.digest)

describe('registering', () => {
  test('makes layers, blobs, a row and names', async () => {
    const id = await makeImage(graph, { layers: ['a', 'b'], names: ['app', `app@${digest}`], manifest: true })
    expect(id).toBe(sha256(configOf({ layers: ['a', 'b'] })))
    expect(driver.layers.size).toBe(2)
    expect(findImage(graph, 'app:latest').id).toBe(id)
    expect(findImage(graph, `app@${digest}`).id).toBe(id)
    expect(await blobs()).toHaveLength(4)
    expect(graph.db.blobs.of(id)).toHaveLength(4)
    expect(graph.db.blobs.layersOf(sha256('a'))).toMatchObject([{ digest: sha256('a'), size: 1 }])
  })
  test('an image that is there already gets the name, and unpacks nothing', async () => {
    await makeImage(graph, { names: ['one'] })
    const calls = driver.calls.length
    const id = await makeImage(graph, { names: ['two'], manifest: true })
    expect([graph.db.names.of(id).length, driver.calls.length]).toEqual([2, calls])
    expect(graph.db.images.get(id)?.manifest).toMatch(/^sha256:/)
    await makeImage(graph, { names: ['two'] })
    expect(graph.db.images.get(id)?.manifest).toMatch(/^sha256:/)
  })
  test('an image whose parent went meanwhile has none', async () => {
    const id = await makeImage(graph, { parent: digest })
    expect(graph.db.images.get(id)?.parent).toBeNull()
  })
  test('an image without layers is one', async () => {
    const id = await makeImage(graph, { layers: [] })
    expect(graph.db.images.get(id)?.top_layer).toBeNull()
    expect((await inspectImage(graph, id)).RootFS.Layers).toEqual([])
  })
  test('what does not fit together leaves no layer', async () => {
    const config = configOf({ layers: ['a', 'b'] })
    const layer = (text: string) => ({
      diffId: sha256(text),
      open: () => Readable.from([Buffer.from(text)], { objectMode: false }),
    })
    const attempt = (...layers: ReturnType<typeof layer>[]) => registerImage(graph, { config, layers })
    await expect(attempt(layer('a'))).rejects.toThrow(/names 2 layers, and the manifest 1/)
    await expect(attempt(layer('b'), layer('a'))).rejects.toThrow(/layer 0 is sha256:/)
    const evil = { ...layer('b'), open: layer('evil').open }
    await expect(attempt(layer('a'), evil)).rejects.toThrow(/was promised/)
    expect([driver.layers.size, graph.db.layers.all(), graph.db.images.all()]).toEqual([0, [], []])
    const manifest = Buffer.from('{"schemaVersion":2,"manifests":[]}')
    await expect(
      registerImage(graph, { config, manifest, layers: [layer('a'), layer('b')] }),
    ).rejects.toThrow(/an index is no image/)
  })
})

describe('finding', () => {
  test('by name, id, and the beginning of an id', async () => {
    const id = await makeImage(graph, { names: ['app:1'] })
    for (const text of [
      'app:1',
      'docker.io/library/app:1',
      id,
      id.slice(7),
      id.slice(0, 12),
      id.slice(7, 10),
    ])
      expect(findImage(graph, text).id).toBe(id)
  })
  test.each([
    ['app', 'No such image: app:latest'],
    ['a.b/c:1', 'No such image: a.b/c:1'],
    ['f'.repeat(64), `No such image: ${'f'.repeat(64)}`],
    ['App', /must be lowercase/],
  ])('%s is not there', (text, message) => {
    expect(() => findImage(graph, text)).toThrow(message)
  })
  test('the beginning of several ids is refused', async () => {
    const first = new Set<string>()
    for (let n = 0; ; n++) {
      const id = await makeImage(graph, { labels: { n: String(n) } })
      const digit = id.slice(7, 8)
      if (first.has(digit)) {
        expect(() => findImage(graph, digit)).toThrow(/beginning of more than one image id/)
        expect(() => findImage(graph, `sha256:${digit}`)).toThrow(/beginning of more than one/)
        return
      }
      first.add(digit)
    }
  })
  test('a name goes before an id that begins alike', async () => {
    const id = await makeImage(graph)
    const other = await makeImage(graph, { layers: ['x'], names: [id.slice(7, 11)] })
    expect(findImage(graph, id.slice(7, 11)).id).toBe(other)
  })
})

describe('listing', () => {
  const tags = async (filters: Filters, all = false): Promise<string[]> =>
    (await listImages(graph, { filters, all })).map(({ RepoTags, Id }) => RepoTags[0] ?? shortDigest(Id))

  test('in Docker’s fields, with sizes', async () => {
    const id = await makeImage(graph, {
      layers: ['base', 'more'],
      names: ['app', 'x.y/app:2', `app@${digest}`],
      labels: { a: 'b' },
    })
    await makeImage(graph, { names: ['base'], created: '2025-01-01T00:00:00Z' })
    const [first, second] = await listImages(graph, { sharedSize: true, containers: true })
    expect(first).toEqual({
      Id: id,
      ParentId: '',
      RepoTags: ['app:latest', 'x.y/app:2'],
      RepoDigests: [`app@${digest}`],
      Created: Date.UTC(2026, 0, 1) / 1000,
      Size: 8,
      SharedSize: 4,
      Labels: { a: 'b' },
      Containers: 0,
    })
    expect(second).toMatchObject({ Labels: null, SharedSize: 4, Size: 4 })
    expect((await listImages(graph))[0]).toMatchObject({ SharedSize: -1, Containers: -1 })
  })
  test('by filters', async () => {
    await makeImage(graph, { names: ['old:1'], created: '2024-01-01T00:00:00Z', labels: { a: '1', b: '' } })
    await makeImage(graph, {
      names: ['mid:1', 'me/mid:2'],
      created: '2025-01-01T00:00:00Z',
      labels: { a: '2' },
    })
    const dangling = await makeImage(graph, { created: '2026-01-01T00:00:00Z' })
    const short = shortDigest(dangling)
    expect(await tags({})).toEqual([short, 'mid:1', 'old:1'])
    expect(await tags({ dangling: ['true'] })).toEqual([short])
    expect(await tags({ dangling: ['false'] })).toEqual(['mid:1', 'old:1'])
    expect(await tags({ label: ['a'] })).toEqual(['mid:1', 'old:1'])
    expect(await tags({ label: ['a=1', 'b'] })).toEqual(['old:1'])
    expect(await tags({ 'label!': ['a=1'] })).toEqual([short, 'mid:1'])
    expect(await tags({ before: ['mid:1'] })).toEqual(['old:1'])
    expect(await tags({ since: ['mid:1'] })).toEqual([short])
    expect(await tags({ until: ['2024-06-01'] })).toEqual(['old:1'])
    expect(await tags({ reference: ['m*'] })).toEqual(['mid:1'])
    expect(await tags({ reference: ['*/mid'] })).toEqual(['me/mid:2'])
    expect(await tags({ reference: ['o?d:[0-9]', 'none'] })).toEqual(['old:1'])
    expect(await tags({ reference: ['none'] })).toEqual([])
  })
  test('without the steps in between, unless asked', async () => {
    const parent = await makeImage(graph, { layers: ['a'] })
    await makeImage(graph, { layers: ['a', 'b'], names: ['app'], parent })
    expect(await tags({})).toEqual(['app:latest'])
    expect(await tags({}, true)).toHaveLength(2)
  })
  test.each<[Filters, RegExp]>([
    [{ colour: ['red'] }, /invalid filter 'colour': it can be dangling/],
    [{ dangling: ['perhaps'] }, /it is true or false/],
    [{ dangling: ['true', 'false'] }, /it is true or false/],
    [{ before: ['nothing'] }, /No such image: nothing:latest/],
    [{ until: ['soon'] }, /no duration/],
    [{ until: ['1h', '2h'] }, /more than one until/],
    [{ reference: ['[z-a]'] }, /the pattern is broken/],
  ])('%j is refused', async (filters, message) => {
    await makeImage(graph, { names: ['app'] })
    await expect(listImages(graph, { filters })).rejects.toThrow(message)
  })
  test('until is a duration, a date or seconds', () => {
    const until = (text: string): number | undefined => untilFilter({ until: [text] }, 10_000_000)
    expect([
      until('1h30m'),
      until('10s'),
      until('1.5s'),
      until('5000'),
      until('2024-01-01T00:00:00Z'),
    ]).toEqual([4_600_000, 9_990_000, 9_998_500, 5_000_000, Date.UTC(2024, 0, 1)])
    expect(untilFilter({})).toBeUndefined()
  })
})

test('inspect and history say what Docker says', async () => {
  const parent = await makeImage(graph, { layers: ['a'], names: ['base'] })
  const id = await makeImage(graph, { layers: ['a', 'bb'], names: ['app', `app@${digest}`], parent })
  expect(await inspectImage(graph, 'app')).toMatchObject({
    Id: id,
    RepoTags: ['app:latest'],
    RepoDigests: [`app@${digest}`],
    Parent: parent,
    Created: '2026-01-01T00:00:00Z',
    Author: 'us',
    Config: { Cmd: ['sh'] },
    Architecture: 'amd64',
    Os: 'linux',
    Size: 3,
    GraphDriver: { Name: 'memory' },
    RootFS: { Type: 'layers', Layers: [sha256('a'), sha256('bb')] },
    Metadata: { LastTagTime: expect.stringMatching(/^20/) },
  })
  const history = await imageHistory(graph, 'app')
  expect(history.map(({ CreatedBy, Size, Id }) => [CreatedBy, Size, Id])).toEqual([
    ['CMD sh', 0, id],
    ['ADD bb', 2, parent],
    ['ADD a', 1, '<missing>'],
  ])
  expect(history[0]).toMatchObject({
    Tags: ['app:latest'],
    Comment: '',
    Created: Date.UTC(2026, 0, 1) / 1000,
  })
})

describe('tagging', () => {
  test('gives one more name, taken from whoever has it', async () => {
    const one = await makeImage(graph, { names: ['one'] })
    const two = await makeImage(graph, { layers: ['x'], names: ['two'] })
    tagImage(graph, 'one', 'two')
    expect(findImage(graph, 'two').id).toBe(one)
    expect(graph.db.names.of(two)).toEqual([])
  })
  test.each([
    ['none', 'x', /No such image/],
    ['one', `x@${digest}`, /refusing to create a tag with a digest/],
    ['one', 'sha256:abc', /ambiguous tag/],
    ['one', 'X', /lowercase/],
  ])('%s as %s is refused', async (source, target, message) => {
    await makeImage(graph, { names: ['one'] })
    expect(() => tagImage(graph, source, target)).toThrow(message)
  })
})
