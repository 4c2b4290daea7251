// Containers on networks: which endpoints a container gets, and when each step is done.
//
//   prepare    networks open, addresses and ports taken, rows written    (no process yet)
//   attach     veth pairs, addresses, routes, rules                      (created, not started)
//   leave      ports let go at once; rows when the kernel has taken the interfaces down
//
// An address is somebody else's when its interface is gone, and not before. The kernel
// takes a sandbox down in its own time, and nobody waits for it, unless they need that
// very address.
//
// A network has turns: while it is being made or removed nobody gets a place on it.
//
// Called by launch.ts, and by the jobs of networks. Next: engine/drivers/network/driver.ts
import { formatAddress } from '../../drivers/network/address.ts'
import type { BridgeDriver } from '../../drivers/network/bridge.ts'
import type { ResolvConf } from '../../drivers/network/dns/resolv-conf.ts'
import type { Endpoint } from '../../drivers/network/driver.ts'
import { withMachineLock } from '../../drivers/network/machine-lock.ts'
import type { PortSockets } from '../../drivers/network/port-sockets.ts'
import { errorLine } from '../../errors.ts'
import { Turns } from '../../turns.ts'
import type { Containers } from '../container/containers.ts'
import type { NetworkFiles } from '../container/identity-files.ts'
import type { ContainerRecord } from '../container/record.ts'
import { takeEndpoint } from './allocation.ts'
import { interfaceName } from './endpoint-options.ts'
import { checkLink, type Link, linkLines } from './links.ts'
import { type ContainerNames, hasNames, linksOf } from './names.ts'
import type { Networks } from './networks.ts'
import { gatewayName, placesOf } from './places.ts'
import { holdPorts } from './publishing.ts'
import { addressesOf, bridgeNetwork, type EndpointRecord, endpointOf, type NetworkRecord } from './record.ts'
import { resolverOf } from './resolver.ts'

export interface SandboxParts {
  networks: Networks
  driver: BridgeDriver
  ports: PortSockets
  names: ContainerNames
  containers: Pick<Containers, 'find' | 'get'>
  warn: (line: string) => void
  /** Tells that a container has come to a network, or left it. */
  tell: (network: NetworkRecord, action: 'connect' | 'disconnect', container: string) => void
}

export class Sandboxes {
  readonly parts: SandboxParts
  /** By network. */
  readonly turns = new Turns()
  /** By endpoint: those whose interfaces are going. */
  readonly #leaving = new Map<string, Promise<void>>()

  constructor(parts: SandboxParts) {
    this.parts = parts
  }

  /** Endpoints of a container that it has now, the first one is eth0. */
  of(container: string): EndpointRecord[] {
    return inOrder(this.#present((one) => one.container === container))
  }

  /** The same of all containers at once: whoever lists hundreds looks for each of them. */
  byContainer(): Map<string, EndpointRecord[]> {
    const all = Map.groupBy(
      this.#present(() => true),
      ({ container }) => container,
    )
    return new Map([...all].map(([container, endpoints]) => [container, inOrder(endpoints)]))
  }

  /** Endpoints on a network. */
  on(network: string): EndpointRecord[] {
    return this.#present((one) => one.network === network)
  }

  #present(is: (endpoint: EndpointRecord) => boolean): EndpointRecord[] {
    return this.parts.networks.endpoints().filter((one) => is(one) && !this.#leaving.has(one.id))
  }

  // #region prepare
  /** All that can be had without a process. @throws EngineError with nothing taken */
  async prepare(record: ContainerRecord): Promise<void> {
    const { networks } = this.parts
    const places = placesOf(record, networks)
    // It was here a moment ago: then it gets the same address again.
    await this.#gone((one) => one.container === record.id)
    await using undo = new AsyncDisposableStack()
    undo.defer(() => this.leave(record.id))
    const gateway = gatewayName(places)
    for (const [index, { network }] of places.entries()) {
      const endpoint = await this.take(record, network, `eth${index}`)
      if (network.name === gateway) await holdPorts(this.parts, record, { ...endpoint, gateway: true })
    }
    undo.move()
  }
  // #endregion prepare

  /** An endpoint on a network that is open from here on; its row, and nothing in the kernel. */
  async take(record: ContainerRecord, network: NetworkRecord, eth: string): Promise<EndpointRecord> {
    return await this.turns.take(network.id, () => this.#take(record, network, eth))
  }

  async #take(record: ContainerRecord, { id, name }: NetworkRecord, eth: string): Promise<EndpointRecord> {
    const { networks } = this.parts
    await this.open(id)
    const place = { network: networks.find(id), settings: record.networks[name]?.settings ?? {} }
    const called = interfaceName(place.settings) ?? eth.replace('eth', prefixOf(place.network))
    try {
      return takeEndpoint(networks, record.id, place, called)
    } catch (error) {
      // Somebody who is about to leave may have the address, or the last one.
      const leaving = networks.endpoints().some((one) => one.network === id && this.#leaving.has(one.id))
      if (!leaving) throw error
      await this.#gone((one) => one.network === id)
      return takeEndpoint(networks, record.id, place, called)
    }
  }

  /** What is written into its /etc/hosts and resolv.conf. @throws EngineError for a link to nobody */
  files(record: ContainerRecord): NetworkFiles {
    const { networks } = this.parts
    return {
      addresses: this.of(record.id).flatMap(addressesOf).map(formatAddress),
      links: linkLines(this.links(record)),
      hostGateway: networks.settings.hostGateway ?? networks.named('bridge')?.pools[0]?.Gateway ?? '',
      resolvConf: this.#resolver(record).text,
    }
  }

  /** Those of the default network. @throws EngineError for one that does not run */
  links(record: ContainerRecord): Link[] {
    const bridge = this.parts.networks.named('bridge')
    return linksOf(record, 'bridge').flatMap(({ target, alias }) => {
      const other = this.parts.containers.find(target)
      checkLink(record, other, alias)
      const address = this.of(other.id).find((one) => one.network === bridge?.id)?.ipv4
      return address ? [{ alias, target: other, address }] : []
    })
  }

  #resolver(record: ContainerRecord): ResolvConf {
    const { networks } = this.parts
    const own = this.of(record.id).map((endpoint) => this.#network(endpoint))
    return resolverOf(record, own, networks.settings)
  }

  /** @param pid of the process that waits in its sandbox @throws EngineError */
  async attach(record: ContainerRecord, pid: number): Promise<void> {
    // At the same time: a name server needs no interface.
    const naming = this.followNames(record, pid)
    // Waited for below, unless an interface fails first; then leave() closes what it opens.
    naming.catch(() => {})
    for (const endpoint of this.of(record.id)) await this.plug(record, endpoint, pid)
    await naming
    const mode = record.hostConfig.NetworkMode ?? ''
    const plain = this.parts.networks.named(mode)
    if (plain !== undefined && plain.driver !== 'bridge') this.parts.tell(plain, 'connect', record.id)
  }

  /** One endpoint into a sandbox. */
  async plug(record: ContainerRecord, endpoint: EndpointRecord, pid: number): Promise<void> {
    const network = this.#network(endpoint)
    await this.parts.driver.attach(bridgeNetwork(network), endpointOf(endpoint, network), pid)
    this.parts.names.join(record, network, endpoint)
    this.parts.tell(network, 'connect', record.id)
  }

  /** A name server where it has names to ask for, and none where it has not. */
  async followNames(record: ContainerRecord, pid = record.state.pid): Promise<ResolvConf> {
    const { names } = this.parts
    const resolver = this.#resolver(record)
    const asks = this.of(record.id).some((endpoint) => hasNames(this.#network(endpoint)))
    if (asks) await names.open(record.id, pid, resolver.resolver)
    else names.close(record.id)
    return resolver
  }

  /** Lets go of everything that it has; its process has ended, or is about to. */
  async leave(container: string): Promise<void> {
    this.parts.names.close(container)
    await Promise.all(
      this.of(container).map((one) => this.#letGo(one, (plug) => this.parts.driver.detach(plug))),
    )
    const mode = this.parts.containers.get(container)?.hostConfig.NetworkMode ?? ''
    const plain = this.parts.networks.named(mode)
    if (plain !== undefined && plain.driver !== 'bridge') this.parts.tell(plain, 'disconnect', container)
  }

  /** Takes one endpoint out of a sandbox that goes on. */
  async drop(endpoint: EndpointRecord): Promise<void> {
    await this.#letGo(endpoint, (plug) => this.parts.driver.unplug(plug))
    await this.#leaving.get(endpoint.id)
  }

  /** Ports and names at once; the row when `takeDown` is done, which nobody here waits for. */
  async #letGo(endpoint: EndpointRecord, takeDown: (plug: Endpoint) => Promise<void>): Promise<void> {
    const { driver, networks, ports, names, tell, warn } = this.parts
    const network = this.#network(endpoint)
    const plug = endpointOf(endpoint, network)
    const gone = Promise.withResolvers<void>()
    this.#leaving.set(endpoint.id, gone.promise)
    names.leave(endpoint.container, network.id)
    await driver.unpublish(plug).catch((error: unknown) => warn(errorLine(error)))
    await ports.release(plug.published)
    tell(network, 'disconnect', endpoint.container)
    void takeDown(plug)
      .then(() => networks.removeEndpoint(endpoint.id))
      .catch((error: unknown) => warn(`interface ${endpoint.veth}: ${errorLine(error)}`))
      .finally(() => {
        this.#leaving.delete(endpoint.id)
        gone.resolve()
      })
  }

  /** A network's interfaces, made when somebody needs them. In its turn. */
  async open(id: string): Promise<void> {
    const { driver, networks } = this.parts
    networks.checkWhole(id)
    if (driver.isOpen(id)) return await driver.open(bridgeNetwork(networks.find(id)))
    // Two daemons that look at the same moment would choose the same subnet.
    await withMachineLock(async () => driver.open(bridgeNetwork(networks.settle(id))))
  }

  /** Resolves when those who are about to leave a network have left it. */
  async leftBy(network: NetworkRecord): Promise<void> {
    await this.#gone((one) => one.network === network.id)
  }

  /** In its turn, when nobody is on it any more, not even one whose interface is about to go. */
  async closeNetwork(network: NetworkRecord): Promise<void> {
    await this.parts.driver.close(bridgeNetwork(network))
  }

  /** Resolves when everybody who is about to leave has left. */
  async settled(): Promise<void> {
    await this.#gone(() => true)
  }

  /** It is called otherwise now. */
  renamed(record: ContainerRecord): void {
    for (const endpoint of this.of(record.id))
      this.parts.names.join(record, this.#network(endpoint), endpoint)
  }

  /** Resolves when those that are about to leave have left. */
  async #gone(is: (endpoint: EndpointRecord) => boolean): Promise<void> {
    const all = this.parts.networks.endpoints().filter(is)
    await Promise.all(all.map(({ id }) => this.#leaving.get(id)))
  }

  #network({ network }: EndpointRecord): NetworkRecord {
    return this.parts.networks.find(network)
  }
}

/** What interfaces of its containers are called, before the number. */
function prefixOf({ options }: NetworkRecord): string {
  return options['com.docker.network.container_iface_prefix'] || 'eth'
}

function inOrder(endpoints: readonly EndpointRecord[]): EndpointRecord[] {
  return endpoints.toSorted((a, b) => a.interface.localeCompare(b.interface, 'en', { numeric: true }))
}
