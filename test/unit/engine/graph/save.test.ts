// What is saved is a docker archive and an OCI layout, and comes back the same.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { loadImages } from '../../../../engine/graph/load.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { pruneImages } from '../../../../engine/graph/prune-images.ts'
import { saveImages } from '../../../../engine/graph/save.ts'
import { makeImage } from '../../../suites/image-fixture.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { untar } from '../../../suites/tar-of.ts'

let root: string
let graph: Graph
let other: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-archives-'))
  graph = await openGraph(join(root, 'one'), new MemoryDriver())
  other = await openGraph(join(root, 'two'), new MemoryDriver())
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const load = (archive: Uint8Array, to = other) =>
  loadImages(to, Readable.from([archive], { objectMode: false }))
const blobs = async (of = other): Promise<string[]> =>
  (await Array.fromAsync(of.content.list())).map((blob) => blob.digest).sort()
const _json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const _blobName = (content: Uint8Array): string => `blobs/${sha256(content).replace(':', '/')}`
describe('what is saved', () => {
  test('comes back with the same digests, names and blobs', async () => {
    const id = await makeImage(graph, { layers: ['a', 'b'], names: ['app:1', 'x.y/app:2'], manifest: true })
    const archive = await buffer(await saveImages(graph, ['app:1', 'x.y/app:2']))
    expect(await load(archive)).toEqual([{ imageId: id, names: ['app:1', 'x.y/app:2'] }])
    expect(other.db.images.get(id)).toMatchObject({ manifest: graph.db.images.get(id)?.manifest })
    expect(await blobs()).toEqual(await blobs(graph))
    expect((await buffer(await saveImages(other, ['app:1', 'x.y/app:2']))).equals(archive)).toBe(true)
  })
  test('is a docker archive and an OCI layout', async () => {
    const id = await makeImage(graph, { layers: ['a'], names: ['app:1'], manifest: true })
    const files = await untar(await buffer(await saveImages(graph, ['app:1'])))
    expect([...files.keys()].slice(-4)).toEqual(['index.json', 'manifest.json', 'oci-layout', 'repositories'])
    const parsed = (name: string): unknown => JSON.parse(String(files.get(name)))
    expect(parsed('manifest.json')).toEqual([
      {
        Config: `blobs/sha256/${id.slice(7)}`,
        RepoTags: ['app:1'],
        Layers: [`blobs/sha256/${sha256('a').slice(7)}`],
        LayerSources: { [sha256('a')]: { mediaType: mediaTypes.ociLayer, size: 1, digest: sha256('a') } },
      },
    ])
    expect(parsed('index.json')).toMatchObject({
      manifests: [
        {
          digest: graph.db.images.get(id)?.manifest,
          platform: { os: 'linux', architecture: 'amd64' },
          annotations: {
            'io.containerd.image.name': 'docker.io/library/app:1',
            'org.opencontainers.image.ref.name': '1',
          },
        },
      ],
    })
    expect(parsed('repositories')).toEqual({ app: { 1: sha256('a').slice(7) } })
  })
  test('of several images holds what they share once; a bare name is all its tags, an id none', async () => {
    const one = await makeImage(graph, { layers: ['a'], names: ['app:1', 'app-x:1'], manifest: true })
    const two = await makeImage(graph, { layers: ['a', 'b'], names: ['app:2'], manifest: true })
    const files = await untar(await buffer(await saveImages(graph, ['app', one])))
    expect(await load(await buffer(await saveImages(graph, ['app', one])))).toEqual([
      { imageId: one, names: ['app:1'] },
      { imageId: two, names: ['app:2'] },
    ])
    expect([...files.keys()].filter((name) => name.startsWith('blobs/sha256/'))).toHaveLength(2 * (1 + 1) + 2)
    expect(await load(await buffer(await saveImages(graph, [one.slice(7, 19)])), graph)).toEqual([
      { imageId: one, names: [] },
    ])
  })
  test('is spared by a prune meanwhile, and let go of when nobody reads on', async () => {
    await makeImage(graph, { names: ['app'], manifest: true })
    const stream = await saveImages(graph, ['app'])
    stream.destroy()
    await once(stream, 'close')
    await pruneImages(graph, { dangling: ['false'] })
    expect(await blobs(graph)).toEqual([])
  })
  test('is refused without a name, with an unknown one, and with a blob gone', async () => {
    await expect(saveImages(graph, [])).rejects.toThrow('name an image')
    await expect(saveImages(graph, ['app'])).rejects.toThrow('No such image: app:latest')
    await makeImage(graph, { names: ['app'], manifest: true })
    await graph.content.remove(sha256('base'))
    await expect(saveImages(graph, ['app'])).rejects.toThrow(/no archive of layer .*get the image again/)
  })
})
