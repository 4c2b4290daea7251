// Every job that a route may ask for is in the table: without its row it is a 501.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Daemon } from '../../../../engine/daemon/daemon.ts'
import { Engine } from '../../../../engine/daemon/engine.ts'
import { registerJobs } from '../../../../engine/daemon/jobs.ts'

const directory = join(import.meta.dirname, '../../../../engine/daemon/jobs')

test('each job is registered', async () => {
  const { handlers } = registerJobs(new Engine<Daemon>({} as Daemon))
  const names: string[] = []
  for (const file of readdirSync(directory)) {
    const exported: Record<string, unknown> = await import(join(directory, file))
    names.push(...Object.values(exported).flatMap((value) => (isJob(value) ? [value.name] : [])))
  }
  expect(names.sort()).toEqual(handlers)
})

function isJob(value: unknown): value is { name: string } {
  return typeof value === 'object' && value !== null && 'run' in value && 'name' in value
}
