// What goes with a container: its row, its layer, its log, its anonymous volumes.
//
// Called by lifecycle.ts, in the container's turn, when nothing of it runs.
// Next: engine/graph/layers.ts
import { rmSync } from 'node:fs'
import { isDiskFull } from '../../graph/disk-full.ts'
import type { ContainerRow } from '../../graph/tables/containers.ts'
import { containerDirectory, type LaunchParts } from './launch.ts'
import { type ContainerRecord, happened } from './record.ts'
import { dropSharedMemory } from './shared-memory.ts'

/** @param anonymous volumes, too */
export async function removal(
  parts: LaunchParts,
  record: ContainerRecord,
  anonymous: boolean,
): Promise<void> {
  const { containers, graph, volumes } = parts
  const { id } = record
  containers.save(happened(record, 'removal-began'))
  using _ = await parts.readers.close(id)
  const layer = containers.layerOf(id)
  const names = anonymous ? volumes.anonymousOf(id) : []
  // While there is a record, a daemon that starts goes on with it; a directory without one is nobody's.
  rmSync(containerDirectory(graph.root, id), { recursive: true, force: true })
  // The row first: killed here, the layer belongs to nobody, and goes when the graph is opened.
  try {
    containers.remove(id)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    // To forget takes room, too: what there is to forget goes first, and makes some.
    await graph.driver.remove(layer)
    containers.remove(id)
  }
  await graph.layers.removeReadWrite(layer)
  dropSharedMemory(parts.execRoot, record)
  // One that somebody else uses, too, stays; whoever shared it may be going at the same time.
  for (const name of names)
    if (volumes.has(name) && volumes.users(name).length === 0) await volumes.remove(name)
}

/** One whose record could not be read; its process, if it had one, was ended when the daemon began. */
export async function removeDamaged(parts: LaunchParts, row: ContainerRow): Promise<void> {
  rmSync(containerDirectory(parts.graph.root, row.id), { recursive: true, force: true })
  parts.containers.remove(row.id)
  await parts.graph.layers.removeReadWrite(row.layer)
}
