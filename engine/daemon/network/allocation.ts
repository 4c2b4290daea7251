// An endpoint for a container: an address of each of the network's pools, names for both
// ends of its cable, and the row that says so before anything else exists.
//
// Called by sandboxes.ts.
import { randomBytes } from 'node:crypto'
import { type Address, formatAddress, parseAddress } from '../../drivers/network/address.ts'
import { claimAddress, macOf, nextAddress, type Pool } from '../../drivers/network/ipam.ts'
import { EngineError } from '../../errors.ts'
import { sysctlsFor } from './endpoint-options.ts'
import type { Networks } from './networks.ts'
import type { Place } from './places.ts'
import { type EndpointRecord, type NetworkRecord, poolsOf, vethOf } from './record.ts'

/** @throws EngineError in Docker's words, when an address is taken or there are no more */
export function takeEndpoint(
  networks: Networks,
  container: string,
  { network, settings }: Place,
  name: string,
): EndpointRecord {
  const wanted = { 4: settings.IPAMConfig?.IPv4Address, 6: settings.IPAMConfig?.IPv6Address }
  const addresses = poolsOf(network).map((pool) =>
    takeAddress(networks, network, pool, wanted[pool.subnet.family]),
  )
  const text = (family: Address['family']): string | null => {
    const address = addresses.find((one) => one.family === family)
    return address === undefined ? null : formatAddress(address)
  }
  const id = randomBytes(32).toString('hex')
  const [first] = addresses
  const linkLocal = settings.IPAMConfig?.LinkLocalIPs ?? []
  const sysctls = sysctlsFor(settings, name)
  const endpoint: EndpointRecord = {
    ...{ version: 1, id, network: network.id, container, ipv4: text(4), ipv6: text(6) },
    // 15 bytes at the most: eight digits are random enough for one machine.
    ...{ veth: vethOf(id), interface: name, gateway: false, published: [] },
    ...(linkLocal.length === 0 ? {} : { linkLocal }),
    ...(sysctls.length === 0 ? {} : { sysctls }),
    mac: settings.MacAddress || (first === undefined ? '' : macOf(first)),
  }
  networks.addEndpoint(endpoint)
  return endpoint
}

function takeAddress(
  networks: Networks,
  network: NetworkRecord,
  pool: Pool,
  wanted: string | null | undefined,
): Address {
  const { family } = pool.subnet
  const taken = networks.taken(network.id, family)
  const fixed = wanted ? parseAddress(wanted) : undefined
  if (fixed !== undefined) return claimAddress(pool, fixed, taken)
  const address = nextAddress(pool, taken)
  if (address === undefined)
    throw new EngineError(
      'conflict',
      `no available IPv${family} addresses on this network's address pools: ${network.name} (${network.id})`,
    )
  return address
}
