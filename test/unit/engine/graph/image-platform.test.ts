// `--platform` of images that are here already: one for another is not the one that was asked for.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { requirePlatformOf } from '../../../../engine/graph/image-platform.ts'
import { loadImages } from '../../../../engine/graph/load.ts'
import { saveImages } from '../../../../engine/graph/save.ts'
import { makeImage } from '../../../suites/image-fixture.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'

let root: string
let graph: Graph
let other: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-platforms-'))
  graph = await openGraph(join(root, 'one'), new MemoryDriver())
  other = await openGraph(join(root, 'two'), new MemoryDriver())
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const amd64 = { os: 'linux', architecture: 'amd64' }
const arm64 = { os: 'linux', architecture: 'arm64' }
const message =
  'image with reference app:1 was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64'

test('inspect, history, push and rmi', async () => {
  const id = await makeImage(graph, { names: ['app:1'] })
  await requirePlatformOf(graph, 'app:1', undefined)
  await requirePlatformOf(graph, id, amd64)
  await expect(requirePlatformOf(graph, 'app:1', arm64)).rejects.toThrow(message)
})

test('save and load', async () => {
  await makeImage(graph, { names: ['app:1'], manifest: true })
  await expect(saveImages(graph, ['app'], undefined, arm64)).rejects.toThrow(message)
  const archive = await buffer(await saveImages(graph, ['app'], undefined, amd64))
  const load = (platform: typeof amd64) =>
    loadImages(other, Readable.from([archive], { objectMode: false }), { platform })
  await expect(load(arm64)).rejects.toThrow(message)
  expect([other.db.images.all(), await Array.fromAsync(other.content.list())]).toEqual([[], []])
  expect(await load(amd64)).toMatchObject([{ names: ['app:1'] }])
})
