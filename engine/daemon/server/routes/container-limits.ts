// What a container may use and what it does use: `docker stats`, `docker update`.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { updateSchema } from '../../../api/host-config.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { containerStats } from '../../jobs/container-stats.ts'
import { containerUpdate } from '../../jobs/container-update.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import type { Route } from '../router.ts'

export function containerLimitRoutes(engine: Engine<Daemon>): Route[] {
  return [
    { method: 'GET', path: '/containers/:name/stats', handle: (exchange) => sendStats(engine, exchange) },
    {
      method: 'POST',
      path: '/containers/:name/update',
      handle: async (exchange) => {
        const body = await readJson(exchange.request, updateSchema)
        const warnings = await engine.run(containerUpdate, { container: exchange.parameter('name'), body })
        exchange.json(200, { Warnings: warnings.length === 0 ? null : warnings })
      },
    },
  ]
}

async function sendStats(engine: Engine<Daemon>, exchange: Exchange): Promise<void> {
  const { query, signal } = exchange
  let out: Writable | undefined
  await engine.run(
    containerStats,
    {
      ...{ container: exchange.parameter('name'), stream: query.flag('stream', true) },
      oneShot: query.flag('one-shot'),
      onStats: async (stats) => {
        out ??= exchange.stream(200, 'application/json')
        // Who does not read gets the next when it has: no answer waits in memory.
        if (!out.write(`${JSON.stringify(stats)}\n`)) await once(out, 'drain', { signal }).catch(() => {})
      },
    },
    exchange,
  )
  if (out === undefined) exchange.empty(200)
  else out.end()
}
