// What is remembered of a network, and of a container's endpoint on one: rows of the
// database, and what the driver makes of them.
//
// Next: engine/daemon/network/networks.ts
import { randomBytes } from 'node:crypto'
import * as z from 'zod/mini'
import { type Address, parseAddress } from '../../drivers/network/address.ts'
import type { BridgeNetwork, Endpoint } from '../../drivers/network/driver.ts'
import { makePool, type Pool } from '../../drivers/network/ipam.ts'
import { type Published, protocols } from '../../drivers/network/port-mapping.ts'
import { EngineError } from '../../errors.ts'

const strings = z.record(z.string(), z.string())

export const networkSchema = z.object({
  /** Of this format: a later engine reads an older one's. */
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  driver: z.enum(['bridge', 'host', 'null']),
  /** RFC 3339. */
  created: z.string(),
  internal: z.boolean(),
  attachable: z.boolean(),
  ipv6: z.boolean(),
  /** `-o`, com.docker.network.… */
  options: strings,
  labels: strings,
  /** As Docker's IPAM.Config, complete; none for those without addresses. */
  pools: z.array(
    z.object({
      Subnet: z.string(),
      IPRange: z.exactOptional(z.string()),
      Gateway: z.string(),
      AuxiliaryAddresses: z.exactOptional(strings),
    }),
  ),
  /** The subnet was named, and not chosen: only then has a fixed address a meaning that lasts. */
  configured: z.boolean(),
  /** The interface; empty for those that have none. */
  bridge: z.string(),
  /** `--bridge`: the user's own. */
  adopted: z.prefault(z.boolean(), false),
})
export type NetworkRecord = z.infer<typeof networkSchema>

export const endpointSchema = z.object({
  version: z.literal(1),
  veth: z.string(),
  interface: z.string(),
  mac: z.string(),
  /** It has the sandbox's default route. */
  gateway: z.boolean(),
  /** `--link-local-ip`: besides those of the network's pools. */
  linkLocal: z.exactOptional(z.array(z.string())),
  /** Of its interface: `net.ipv4.conf.eth0.log_martians=1`. */
  sysctls: z.exactOptional(z.array(z.string())),
  published: z.array(
    z.object({
      protocol: z.enum(protocols),
      containerPort: z.int(),
      host: z.string(),
      hostPort: z.int(),
    }),
  ),
})

export interface EndpointRecord extends z.infer<typeof endpointSchema> {
  id: string
  network: string
  container: string
  ipv4: string | null
  ipv6: string | null
}

/** @throws EngineError `internal` for what no engine wrote */
export function decodeNetwork(text: string): NetworkRecord {
  const network = decode(networkSchema, text, 'network')
  // Whoever asks for its subnets later is somebody else, who could do nothing about it.
  poolsOf(network)
  return network
}

export function emptyNetwork(name: string, driver: NetworkRecord['driver']): NetworkRecord {
  return {
    ...{ version: 1, id: randomBytes(32).toString('hex'), name, driver, created: new Date().toISOString() },
    ...{ internal: false, attachable: false, ipv6: false, options: {}, labels: {} },
    ...{ pools: [], configured: false, bridge: '', adopted: false },
  }
}

/** An interface's name has 15 bytes at most. */
export function vethOf(endpoint: string): string {
  return `veth${endpoint.slice(0, 8)}`
}

export function decodeEndpoint(
  row: Pick<EndpointRecord, 'id' | 'network' | 'container' | 'ipv4' | 'ipv6'> & { record: string },
): EndpointRecord {
  const { record, ...rest } = row
  return { ...rest, ...decode(endpointSchema, record, 'endpoint') }
}

export function encodeEndpoint({
  id: _,
  network: __,
  container: ___,
  ipv4: ____,
  ipv6: _____,
  ...record
}: EndpointRecord): string {
  return JSON.stringify(record)
}

function decode<Schema extends z.ZodMiniType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new EngineError('internal', `the record of a ${what} is damaged`, { cause })
  }
}

export function poolsOf({ pools }: NetworkRecord): Pool[] {
  return pools.map((pool) =>
    makePool(pool, () => {
      throw new EngineError('internal', 'a pool without a subnet')
    }),
  )
}

/** Docker's words: `com.docker.network.bridge.enable_icc=false`. */
function isOn(network: NetworkRecord, option: string): boolean {
  const value = network.options[`com.docker.network.bridge.${option}`]
  return value === undefined || /^(1|t|true)$/i.test(value)
}

/** As the driver has to know it. */
export function bridgeNetwork(network: NetworkRecord): BridgeNetwork {
  const { id, bridge, internal, options, adopted } = network
  const mtu = Number(options['com.docker.network.driver.mtu'] ?? 0)
  return {
    ...{ id, bridge, internal, adopted },
    subnets: poolsOf(network).map(({ subnet, gateway }) => ({ subnet, gateway })),
    icc: isOn(network, 'enable_icc'),
    masquerade: isOn(network, 'enable_ip_masquerade'),
    ...(mtu > 0 ? { mtu } : {}),
  }
}

export function endpointOf(record: EndpointRecord, network: NetworkRecord): Endpoint {
  const { id, veth, mac, interface: name, gateway } = record
  const pools = poolsOf(network)
  const own = addressesOf(record).map((address) => ({
    address,
    prefix: pools.find(({ subnet }) => subnet.family === address.family)?.subnet.prefix ?? 32,
  }))
  return {
    ...{ id, veth, mac, interface: name, sysctls: record.sysctls ?? [] },
    addresses: [...own, ...linkLocalOf(record)],
    gateways: gateway && !network.internal ? pools.map((pool) => pool.gateway) : [],
    published: publishedOf(record),
  }
}

export function addressesOf({ ipv4, ipv6 }: Pick<EndpointRecord, 'ipv4' | 'ipv6'>): Address[] {
  return [ipv4, ipv6]
    .map((text) => (text === null ? undefined : parseAddress(text)))
    .filter((one) => one !== undefined)
}

/** RFC 3927 and RFC 4291: all of them are on one link. */
function linkLocalOf({ linkLocal = [] }: EndpointRecord): { address: Address; prefix: number }[] {
  return linkLocal
    .map(parseAddress)
    .filter((one) => one !== undefined)
    .map((address) => ({ address, prefix: address.family === 4 ? 16 : 64 }))
}

export function publishedOf({ published }: EndpointRecord): Published[] {
  return published.flatMap(({ host, ...rest }) => {
    const address = parseAddress(host)
    return address === undefined ? [] : [{ ...rest, host: address }]
  })
}
