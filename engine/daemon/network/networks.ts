// The table of networks and endpoints: every record, in memory and in the database.
//
// Three networks are always there: `bridge`, where containers are that name none, `host`
// and `none`. What their settings say is read anew at every start; ids and subnets stay.
//
// Called by sandboxes.ts and the jobs of networks. Next: engine/daemon/network/sandboxes.ts
import {
  type Address,
  overlap,
  parseAddress,
  parsePrefixed,
  type Subnet,
} from '../../drivers/network/address.ts'
import { addressOf, interfaces, routes } from '../../drivers/network/host-network.ts'
import { chooseSubnet, describePool, makePool, type Pool } from '../../drivers/network/ipam.ts'
import { EngineError } from '../../errors.ts'
import type { GraphDB } from '../../graph/graphdb.ts'
import type { EndpointRow, NetworkRow } from '../../graph/tables/networks.ts'
import {
  addressesOf,
  decodeEndpoint,
  decodeNetwork,
  type EndpointRecord,
  emptyNetwork,
  encodeEndpoint,
  type NetworkRecord,
  poolsOf,
} from './record.ts'
import { salvageEndpoint, salvageNetwork } from './salvage.ts'
import type { NetworkSettings } from './settings.ts'

export class Networks {
  readonly #db: GraphDB
  readonly #networks = new Map<string, NetworkRecord>()
  readonly #endpoints = new Map<string, EndpointRecord>()
  /** Ids of those whose record could not be read. */
  readonly #damaged = new Set<string>()
  readonly settings: NetworkSettings

  /** @param own the name of the default bridge's interface, unless the settings name one */
  constructor(db: GraphDB, settings: NetworkSettings, own: string, warn: (line: string) => void) {
    this.#db = db
    this.settings = settings
    for (const row of db.networks.all()) this.#networks.set(row.id, this.#readNetwork(row, warn))
    for (const row of db.networks.endpoints()) this.#endpoints.set(row.id, this.#readEndpoint(row, warn))
    for (const [name, driver] of [
      ['host', 'host'],
      ['none', 'null'],
    ] as const) {
      const known = this.named(name)
      if (known === undefined) this.add(emptyNetwork(name, driver))
      else if (this.#damaged.delete(known.id)) this.save({ ...emptyNetwork(name, driver), id: known.id })
    }
    if (settings.bridge !== 'none') this.#defaultBridge(settings.bridge ?? own)
    else this.#forgetBridge()
  }

  #readNetwork(row: NetworkRow, warn: (line: string) => void): NetworkRecord {
    try {
      return decodeNetwork(row.record)
    } catch {
      this.#damaged.add(row.id)
      const isOurs = ['bridge', 'host', 'none'].includes(row.name)
      warn(isOurs ? `the record of network ${row.name} is damaged: it is made anew` : damage(row.name))
      return salvageNetwork(row)
    }
  }

  #readEndpoint(row: EndpointRow, warn: (line: string) => void): EndpointRecord {
    try {
      return decodeEndpoint(row)
    } catch {
      const network = this.#networks.get(row.network)?.name ?? row.network
      const who = `container ${row.container.slice(0, 12)} in network ${network}`
      warn(`the record of ${who} is damaged: restart it, its ports may not be reached`)
      return salvageEndpoint(row)
    }
  }

  /** Before somebody comes to it. @throws EngineError `unavailable` for one whose record could not be read */
  checkWhole(id: string): void {
    const network = this.#networks.get(id)
    if (network !== undefined && this.#damaged.has(id))
      throw new EngineError('unavailable', damage(network.name))
  }

  /** By name. */
  all(): NetworkRecord[] {
    return [...this.#networks.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  named(name: string): NetworkRecord | undefined {
    return [...this.#networks.values()].find((one) => one.name === name)
  }

  get(id: string): NetworkRecord | undefined {
    return this.#networks.get(id)
  }

  /** @param text a name, an id, or the beginning of one @throws EngineError `not-found`, `invalid` */
  find(text: string): NetworkRecord {
    const exact = this.#networks.get(text) ?? this.named(text)
    if (exact !== undefined) return exact
    const found = text === '' ? [] : this.all().filter(({ id }) => id.startsWith(text))
    const [one, another] = found
    if (another !== undefined)
      throw new EngineError(
        'invalid',
        `network ${text} is ambiguous (${found.length} matches found on ID prefix)`,
      )
    if (one === undefined) throw new EngineError('not-found', `network ${text} not found`)
    return one
  }

  add(network: NetworkRecord): void {
    const { id, name } = network
    this.#db.networks.add({ id, name, record: JSON.stringify(network) })
    this.#networks.set(id, network)
  }

  save(network: NetworkRecord): void {
    this.#db.networks.setRecord(network.id, JSON.stringify(network))
    this.#networks.set(network.id, network)
  }

  remove(id: string): void {
    this.#db.networks.remove(id)
    this.#networks.delete(id)
    this.#damaged.delete(id)
  }

  endpoints(): EndpointRecord[] {
    return [...this.#endpoints.values()]
  }

  endpoint(id: string): EndpointRecord | undefined {
    return this.#endpoints.get(id)
  }

  addEndpoint(endpoint: EndpointRecord): void {
    this.#db.networks.addEndpoint({ ...endpoint, record: encodeEndpoint(endpoint) })
    this.#endpoints.set(endpoint.id, endpoint)
  }

  saveEndpoint(endpoint: EndpointRecord): void {
    this.#db.networks.setEndpoint(endpoint.id, encodeEndpoint(endpoint))
    this.#endpoints.set(endpoint.id, endpoint)
  }

  removeEndpoint(id: string): void {
    this.#db.networks.removeEndpoint(id)
    this.#endpoints.delete(id)
  }

  /** Addresses of a network that somebody has, as numbers. */
  taken(network: string, family: Address['family']): Set<bigint> {
    return new Set(
      this.endpoints()
        .filter((one) => one.network === network)
        .flatMap(addressesOf)
        .filter((one) => one.family === family)
        .map(({ value }) => value),
    )
  }

  /** Subnets of all networks but one. */
  subnets(except?: string): Subnet[] {
    return this.all()
      .filter(({ id }) => id !== except)
      .flatMap(poolsOf)
      .map(({ subnet }) => subnet)
  }

  /** One that is nobody's: no other network's, and nothing that the host routes. @param bridge whose own routes do not count */
  freeSubnet(except?: string, bridge?: string): Subnet {
    return chooseSubnet(this.settings.pools, [...this.subnets(except), ...routed(bridge)])
  }

  /**
   * Before its bridge is made: a subnet that we chose, and that somebody else of this machine has taken
   * meanwhile, is changed for another one while nobody has an address of it.
   */
  settle(id: string): NetworkRecord {
    const network = this.find(id)
    const inTheWay = routed(network.bridge)
    const pools = poolsOf(network)
    const clashes = pools.some(({ subnet }) => inTheWay.some((one) => overlap(one, subnet)))
    if (!clashes || network.configured || interfaces().has(network.bridge)) return network
    if (this.endpoints().some((one) => one.network === id)) return network
    const four = makePool({}, () => this.freeSubnet(id, network.bridge))
    const next = {
      ...network,
      pools: [four, ...pools.filter(({ subnet }) => subnet.family === 6)].map(storedPool),
    }
    this.save(next)
    return next
  }

  #defaultBridge(bridge: string): void {
    const { settings } = this
    const known = this.named('bridge')
    const isDamaged = known !== undefined && this.#damaged.delete(known.id)
    const network: NetworkRecord = {
      ...(known ?? emptyNetwork('bridge', 'bridge')),
      bridge,
      adopted: settings.bridge !== undefined,
      ipv6: settings.fixedCidrV6 !== undefined,
      options: {
        'com.docker.network.bridge.default_bridge': 'true',
        'com.docker.network.bridge.enable_icc': String(settings.icc),
        'com.docker.network.bridge.enable_ip_masquerade': String(settings.masquerade),
        'com.docker.network.bridge.host_binding_ipv4': settings.hostIp,
        'com.docker.network.bridge.name': bridge,
        'com.docker.network.driver.mtu': String(settings.mtu ?? 1500),
      },
      configured: settings.bip !== undefined,
      pools: this.#defaultPools(known, bridge, isDamaged).map(storedPool),
    }
    if (known === undefined) this.add(network)
    else this.save(network)
  }

  /** @param isDamaged what is not known of it, its interface says: there may be containers on it */
  #defaultPools(known: NetworkRecord | undefined, bridge: string, isDamaged: boolean): Pool[] {
    const { fixedCidr, fixedCidrV6, defaultGateway } = this.settings
    const asks = this.settings.bridge !== undefined || isDamaged
    const bip = this.settings.bip ?? (asks ? addressOf(bridge) : undefined)
    const own = bip === undefined ? undefined : parsePrefixed(bip)
    if (bip !== undefined && own === undefined)
      throw new EngineError('invalid', `bip: ${bip} is no address with a prefix`)
    const [before] = known === undefined ? [] : poolsOf(known).filter(({ subnet }) => subnet.family === 4)
    const subnet = own?.subnet ?? before?.subnet ?? this.freeSubnet(known?.id, bridge)
    const gateway = defaultGateway === undefined ? own?.address : parseAddress(defaultGateway)
    const { Gateway } = describePool({ subnet, gateway: gateway ?? subnetFirst(subnet), auxiliary: {} })
    const four = makePool(
      {
        ...(fixedCidr === undefined ? {} : { IPRange: fixedCidr }),
        ...(gateway === undefined ? {} : { Gateway }),
      },
      () => subnet,
    )
    return fixedCidrV6 === undefined ? [four] : [four, makePool({ Subnet: fixedCidrV6 }, () => subnet)]
  }

  /** `bridge: none`. What it had is taken away when its containers have ended. */
  #forgetBridge(): void {
    const known = this.named('bridge')
    if (known !== undefined && !this.endpoints().some(({ network }) => network === known.id))
      this.remove(known.id)
  }
}

function damage(name: string): string {
  return `the record of network ${name} is damaged, or of a newer tockerd: nobody new comes to it; "docker network rm ${name}" removes it, then create it again`
}

function subnetFirst({ family, base }: Subnet): Address {
  return { family, value: base + 1n }
}

export function storedPool(pool: Pool): NetworkRecord['pools'][number] {
  const { Subnet = '', Gateway = '', IPRange, AuxiliaryAddresses } = describePool(pool)
  return {
    ...{ Subnet, Gateway },
    ...(IPRange === undefined ? {} : { IPRange }),
    ...(AuxiliaryAddresses === undefined ? {} : { AuxiliaryAddresses: { ...AuxiliaryAddresses } }),
  }
}

function routed(bridge: string | undefined): Subnet[] {
  return routes()
    .filter((one) => one.interface !== bridge)
    .map(({ subnet }) => subnet)
}
