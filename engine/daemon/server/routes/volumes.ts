// /volumes: the requests behind `docker volume`.
import * as z from 'zod/mini'
import type { VolumeListResponse } from '../../../api/volume.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { volumeCreate, volumeInspect, volumeList, volumePrune, volumeRemove } from '../../jobs/volume.ts'
import { readJson } from '../body.ts'
import type { Route } from '../router.ts'
import { noManager } from './swarm.ts'

const strings = z.nullish(z.record(z.string(), z.string()))
const createSchema = z.object({
  Name: z.optional(z.string()),
  Driver: z.optional(z.string()),
  DriverOpts: strings,
  Labels: strings,
  /** `--type`, `--sharing` and their kin. */
  ClusterVolumeSpec: z.nullish(z.unknown()),
})

export function volumeRoutes(engine: Engine<Daemon>): Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      handle: async (exchange) => {
        const filters = exchange.query.filters(['dangling', 'driver', 'label', 'label!', 'name'])
        const answer: VolumeListResponse = {
          Volumes: await engine.run(volumeList, { filters }),
          Warnings: null,
        }
        exchange.json(200, answer)
      },
    },
    {
      method: 'POST',
      path: '/volumes/create',
      handle: async (exchange) => {
        const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = await readJson(
          exchange.request,
          createSchema,
        )
        // Made as a plain one it would not be what was asked for.
        if (ClusterVolumeSpec != null) noManager()
        const wanted = {
          ...(Name === undefined ? {} : { name: Name }),
          ...(Driver === undefined ? {} : { driver: Driver }),
          ...(DriverOpts ? { options: DriverOpts } : {}),
          ...(Labels ? { labels: Labels } : {}),
        }
        exchange.json(201, await engine.run(volumeCreate, wanted))
      },
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      handle: async (exchange) => {
        const { query, version } = exchange
        const filters = query.filters(['all', 'label', 'label!'])
        // Before 1.42 all that nobody uses went, named or not.
        const given = version < 42 ? { ...filters, all: ['true'] } : filters
        exchange.json(200, await engine.run(volumePrune, { filters: given }))
      },
    },
    {
      method: 'GET',
      path: '/volumes/:name',
      handle: async (exchange) =>
        exchange.json(200, await engine.run(volumeInspect, { volume: exchange.parameter('name') })),
    },
    {
      method: 'DELETE',
      path: '/volumes/:name',
      handle: async (exchange) => {
        const force = exchange.query.flag('force')
        await engine.run(volumeRemove, { volume: exchange.parameter('name'), force })
        exchange.empty(204)
      },
    },
  ]
}
