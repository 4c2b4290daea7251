// Who is called what: the names of containers on user-defined networks, and who may ask.
//
//   network "front"              network "back"
//   ┌──────────┬──────────┐      ┌──────────┬──────────┐
//   │ web      │ proxy    │      │ web      │ db       │
//   │ 10.1.0.2 │ 10.1.0.3 │      │ 10.2.0.2 │ 10.2.0.3 │
//   └──────────┴──────────┘      └──────────┴──────────┘
//
// A name means something to the one who asks: `db` is there for web, and not for proxy.
// Where two of the asker's networks know a name, the one wins that would also be the
// way out (`betterFirst`), as with Docker. `db.back` names the network, too; both
// halves may have dots, so every dot is tried as the border between them.
//
// Pure: it knows nothing of packets and sockets. Fed by whoever attaches containers to
// networks; asked by the name server of each container.
import { isIPv4 } from 'node:net'

/** A container's place in one network. */
export interface Endpoint {
  /** Id of the network. */
  network: string
  networkName: string
  /** The network has no way out. */
  internal: boolean
  /** GwPriority of EndpointSettings: 0 unless somebody asked for another. */
  gatewayPriority: number
  /** Id of the container. */
  container: string
  /** What it is called in this network, as dnsNames() makes it. The first is what PTR says. */
  dnsNames: readonly string[]
  /** `--link name:alias`: for this container alone `alias` stands for `name`. */
  links: readonly { name: string; alias: string }[]
  /** IPv4 and IPv6, without the length of a prefix. */
  addresses: readonly string[]
}

/** EndpointSettings.DNSNames: the container's name, `--network-alias`, its short id, its hostname; each once. */
export function dnsNames(container: {
  name: string
  id: string
  hostname: string
  aliases: readonly string[]
}): string[] {
  const { name, aliases, id, hostname } = container
  return [...new Set([name, ...aliases, id.slice(0, 12), hostname])].filter((one) => one !== '')
}

interface NetworkNames {
  /** In lower case: DNS does not tell `Web` from `web`. */
  named: Map<string, Set<Endpoint>>
  /** By the name that PTR is asked with. */
  reverse: Map<string, Endpoint>
}

export class Zone {
  readonly #networks = new Map<string, NetworkNames>()
  /** Of each container its endpoints, the better first. */
  readonly #endpoints = new Map<string, Endpoint[]>()

  /** Replaces what was known of this container in this network. */
  attach(endpoint: Endpoint): void {
    this.detach(endpoint.container, endpoint.network)
    const own = [...(this.#endpoints.get(endpoint.container) ?? []), endpoint].sort(betterFirst)
    this.#endpoints.set(endpoint.container, own)
    const network = this.#networks.get(endpoint.network) ?? { named: new Map(), reverse: new Map() }
    this.#networks.set(endpoint.network, network)
    for (const name of endpoint.dnsNames.map(lower)) {
      const all = network.named.get(name) ?? new Set()
      network.named.set(name, all.add(endpoint))
    }
    for (const address of endpoint.addresses) network.reverse.set(reverseName(address), endpoint)
  }

  detach(container: string, networkId: string): void {
    const endpoints = this.#endpoints.get(container) ?? []
    const endpoint = endpoints.find(({ network }) => network === networkId)
    const network = this.#networks.get(networkId)
    if (endpoint === undefined || network === undefined) return
    const rest = endpoints.filter((one) => one !== endpoint)
    if (rest.length > 0) this.#endpoints.set(container, rest)
    else this.#endpoints.delete(container)
    for (const name of endpoint.dnsNames.map(lower)) {
      const all = network.named.get(name)
      all?.delete(endpoint)
      if (all?.size === 0) network.named.delete(name)
    }
    for (const address of endpoint.addresses) {
      // It may be somebody else's by now.
      if (network.reverse.get(reverseName(address)) === endpoint) network.reverse.delete(reverseName(address))
    }
    if (network.named.size === 0 && network.reverse.size === 0) this.#networks.delete(networkId)
  }

  /**
   * What `name` means to this container.
   * @param name without the dot at its end
   * @returns IPv4 and IPv6, each once; undefined when nobody is called so: others may know
   */
  addresses(asker: string, name: string): string[] | undefined {
    const own = this.#endpoints.get(asker) ?? []
    for (const [host, networkName] of readings(lower(name))) {
      const asked = own.filter((one) => networkName === undefined || lower(one.networkName) === networkName)
      // Links first, and then names, but not where a link has that name: it hides them.
      const linked = asked.flatMap((one) => linkOf(one, host).map((target) => [one, target] as const))
      const plain = asked.filter((one) => linkOf(one, host).length === 0).map((one) => [one, host] as const)
      for (const [endpoint, target] of [...linked, ...plain]) {
        const found = this.#networks.get(endpoint.network)?.named.get(target)
        if (found !== undefined) return [...new Set([...found].flatMap(({ addresses }) => addresses))]
      }
    }
    return undefined
  }

  /** Who has this address in one of the asker's networks. @param name `4.3.2.1.in-addr.arpa` @returns `web.front` */
  pointer(asker: string, name: string): string | undefined {
    for (const { network } of this.#endpoints.get(asker) ?? []) {
      const found = this.#networks.get(network)?.reverse.get(lower(name))
      if (found?.dnsNames[0] !== undefined) return `${found.dnsNames[0]}.${found.networkName}`
    }
    return undefined
  }

  /** Whether one of its networks leads out. */
  leadsOut(asker: string): boolean {
    return (this.#endpoints.get(asker) ?? []).some(({ internal }) => !internal)
  }
}

function lower(name: string): string {
  return name.toLowerCase()
}

function linkOf({ links }: Endpoint, host: string): string[] {
  return links.filter(({ alias }) => lower(alias) === host).map(({ name }) => lower(name))
}

/** `a.b.c`: that host in any network, `a.b` in network `c`, `a` in network `b.c`. */
function* readings(name: string): Generator<[host: string, network?: string]> {
  yield [name]
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1))
    yield [name.slice(0, dot), name.slice(dot + 1)]
}

/** Docker's order of a container's networks: by priority, those that lead out, those with both families, by name. */
function betterFirst(one: Endpoint, other: Endpoint): number {
  const families = ({ addresses }: Endpoint): number => new Set(addresses.map((each) => isIPv4(each))).size
  return (
    other.gatewayPriority - one.gatewayPriority ||
    Number(one.internal) - Number(other.internal) ||
    families(other) - families(one) ||
    (one.networkName < other.networkName ? -1 : 1)
  )
}

/** What PTR is asked with: the address backwards, in bytes (RFC 1035, 3.5) or in halves of bytes (RFC 3596, 2.5). */
export function reverseName(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const [head, tail] = address.toLowerCase().split('::')
  const words = (text: string | undefined): string[] => (text ? text.split(':') : [])
  const [first, last] = [words(head), words(tail)]
  const gap = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const all = [...first, ...Array.from({ length: gap }, () => '0'), ...last]
  const nibbles = all.map((word) => word.padStart(4, '0')).join('')
  return `${[...nibbles].reverse().join('.')}.ip6.arpa`
}
