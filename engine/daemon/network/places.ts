// Where a container shall be: its networks, in the order in which its interfaces count, and
// which of them has its default route. Pure, but for the table of networks.
//
// Called by sandboxes.ts.
import type { EndpointSettings } from '../../api/endpoint.ts'
import { EngineError } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Networks } from './networks.ts'
import type { NetworkRecord } from './record.ts'

export interface Place {
  network: NetworkRecord
  settings: EndpointSettings
}

/**
 * Those that have interfaces: eth0 is of the network that `--network` named first.
 * @throws EngineError `not-found` for a network that has gone
 */
export function placesOf({ networks: wanted, hostConfig }: ContainerRecord, networks: Networks): Place[] {
  const first = hostConfig.NetworkMode ?? ''
  return Object.entries(wanted)
    .map(([name, { id, settings }]) => {
      const network = id === '' ? networks.find(name) : networks.get(id)
      if (network === undefined) throw new EngineError('not-found', `network ${id} not found`)
      return { network, settings }
    })
    .filter(({ network }) => network.driver === 'bridge')
    .toSorted((a, b) => Number(isCalled(b, first)) - Number(isCalled(a, first)) || compare(a, b))
}

function isCalled({ network }: Place, text: string): boolean {
  return text !== '' && (network.name === text || network.id === text)
}

function compare(a: Place, b: Place): number {
  return a.network.name < b.network.name ? -1 : 1
}

/** Which network has the default route: by priority, then by name; never an internal one. */
export function gatewayName(places: readonly Place[]): string | undefined {
  const [best] = places
    .filter(({ network }) => !network.internal)
    .toSorted((a, b) => (b.settings.GwPriority ?? 0) - (a.settings.GwPriority ?? 0) || compare(a, b))
  return best?.network.name
}
