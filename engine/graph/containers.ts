// What a container is to the graph: a layer that it writes, on top of its image's. What it
// has changed there, and all of it as an archive.
import { Readable } from 'node:stream'
import type { Change } from '../archive/change.ts'
import { pack } from '../archive/pack.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from './graph.ts'
import type { ContainerRow } from './tables/containers.ts'

/**
 * @param text its name, its id, or the beginning of that
 * @throws EngineError `not-found`, or `invalid` for the beginning of several ids
 */
export function findContainer({ db }: Graph, text: string): ContainerRow {
  const named = db.containers.byName(text.replace(/^\//, ''))
  if (named !== undefined) return named
  const [found, another] = /^[0-9a-f]{1,64}$/.test(text) ? db.containers.byPrefix(text) : []
  if (another !== undefined)
    throw new EngineError(
      'invalid',
      `${text} is the beginning of more than one container id: write more of it`,
    )
  if (found === undefined) throw new EngineError('not-found', `No such container: ${text}`)
  return found
}

/** `docker diff`: what it has added, changed and deleted, sorted by path. */
export async function containerChanges(graph: Graph, text: string): Promise<Change[]> {
  return graph.driver.changes(findContainer(graph, text).layer)
}

/** `docker export`: its whole tree as an archive, not compressed; destroying it ends the work. */
export async function exportContainer(graph: Graph, text: string): Promise<Readable> {
  return Readable.from(exported(graph, findContainer(graph, text).layer), {
    objectMode: false,
    highWaterMark: 2 ** 20,
  })
}

/** Mounted when somebody begins to read, and until nobody does. */
async function* exported({ driver }: Graph, layer: string): AsyncIterable<Buffer> {
  const tree = pack(await driver.get(layer), { owners: driver.owners })
  try {
    yield* tree
  } finally {
    // Counted: a container that runs has it mounted besides.
    await driver.put(layer)
  }
}
