// Import and commit: an archive of files becomes a layer, and a config is made for it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { commitContainer } from '../../../../engine/graph/commit.ts'
import { sha256 } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { findImage, imageConfig } from '../../../../engine/graph/images.ts'
import { importImage } from '../../../../engine/graph/import.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parsePlatform } from '../../../../engine/graph/platform.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { registerImage } from '../../../../engine/graph/register-image.ts'
import { removeImage } from '../../../../engine/graph/remove-image.ts'
import { configOf, makeImage } from '../../../suites/image-fixture.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { tarOf } from '../../../suites/tar-of.ts'

let root: string
let driver: MemoryDriver
let graph: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-import-'))
  driver = new MemoryDriver()
  graph = await openGraph(root, driver)
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const stream = (bytes: Uint8Array): Readable => Readable.from([bytes], { objectMode: false })
const tar = tarOf([['file', Buffer.from('content')]])
const time = Date.UTC(2026, 0, 1)

describe('import', () => {
  test('makes an image of one layer, the same for the same archive and time', async () => {
    const options = {
      reference: parseReference('tree'),
      changes: ['CMD ["sh"]', 'ENV a=b'],
      message: 'from somewhere',
      platform: parsePlatform('linux/arm/v6'),
      created: time,
    }
    const { imageId } = await importImage(graph, stream(tar), options)
    expect(await importImage(graph, stream(tar), options)).toEqual({ imageId })
    expect(findImage(graph, 'tree:latest').id).toBe(imageId)
    expect(await imageConfig(graph, imageId)).toEqual({
      architecture: 'arm',
      variant: 'v6',
      os: 'linux',
      created: '2026-01-01T00:00:00.000Z',
      comment: 'from somewhere',
      config: { Cmd: ['sh'], Env: ['a=b'] },
      rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
      history: [{ created: '2026-01-01T00:00:00.000Z', comment: 'from somewhere' }],
    })
    expect(driver.layers.size).toBe(1)
  })
  test('of a compressed archive keeps it as it came, and counts what is inside', async () => {
    const compressed = gzipSync(tar)
    const counts: number[] = []
    await importImage(graph, stream(compressed), {
      onProgress: ({ progressDetail }) => counts.push(progressDetail?.current ?? 0),
    })
    expect(graph.db.layers.all()).toMatchObject([{ diff_id: sha256(tar) }])
    expect(graph.db.blobs.layersOf(sha256(tar))).toEqual([
      {
        digest: sha256(compressed),
        diff_id: sha256(tar),
        media_type: mediaTypes.ociLayerGzip,
        size: compressed.length,
      },
    ])
    expect(counts).toEqual([compressed.length])
  })
  test('that breaks off leaves nothing', async () => {
    const breaks = Readable.from(
      (async function* () {
        yield tar.subarray(0, 600)
        throw new Error('connection reset')
      })(),
      { objectMode: false },
    )
    await expect(importImage(graph, breaks)).rejects.toThrow('connection reset')
    await expect(importImage(graph, stream(gzipSync(tar).subarray(0, 60)))).rejects.toThrow(
      /gzip stream was cut off/,
    )
    const unread = stream(tar)
    await expect(importImage(graph, unread, { changes: ['RUN x'] })).rejects.toThrow(/not a valid change/)
    expect(unread.destroyed).toBe(true)
    expect([driver.layers.size, graph.db.layers.all(), await Array.fromAsync(graph.content.list())]).toEqual([
      0,
      [],
      [],
    ])
    expect(readdirSync(join(root, 'image/memory/content/ingest'))).toEqual([])
  })
})

describe('commit', () => {
  async function container(image: string): Promise<void> {
    const { top_layer } = findImage(graph, image)
    await graph.layers.createReadWrite('c1', top_layer ?? undefined)
    graph.db.containers.add({ id: 'c1', name: 'box', image, layer: 'c1', created: 1 })
    const layer = driver.layers.get('c1')
    if (layer) layer.tar = tar
  }

  test('adds a layer and a step, and keeps what it does not know', async () => {
    const known = JSON.parse(String(configOf({ layers: ['base'] })))
    const config = Buffer.from(
      JSON.stringify({
        ...known,
        'org.example.future': { a: 1 },
        container: 'gone',
        config: { ...known.config, MacAddress: 'x', Labels: { a: '1' } },
      }),
    )
    const { imageId: parent } = await registerImage(graph, {
      config,
      layers: [{ diffId: sha256('base'), open: () => stream(Buffer.from('base')) }],
    })
    await container(parent)
    const { imageId } = await commitContainer(graph, 'box', {
      reference: parseReference('mine:1'),
      author: 'me',
      message: 'why',
      changes: ['LABEL b=2'],
      created: time,
    })
    expect(await imageConfig(graph, imageId)).toMatchObject({
      'org.example.future': { a: 1 },
      author: 'me',
      created: '2026-01-01T00:00:00.000Z',
      config: { Cmd: ['sh'], MacAddress: 'x', Labels: { a: '1', b: '2' } },
      rootfs: { diff_ids: [sha256('base'), sha256(tar)] },
      history: [{}, {}, { author: 'me', comment: 'why', created_by: 'sh' }],
    })
    expect(await imageConfig(graph, imageId)).not.toHaveProperty('container')
    expect(findImage(graph, 'mine:1').parent).toBe(parent)
    await expect(removeImage(graph, parent, { force: true })).rejects.toThrow(/dependent child images/)
  })
  test('takes how the container was run in place of what its image says', async () => {
    const image = await makeImage(graph)
    await container(image)
    const { imageId } = await commitContainer(graph, 'c1', { config: { Cmd: ['top'], Hostname: 'h' } })
    expect((await imageConfig(graph, imageId)).config).toEqual({ Cmd: ['top'], Hostname: 'h' })
  })
  test('says so when there is no such container, or its image is gone', async () => {
    await expect(commitContainer(graph, 'nobody')).rejects.toThrow('No such container: nobody')
    const image = await makeImage(graph, { names: ['app'] })
    await container(image)
    await removeImage(graph, image, { force: true })
    await expect(commitContainer(graph, 'box')).rejects.toThrow(/the image of container box is gone/)
  })
})
