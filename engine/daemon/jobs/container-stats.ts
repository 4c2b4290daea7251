// `docker stats`: what a container uses, once, or every second for as long as somebody looks.
//
// Next: engine/daemon/container/stats.ts
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerStats } from '../../api/stats.ts'
import { EngineError } from '../../errors.ts'
import { countersSchema, machineFacts, type Sample, statsOf } from '../container/stats.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'

export interface StatsRequest {
  container: string
  stream: boolean
  /** Without a measurement before it: answered at once. */
  oneShot: boolean
  /** Gets each answer, and says when it wants the next. */
  onStats: (stats: ContainerStats) => Promise<void>
}

/** Milliseconds. */
const interval = 1000

export const containerStats: DaemonJob<StatsRequest, void> = {
  name: 'container-stats',
  async run(daemon, { container, stream, oneShot, onStats }, { signal }) {
    const { id } = daemon.containers.find(container)
    let before: Sample | undefined
    let now = await measure(daemon, id)
    // A share needs two measurements; of what does not run there are none.
    if (!stream && !oneShot && now !== undefined)
      [before, now] = [now, await measureLater(daemon, id, signal)]
    while (!signal.aborted) {
      const record = daemon.containers.get(id)
      if (record === undefined) return
      await onStats(statsOf(record, now, before))
      if (!stream) return
      before = now
      now = await measureLater(daemon, id, signal)
    }
  },
}

async function measureLater(daemon: Daemon, id: string, signal: AbortSignal): Promise<Sample | undefined> {
  // Aborted: the loop sees it.
  await sleep(interval, undefined, { signal }).catch(() => {})
  return signal.aborted ? undefined : await measure(daemon, id)
}

/** @returns undefined for what does not run */
async function measure({ containers, supervisor }: Daemon, id: string): Promise<Sample | undefined> {
  if (!containers.get(id)?.state.pid) return undefined
  try {
    const counters = countersSchema.parse(await (await supervisor()).stats(id))
    return { read: new Date().toISOString(), counters, machine: machineFacts() }
  } catch (error) {
    // It has ended since we looked.
    if (error instanceof EngineError && ['not-found', 'conflict'].includes(error.kind)) return undefined
    if (!containers.get(id)?.state.pid) return undefined
    throw error
  }
}
