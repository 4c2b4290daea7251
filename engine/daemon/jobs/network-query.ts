// What only looks: `docker network ls` and `inspect`.
import type { Network, NetworkExplanation } from '../../api/network.ts'
import { commandsOf, stateOf } from '../../drivers/network/explain.ts'
import { EngineError } from '../../errors.ts'
import { booleanFilter, type Filters, filterValues, matchesLabels } from '../../graph/image-filters.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'
import { networkInspectOf } from '../network/describe.ts'
import { bridgeNetwork, type EndpointRecord, endpointOf, type NetworkRecord } from '../network/record.ts'

export const networkFilters: readonly string[] = [
  ...['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'],
]

export const networkList: DaemonJob<{ filters: Filters }, Network[]> = {
  name: 'network-list',
  run(daemon, { filters }) {
    const any = (name: string, fits: (value: string) => boolean): boolean => {
      const values = filterValues(filters, name)
      return values.length === 0 || values.some(fits)
    }
    const builtin = new Set(['bridge', 'host', 'none'])
    const dangling = booleanFilter(filters, 'dangling')
    const all = daemon.networks.all().map((one) => networkInspectOf(one, []))
    return all.filter(
      ({ Name, Id, Driver, Scope, Labels }) =>
        any('name', (text) => Name.includes(text)) &&
        any('id', (text) => Id.startsWith(text)) &&
        any('driver', (text) => Driver === text) &&
        any('scope', (text) => Scope === text) &&
        any('type', (text) => text === (builtin.has(Name) ? 'builtin' : 'custom')) &&
        // Those that are always there are never in anybody's way.
        (dangling === undefined ||
          dangling === (!builtin.has(Name) && daemon.sandboxes.on(Id).length === 0)) &&
        matchesLabels(filters, Labels),
    )
  },
}

export const networkInspect: DaemonJob<{ network: string }, Network> = {
  name: 'network-inspect',
  run(daemon, { network }) {
    const found = daemon.networks.find(network)
    return networkInspectOf(found, membersOf(daemon, found))
  },
}

/** Those that run on it. */
function membersOf(
  { containers, sandboxes }: Pick<Daemon, 'containers' | 'sandboxes'>,
  network: NetworkRecord,
): { record: ContainerRecord; endpoint?: EndpointRecord }[] {
  if (network.driver !== 'bridge')
    return containers
      .all()
      .filter(
        ({ state, hostConfig }) => state.pid !== 0 && (hostConfig.NetworkMode || 'none') === network.name,
      )
      .map((record) => ({ record }))
  return sandboxes.on(network.id).flatMap((endpoint) => {
    const record = containers.get(endpoint.container)
    return record === undefined ? [] : [{ record, endpoint }]
  })
}

/** What of it is in the kernel, and how it came there. @throws EngineError `invalid` for one without interfaces */
export const networkExplain: DaemonJob<{ network: string }, NetworkExplanation> = {
  name: 'network-explain',
  async run(daemon, { network }) {
    const found = daemon.networks.find(network)
    if (found.driver !== 'bridge')
      throw new EngineError('invalid', `network ${found.name} has no interfaces of its own`)
    const members = membersOf(daemon, found).flatMap(({ record, endpoint }) =>
      endpoint === undefined ? [] : [{ pid: record.state.pid, endpoint: endpointOf(endpoint, found) }],
    )
    const { table } = daemon.sandboxes.parts.driver
    const state = await stateOf(table, bridgeNetwork(found), members)
    return {
      Name: found.name,
      Made: commandsOf(table, bridgeNetwork(found), members),
      Now: state.map(({ command, output }) => ({ Command: command, Output: output })),
    }
  },
}
