// Layers of the graph driver that no row knows: what a killed process was about to make, or
// to take away. They go before anybody asks for anything.
//
// Called by layers.ts.
import type { GraphDriver } from '../drivers/graph/driver.ts'
import { EngineError, errorLine } from '../errors.ts'
import type { GraphDB } from './graphdb.ts'

/** The layer below a container's, with what every container has. */
export function initOf(driverId: string): string {
  return `${driverId}-init`
}

/** @param warn told of those that cannot go just now: a file with chattr +i, a disk that fails. The next time they are tried again */
export async function removeOrphans(
  db: GraphDB,
  driver: GraphDriver,
  warn: (line: string) => void,
): Promise<void> {
  const known = new Set([
    ...db.layers.all().map((row) => row.driver_id),
    ...db.layers.readWrites('all').flatMap((id) => [id, initOf(id)]),
  ])
  let orphans = (await driver.list()).filter((id) => !known.has(id))
  // A driver keeps a layer that another stands on, and the list is in no order.
  while (orphans.length > 0) {
    const left: string[] = []
    for (const id of orphans)
      await driver.remove(id).catch((error: unknown) => {
        if (error instanceof EngineError && error.kind === 'conflict') left.push(id)
        else warn(`remove layer ${id}, which no image has: ${errorLine(error)}`)
      })
    if (left.length === orphans.length) {
      warn(`${left.length} layers that no image has are in use, and stay`)
      return
    }
    orphans = left
  }
}
