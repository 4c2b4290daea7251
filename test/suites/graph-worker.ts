// A process that loads, imports, commits, removes and prunes images until it is killed:
// started by test/kernel/graph.test.ts, which then looks at what is left.
//
//   node graph-worker.ts <root> <driver> <docker archive> <tree's archive>
//
// The root has an image `kept:1`.
import { randomInt } from 'node:crypto'
import { createReadStream, writeSync } from 'node:fs'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { EngineError } from '../../engine/errors.ts'
import { commitContainer } from '../../engine/graph/commit.ts'
import { openGraph } from '../../engine/graph/graph.ts'
import { findImage, tagImage } from '../../engine/graph/images.ts'
import { importImage } from '../../engine/graph/import.ts'
import { loadImages } from '../../engine/graph/load.ts'
import { pruneImages } from '../../engine/graph/prune-images.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { removeImage } from '../../engine/graph/remove-image.ts'

const [root = '', driverName = '', archive = '', tree = ''] = process.argv.slice(2)
const { driver } = await openGraphDriver(root, driverName)
const graph = await openGraph(root, driver)
writeSync(1, 'ready\n')

let count = 0
async function containerAndCommit(): Promise<void> {
  const image = findImage(graph, 'kept:1')
  const id = `${process.pid}${count++}`.padStart(64, '0')
  await graph.layers.createReadWrite(id, image.top_layer ?? undefined)
  graph.db.containers.add({ id, name: id, image: image.id, layer: id, created: Date.now() })
  await commitContainer(graph, id, { reference: parseReference('committed'), message: String(Date.now()) })
  graph.db.containers.remove(id)
  await graph.layers.removeReadWrite(id)
}

const verbs: readonly (() => Promise<unknown>)[] = [
  () => loadImages(graph, createReadStream(archive)),
  () => importImage(graph, createReadStream(tree), { reference: parseReference('imported') }),
  async () => tagImage(graph, 'kept:1', 'another:1'),
  containerAndCommit,
  () => removeImage(graph, 'loaded:1'),
  () => removeImage(graph, 'imported'),
  () => removeImage(graph, 'committed'),
  () => pruneImages(graph),
]
for (;;) {
  const [one, two] = [verbs[randomInt(verbs.length)], verbs[randomInt(verbs.length)]]
  // Two at a time, as a daemon would.
  const results = await Promise.allSettled([one?.(), two?.()])
  for (const result of results)
    if (result.status === 'rejected' && !isExpected(result.reason)) throw result.reason
}

/** Not there yet, or gone already; or in use by the other verb. */
function isExpected(error: unknown): boolean {
  return error instanceof EngineError && ['not-found', 'conflict'].includes(error.kind)
}
