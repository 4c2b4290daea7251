// The graph: everything between layers on disk and images with names.
//
//   <root>/lock                    held by the one process that has it open
//   <root>/<driver>/               the driver's: unpacked layers
//   <root>/image/<driver>/         ours
//     graph.db                     what there is (graphdb.ts)
//     content/                     blobs as they came (content-store.ts)
//
// One graph for each driver, since a layer unpacked by one is nothing to another: who
// changes the driver begins with no images, and finds the old ones when he changes back.
//
// Opening it is the recovery, too. A killed process leaves directories and files that the
// database does not know, never the reverse; here they go.
//
// Called by daemon/main.ts, and by nobody else: the lock is held as long as tockerd runs.
// Next: engine/graph/reference.ts
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GraphDriver } from '../drivers/graph/driver.ts'
import { EngineError, hasCode } from '../errors.ts'
import { ContentStore } from './content-store.ts'
import { lockRoot } from './graph-lock.ts'
import { GraphDB } from './graphdb.ts'
import { LayerStore } from './layers.ts'

export interface Graph extends AsyncDisposable {
  root: string
  content: ContentStore
  db: GraphDB
  layers: LayerStore
  driver: GraphDriver
  /** Layers of whom others still use: mounted by a process before this one, and in use since we opened. */
  taken: readonly string[]
}

export interface OpenGraphOptions {
  wait?: number
  inUse?: (db: GraphDB) => string[]
  warn?: (line: string) => void
}

/**
 * @param root the data-root
 * @param choice a driver, whose directory is below it; closed with the graph. Without the lock it is left alone: what it sees is
 *   another's. A function is called under the lock: who finds out what works here tries it out, and would be in the way
 *   of another's cleanup()
 * @param options.wait milliseconds that another process may still have it
 * @param options.inUse layers in which somebody works, whom an earlier process has left: they stay mounted
 * @param options.warn told of what an earlier process left and that cannot go just now
 * @throws EngineError `conflict`: `in use by PID 4711 (tockerd)`
 */
export async function openGraph(
  root: string,
  choice: GraphDriver | (() => Promise<GraphDriver>),
  { wait = 0, inUse = () => [], warn = () => {} }: OpenGraphOptions = {},
): Promise<Graph> {
  // Whatever is made before something fails is undone, the last first.
  await using undo = new AsyncDisposableStack()
  await makeDirectory(root)
  undo.use(await lockRoot(root, wait))
  const driver = typeof choice === 'function' ? await choice() : choice
  undo.defer(() => driver.close())
  const directory = join(root, 'image', driver.name)
  await makeDirectory(directory)
  const db = undo.use(GraphDB.open(join(directory, 'graph.db')))
  const taken = await driver.cleanup(inUse(db))
  const content = await ContentStore.open(join(directory, 'content'))
  const layers = await LayerStore.open(db, driver, warn)
  const opened = undo.move()
  return {
    ...{ root, content, db, layers, driver, taken },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Not mkdir's own recursion: where no directory can be made at all, as in /proc, Node's never ends. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await makeEach(path)
  } catch (cause) {
    throw new EngineError('unavailable', `make the directory ${path}`, { cause })
  }
}

async function makeEach(path: string): Promise<void> {
  if (existsSync(path)) return
  await makeEach(dirname(path))
  await mkdir(path, { mode: 0o711 }).catch((error: unknown) => {
    // Another process was faster.
    if (!hasCode(error, 'EEXIST')) throw error
  })
}
