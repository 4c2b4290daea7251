// `docker stats`: what a container uses, once, or every second for as long as somebody looks.
//
// Next: engine/daemon/container/stats.ts
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerStats, NetworkStats } from '../../api/stats.ts'
import { EngineError } from '../../errors.ts'
import { networkOwner } from '../container/network-owner.ts'
import type { ContainerRecord } from '../container/record.ts'
import { countersSchema, machineFacts, networkCounters, type Sample, statsOf } from '../container/stats.ts'
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
async function measure(daemon: Daemon, id: string): Promise<Sample | undefined> {
  const { containers, supervisor } = daemon
  const record = containers.get(id)
  if (!record?.state.pid) return undefined
  try {
    const counters = countersSchema.parse(await (await supervisor()).stats(id))
    const networks = networksOf(daemon, record)
    return { read: new Date().toISOString(), counters, machine: machineFacts(), networks }
  } catch (error) {
    // It has ended since we looked.
    if (error instanceof EngineError && ['not-found', 'conflict'].includes(error.kind)) return undefined
    if (!containers.get(id)?.state.pid) return undefined
    throw error
  }
}

/** Whoever joins another container's network has what that one has; on the host's, nothing is its own. */
function networksOf(
  { containers, sandboxes }: Daemon,
  record: ContainerRecord,
): Record<string, NetworkStats> {
  const interfaces = sandboxes
    .of((networkOwner(containers, record) ?? record).id)
    .map((endpoint) => endpoint.interface)
  if (interfaces.length === 0) return {}
  try {
    return networkCounters(readFileSync(`/proc/${record.state.pid}/net/dev`, 'utf8'), interfaces)
  } catch {
    // ENOENT, EINVAL: it has just ended.
    return {}
  }
}
