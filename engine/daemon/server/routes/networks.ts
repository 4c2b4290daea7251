// /networks: the requests behind `docker network`.
import { networkConnectSchema, networkCreateSchema, networkDisconnectSchema } from '../../../api/network.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import {
  networkConnect,
  networkCreate,
  networkDisconnect,
  networkPrune,
  networkRemove,
} from '../../jobs/network-change.ts'
import { networkExplain, networkFilters, networkInspect, networkList } from '../../jobs/network-query.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import type { Route } from '../router.ts'

export function networkRoutes(engine: Engine<Daemon>): Route[] {
  const list = async (exchange: Exchange): Promise<void> =>
    exchange.json(200, await engine.run(networkList, { filters: exchange.query.filters(networkFilters) }))
  const network = (exchange: Exchange): { network: string } => ({ network: exchange.parameter('name') })
  return [
    { method: 'GET', path: '/networks', handle: list },
    { method: 'GET', path: '/networks/', handle: list },
    {
      method: 'POST',
      path: '/networks/create',
      handle: async (exchange) => {
        const body = await readJson(exchange.request, networkCreateSchema)
        exchange.json(201, { Id: (await engine.run(networkCreate, { body })).id, Warning: '' })
      },
    },
    {
      method: 'POST',
      path: '/networks/prune',
      handle: async (exchange) => {
        const filters = exchange.query.filters(['until', 'label', 'label!'])
        const names = await engine.run(networkPrune, { filters })
        exchange.json(200, { NetworksDeleted: names.length === 0 ? null : names })
      },
    },
    {
      method: 'POST',
      path: '/networks/:name/connect',
      handle: async (exchange) => {
        const { Container, EndpointConfig } = await readJson(exchange.request, networkConnectSchema)
        const wanted = { container: Container, settings: EndpointConfig ?? {} }
        await engine.run(networkConnect, { ...network(exchange), ...wanted })
        exchange.empty(200)
      },
    },
    {
      method: 'POST',
      path: '/networks/:name/disconnect',
      handle: async (exchange) => {
        const { Container } = await readJson(exchange.request, networkDisconnectSchema)
        await engine.run(networkDisconnect, { ...network(exchange), container: Container })
        exchange.empty(200)
      },
    },
    {
      method: 'GET',
      path: '/networks/:name/explain',
      handle: async (exchange) => exchange.json(200, await engine.run(networkExplain, network(exchange))),
    },
    {
      method: 'GET',
      path: '/networks/:name',
      handle: async (exchange) => exchange.json(200, await engine.run(networkInspect, network(exchange))),
    },
    {
      method: 'DELETE',
      path: '/networks/:name',
      handle: async (exchange) => {
        await engine.run(networkRemove, network(exchange))
        exchange.empty(204)
      },
    },
  ]
}
