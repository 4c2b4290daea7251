// How every container is, by its probes: in memory, and in a file that outlives the daemon.
//
//   <root>/containers/<id>/health.json
//
// A file, and no column of the database: a probe of every second must not cost a sync of
// the disk. What a power cut leaves of it is nothing, or no JSON, and then nobody knows.
//
// Written by health-checks.ts. Next: engine/daemon/health-checks.ts
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { InspectHealth } from '../../api/container-inspect.ts'
import { probeOf } from './health.ts'
import { containerDirectory } from './launch.ts'
import type { ContainerRecord } from './record.ts'

const fileSchema = z.object({
  /** Of the life that it tells of, as in the record. */
  startedAt: z.string(),
  health: z.object({
    Status: z.enum(['starting', 'healthy', 'unhealthy', 'none']),
    FailingStreak: z.int(),
    Log: z.array(z.object({ Start: z.string(), End: z.string(), ExitCode: z.int(), Output: z.string() })),
  }),
})

const unknown: InspectHealth = { Status: 'starting', FailingStreak: 0, Log: [] }

export class HealthTable {
  readonly #root: string
  /** Undefined of one that has been looked for, and has no file. */
  readonly #known = new Map<string, InspectHealth | undefined>()

  /** @param root the daemon's data */
  constructor(root: string) {
    this.#root = root
  }

  /** @returns undefined for a container without a probe, or that has never run */
  of(record: ContainerRecord): InspectHealth | undefined {
    if (probeOf(record.config) === undefined) return undefined
    if (!this.#known.has(record.id)) this.#known.set(record.id, this.#read(record))
    return this.#known.get(record.id) ?? (record.state.pid === 0 ? undefined : unknown)
  }

  set({ id, state }: ContainerRecord, health: InspectHealth): void {
    this.#known.set(id, health)
    const path = this.#path(id)
    try {
      // Beside, and then in its place: half a file would be none.
      writeFileSync(`${path}.new`, JSON.stringify({ startedAt: state.startedAt, health }), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch {
      // No room, or its directory went with it. What is not written, only the next daemon does not know.
      rmSync(`${path}.new`, { force: true })
    }
  }

  /** It starts anew. What was found before is still to be read, as with Docker. */
  began(record: ContainerRecord): void {
    const before = this.of(record)
    if (before !== undefined) this.set(record, { ...unknown, Log: before.Log })
  }

  forget(id: string): void {
    this.#known.delete(id)
  }

  #path(id: string): string {
    return join(containerDirectory(this.#root, id), 'health.json')
  }

  #read({ id, state }: ContainerRecord): InspectHealth | undefined {
    let text: string
    try {
      text = readFileSync(this.#path(id), 'utf8')
    } catch {
      return undefined
    }
    try {
      const { startedAt, health } = fileSchema.parse(JSON.parse(text))
      // It ended when nobody looked.
      if (state.pid === 0) return { ...health, Status: 'unhealthy' }
      // Killed between a start and its first word of it, a daemon has left that of the life before.
      return startedAt === state.startedAt ? health : { ...unknown, Log: health.Log }
    } catch {
      return undefined
    }
  }
}
