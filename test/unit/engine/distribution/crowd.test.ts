// Images that are pulled, pushed, listed, saved, tagged and removed at once, with layers in
// common and a driver that takes its time: whoever comes too late hears that there is no
// such image, or that it is in use, and in the end nothing is left.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { pull } from '../../../../engine/distribution/pull.ts'
import { push } from '../../../../engine/distribution/push.ts'
import { EngineError, errorLine } from '../../../../engine/errors.ts'
import { openGraph } from '../../../../engine/graph/graph.ts'
import { findImage, listImages, tagImage } from '../../../../engine/graph/images.ts'
import { imageHistory, inspectImage } from '../../../../engine/graph/inspect-image.ts'
import { loadImages } from '../../../../engine/graph/load.ts'
import { pruneImages } from '../../../../engine/graph/prune-images.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { removeImage } from '../../../../engine/graph/remove-image.ts'
import { saveImages } from '../../../../engine/graph/save.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { publish, usualArchives } from '../../../suites/registry-image.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'

const chance = (below: number): number => Math.floor(Math.random() * below)

/** A directory takes a while to be made, and to be gone. */
class SlowDriver extends MemoryDriver {
  override async create(id: string, parent?: string): Promise<void> {
    await super.create(id, parent)
    await sleep(chance(4))
  }
  override async remove(id: string): Promise<void> {
    await sleep(chance(4))
    await super.remove(id)
  }
}

test('a crowd on few images', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lc-crowd-'))
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rmSync(directory, { recursive: true }))
  const registry = undo.use(await TestRegistry.open())
  const driver = new SlowDriver()
  const graph = undo.use(await openGraph(directory, driver))
  const [first, second, third] = usualArchives()
  const [other] = usualArchives('other')
  if (!first || !second || !third || !other) throw new Error('three archives, and one more')
  // Each stands on layers of another.
  const stacks = [[first], [first, second], [first, second, third], [first, other]]
  for (const [index, stack] of stacks.entries()) publish(registry, 'app', `${index}`, stack)

  const name = (): string => `${registry.host}/app:${chance(stacks.length)}`
  const any = (): string => (chance(3) === 0 ? `mine:${chance(2)}` : name())
  const options = { registry: { retries: { pause: 1 } } }
  const save = async (): Promise<Buffer> => buffer(await saveImages(graph, [any()]))
  const container = async (): Promise<void> => {
    const id = `${Math.random()}`.slice(2)
    await graph.layers.createReadWrite(id, findImage(graph, any()).top_layer ?? undefined)
    await sleep(chance(5))
    await graph.layers.removeReadWrite(id)
  }
  const verbs: readonly (() => unknown)[] = [
    ...Array.from({ length: 4 }, () => () => pull(graph, parseReference(name()), options)),
    ...Array.from({ length: 3 }, () => () => removeImage(graph, any(), { force: chance(2) === 0 })),
    () => push(graph, parseReference(name()), options),
    () => tagImage(graph, name(), `mine:${chance(2)}`),
    () => listImages(graph, { all: true, sharedSize: true }),
    () => inspectImage(graph, any()),
    () => imageHistory(graph, any()),
    () => pruneImages(graph, { dangling: ['false'] }),
    save,
    async () => loadImages(graph, Readable.from([await save()])),
    container,
    container,
  ]
  const heard = new Set<string>()
  const client = async (): Promise<void> => {
    for (let round = 0; round < 60; round++)
      try {
        await verbs[chance(verbs.length)]?.()
      } catch (error) {
        const kind = error instanceof EngineError ? error.kind : undefined
        if (kind !== 'not-found' && kind !== 'conflict') heard.add(errorLine(error))
      }
  }
  await Promise.all(Array.from({ length: 12 }, client))
  expect([...heard]).toEqual([])

  for (const { id } of graph.db.images.all()) await removeImage(graph, id, { force: true })
  await pruneImages(graph)
  expect(graph.db.layers.all()).toEqual([])
  expect(await driver.list()).toEqual([])
  const content = join(directory, 'image/memory/content')
  expect(readdirSync(join(content, 'blobs/sha256'))).toEqual([])
  expect(readdirSync(join(content, 'ingest'))).toEqual([])
}, 60_000)
