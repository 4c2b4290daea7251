// Ports of a container: which it gets, and which of its endpoints they lead to, the one that
// has the default route. When that is another one, they move.
//
// Called by sandboxes.ts. Next: engine/drivers/network/port-sockets.ts
import { type Address, formatAddress, parseAddress } from '../../drivers/network/address.ts'
import type { BridgeDriver } from '../../drivers/network/bridge.ts'
import { hasIPv6 } from '../../drivers/network/host-network.ts'
import { type Published, portRequests } from '../../drivers/network/port-mapping.ts'
import type { PortSockets } from '../../drivers/network/port-sockets.ts'
import { EngineError, errorLine } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Networks } from './networks.ts'
import { addressesOf, type EndpointRecord, endpointOf, type NetworkRecord, publishedOf } from './record.ts'

export interface PublishingParts {
  networks: Networks
  ports: PortSockets
  driver: BridgeDriver
}

/** Holds all that it asks for, and writes them down. Nothing leads there yet. @throws EngineError with none held */
export async function holdPorts(
  { networks, ports }: PublishingParts,
  record: ContainerRecord,
  endpoint: EndpointRecord,
): Promise<void> {
  const { PortBindings, PublishAllPorts } = record.hostConfig
  const requests = portRequests({
    bindings: PortBindings ?? {},
    exposed: PublishAllPorts ? Object.keys(record.config.ExposedPorts ?? {}) : [],
    anywhere: anywhere(networks, networks.find(endpoint.network)),
  })
  const [target] = addressesOf(endpoint)
  const published: Published[] = []
  try {
    if (target !== undefined)
      for (const request of requests)
        published.push(...(await ports.hold(request, ownerOf(record.name), target)))
  } catch (error) {
    await ports.release(published)
    throw new EngineError(
      error instanceof EngineError ? error.kind : 'internal',
      `driver failed programming external connectivity on endpoint ${record.name} (${endpoint.id}): ${errorLine(error)}`,
    )
  }
  const stored = published.map(({ host, ...rest }) => ({ ...rest, host: formatAddress(host) }))
  networks.saveEndpoint({ ...endpoint, published: stored })
}

/** From the endpoint that had the default route to the one that has it now. */
export async function movePorts(
  { networks, ports, driver }: PublishingParts,
  name: string,
  from: EndpointRecord,
  to: EndpointRecord,
): Promise<void> {
  const all = publishedOf(from)
  const [target] = addressesOf(to)
  if (all.length === 0 || target === undefined) return
  await driver.unpublish(endpointOf(from, networks.find(from.network)))
  await ports.release(all)
  await ports.holdAgain(all, ownerOf(name), target)
  const next = { ...to, published: from.published }
  networks.saveEndpoint({ ...from, published: [] })
  networks.saveEndpoint(next)
  await driver.publish(endpointOf(next, networks.find(to.network)))
}

export function ownerOf(name: string): string {
  return `container ${name}`
}

/** Where a port is that names no address: every address, or the one that settings name. */
function anywhere({ settings }: Networks, network: NetworkRecord): Address[] {
  const option = network.options['com.docker.network.bridge.host_binding_ipv4']
  const four = parseAddress(option ?? settings.hostIp)
  if (four === undefined || four.value !== 0n || !hasIPv6()) return four === undefined ? [] : [four]
  return [four, { family: 6, value: 0n }]
}
