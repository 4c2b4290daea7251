// rmi and prune: what goes, what stays, and in which of Docker's words it is refused.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chainIds } from '../../../../engine/graph/chain-id.ts'
import { sha256, shortDigest } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { findImage } from '../../../../engine/graph/images.ts'
import { inspectImage } from '../../../../engine/graph/inspect-image.ts'
import { pruneImages } from '../../../../engine/graph/prune-images.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { registerImage } from '../../../../engine/graph/register-image.ts'
import { removeImage } from '../../../../engine/graph/remove-image.ts'
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

async function containerOf(image: string, id = 'c'.repeat(64)): Promise<void> {
  await graph.layers.createReadWrite(id, findImage(graph, image).top_layer ?? undefined)
  graph.db.containers.add({ id, name: id.slice(0, 5), image, layer: id, created: 1 })
}

describe('removing', () => {
  test('by its only name takes all of it', async () => {
    const id = await makeImage(graph, { layers: ['a', 'b'], names: ['app', `app@${digest}`], manifest: true })
    expect(await removeImage(graph, 'app')).toEqual([
      { Untagged: 'app:latest' },
      { Untagged: `app@${digest}` },
      { Deleted: id },
      ...chainIds([sha256('a'), sha256('b')])
        .reverse()
        .map((Deleted) => ({ Deleted })),
    ])
    expect([driver.layers.size, await blobs(), graph.db.layers.all()]).toEqual([0, [], []])
  })
  test('by one of several names takes that name', async () => {
    await makeImage(graph, { names: ['one', 'two'] })
    expect(await removeImage(graph, 'one')).toEqual([{ Untagged: 'one:latest' }])
    expect(driver.layers.size).toBe(1)
  })
  test('leaves what other images share', async () => {
    await makeImage(graph, { layers: ['a'], names: ['base'], manifest: true })
    const id = await makeImage(graph, { layers: ['a', 'b'], names: ['app'], manifest: true })
    const [, chain] = chainIds([sha256('a'), sha256('b')])
    expect(await removeImage(graph, 'app')).toEqual([
      { Untagged: 'app:latest' },
      { Deleted: id },
      { Deleted: chain },
    ])
    expect(await blobs()).toHaveLength(3)
  })
  test('by id takes the names of one repository along, and refuses with more', async () => {
    const id = await makeImage(graph, { names: ['one', 'two'] })
    const short = shortDigest(id)
    await expect(removeImage(graph, short)).rejects.toThrow(
      `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
    )
    expect(graph.db.names.of(id)).toHaveLength(2)
    expect(await removeImage(graph, short, { force: true })).toHaveLength(4)
    const again = await makeImage(graph, { names: ['one', `one@${digest}`] })
    expect(await removeImage(graph, again.slice(7, 12))).toHaveLength(4)
  })
  test('refuses with a container, in these words', async () => {
    const id = await makeImage(graph, { names: ['app'] })
    await containerOf(id)
    const short = shortDigest(id)
    await expect(removeImage(graph, 'app')).rejects.toThrow(
      `conflict: unable to remove repository reference "app" (must force) - container cccccccccccc is using its referenced image ${short}`,
    )
    await expect(removeImage(graph, short)).rejects.toThrow(
      `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container cccccccccccc`,
    )
    const isRunning = (): boolean => true
    await expect(removeImage(graph, short, { force: true, isRunning })).rejects.toThrow(
      `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`,
    )
    // By name and forced, a running container's image loses its name, and lives on.
    expect(await removeImage(graph, 'app', { force: true, isRunning })).toEqual([{ Untagged: 'app:latest' }])
    expect(await removeImage(graph, short, { force: true })).toEqual([{ Deleted: id }])
    expect(driver.layers.size).toBe(2)
  })
  test('refuses with images made from it, and prunes the nameless it was made from', async () => {
    const base = await makeImage(graph, { layers: ['a'] })
    const step = await makeImage(graph, { layers: ['a', 'b'], parent: base })
    const id = await makeImage(graph, { layers: ['a', 'b', 'c'], names: ['app'], parent: step })
    await expect(removeImage(graph, base, { force: true })).rejects.toThrow(
      `conflict: unable to delete ${shortDigest(base)} (cannot be forced) - image has dependent child images`,
    )
    const items = await removeImage(graph, 'app')
    expect(items.filter((item) => 'Deleted' in item && [id, step, base].includes(item.Deleted))).toHaveLength(
      3,
    )
    expect(graph.db.images.all()).toEqual([])
  })
  test('with noPrune leaves those', async () => {
    const base = await makeImage(graph, { layers: ['a'] })
    await makeImage(graph, { layers: ['a', 'b'], names: ['app'], parent: base })
    await removeImage(graph, 'app', { noPrune: true })
    expect(graph.db.images.all().map(({ id }) => id)).toEqual([base])
  })
  test('what is not there says so', async () => {
    await expect(removeImage(graph, 'app')).rejects.toThrow('No such image: app:latest')
  })
})

describe('pruning', () => {
  test('takes what nobody can name, and blobs that no image needs', async () => {
    const gone = await makeImage(graph, { layers: ['gone'], manifest: true })
    await makeImage(graph, { names: ['kept'], manifest: true })
    await graph.content.put(Buffer.from('left by a killed pull'))
    const report = await pruneImages(graph)
    expect(report.ImagesDeleted).toEqual([{ Deleted: gone }, { Deleted: sha256('gone') }])
    // The layer on disk and its blob, the config, the manifest, and what was left.
    expect(report.SpaceReclaimed).toBeGreaterThan(4 + 4 + 'left by a killed pull'.length)
    expect(await blobs()).toHaveLength(3)
    expect(await pruneImages(graph)).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 })
  })
  test('all: whatever no container uses', async () => {
    const used = await makeImage(graph, { layers: ['used'], names: ['used'] })
    await containerOf(used)
    await makeImage(graph, { names: ['one', 'two', `b/three@${digest}`] })
    const base = await makeImage(graph, { layers: ['a'] })
    await makeImage(graph, {
      layers: ['a', 'b'],
      names: ['app', `app@${digest}`],
      parent: base,
    })
    await pruneImages(graph, { dangling: ['false'] })
    expect(graph.db.images.all().map(({ id }) => id)).toEqual([used])
    expect(graph.db.names.of(used)).toHaveLength(1)
  })
  test('by label and age', async () => {
    const keep = await makeImage(graph, { labels: { keep: '' }, created: '2024-01-01T00:00:00Z' })
    const young = await makeImage(graph, { created: '2026-01-01T00:00:00Z' })
    await makeImage(graph, { created: '2024-01-01T00:00:00Z' })
    await pruneImages(graph, { 'label!': ['keep'], until: ['2025-01-01'] })
    expect(graph.db.images.all().map(({ id }) => id)).toEqual([young, keep])
    await expect(pruneImages(graph, { before: ['x'] })).rejects.toThrow(/invalid filter 'before'/)
  })
  test('spares what a pull is working on', async () => {
    const network = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    const config = configOf({ layers: ['slow'] })
    const layer = {
      diffId: sha256('slow'),
      open: async () => {
        opened.resolve()
        await network.promise
        return Readable.from([Buffer.from('slow')], { objectMode: false })
      },
    }
    const pulling = registerImage(graph, { config, layers: [layer], references: [parseReference('slow')] })
    await opened.promise
    expect(await blobs()).toEqual([sha256(config)])
    await pruneImages(graph, { dangling: ['false'] })
    network.resolve()
    const { imageId } = await pulling
    expect((await inspectImage(graph, imageId)).RepoTags).toEqual(['slow:latest'])
  })
})
