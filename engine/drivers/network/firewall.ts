// What is said to nft(8): one table, ours alone. Nobody else's rules are touched, and all of
// ours go with one `delete table`.
//
//   packet ─> raw ─> prerouting ─> (routing) ─┬─> forward ─────┬─> postrouting ─>
//                      DNAT: ports            │    who may     │     masquerade
//                                             └─> to the host  │
//   from a process of the host ─> output ──────────────────────┘
//                                   DNAT
//
// Networks and ports are elements of maps, not rules: the kernel finds one of 10,000
// published ports as fast as one of two, and an element is taken away by its name, where
// a rule has a number that somebody would have to remember.
//
//   forward ── @from[br-a] ─> chain from-…   may it leave its network?
//           └─ @into[br-b] ─> chain into-…   may it enter one? Answers, published ports, neighbours; nobody else
//
// An `accept` here is our word alone: in other tables others may still drop the packet.
//
// Pure text. Called by bridge.ts. Next: engine/drivers/network/port-mapping.ts
import { formatAddress, formatSubnet } from './address.ts'
import type { BridgeNetwork, Endpoint } from './driver.ts'
import type { Published } from './port-mapping.ts'

// #region table
/** The table as it is without networks. In one transaction with what comes after it: never is there half of it. */
export function tableText(table: string): string {
  const families = [
    ['ip', 'ipv4_addr', ''],
    ['ip6', 'ipv6_addr', '6'],
  ] as const
  const maps = families.map(
    ([, address, n]) => `
  map published${n} { type inet_proto . inet_service : ${address} . inet_service; }
  map published${n}-at { type ${address} . inet_proto . inet_service : ${address} . inet_service; }`,
  )
  const translate = families
    .map(
      ([family, , n]) => `
    fib daddr type local dnat ${family} to ${family} daddr . meta l4proto . th dport map @published${n}-at
    fib daddr type local dnat ${family} to meta l4proto . th dport map @published${n}`,
    )
    .join('')
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {${maps.join('')}
  map from { type ifname : verdict; }
  map into { type ifname : verdict; }
  map towards { type ifname : verdict; }
  map leaving { type ifname : verdict; }
  chain raw {
    type filter hook prerouting priority raw;
    # 127.0.0.1 from elsewhere: bridges have route_localnet on, and would take it.
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;${translate}
  }
  chain output {
    type nat hook output priority -100;
    # ::1 cannot leave the machine by any rule: a socket of the daemon answers there.
    ip6 daddr ::1 accept${translate}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname vmap @towards
    iifname vmap @leaving
  }
  chain forward {
    type filter hook forward priority filter;
    iifname vmap @from
    oifname vmap @into
  }
}
`
}
// #endregion table

// #region network
/** Rules of one network, added to the table. */
export function networkText(table: string, network: BridgeNetwork): string {
  const { bridge, internal, icc, masquerade, subnets } = network
  const name = shortName(network)
  const chains = {
    // An internal network has no way out.
    [`from-${name}`]: internal ? [`oifname != "${bridge}" drop`] : [],
    [`into-${name}`]: [
      'ct state established,related accept',
      ...(internal ? [] : ['ct status dnat accept']),
      // Only where net.bridge.bridge-nf-call-iptables shows us what the switch passes on.
      ...(icc ? [`iifname "${bridge}" accept`] : []),
      'drop',
    ],
    [`towards-${name}`]: [
      // A published port of a neighbour, or one's own: the answer has to come back through us,
      // and would go straight to the asker.
      // By its address: what the switch passes on by itself comes from no interface, here.
      ...subnets.map(
        ({ subnet }) =>
          `${subnet.family === 4 ? 'ip' : 'ip6'} saddr ${formatSubnet(subnet)} ct status dnat masquerade`,
      ),
      // 127.0.0.1 means itself, to the container.
      'ip saddr 127.0.0.0/8 masquerade',
    ],
    [`leaving-${name}`]: masquerade && !internal ? [`oifname != "${bridge}" masquerade`] : [],
  }
  const rules = Object.entries(chains).map(
    ([chain, lines]) => `  chain ${chain} {${lines.map((line) => `\n    ${line}`).join('')}\n  }\n`,
  )
  return `table inet ${table} {\n${rules.join('')}}\n${networkElements(table, network, 'add').join('')}`
}
// #endregion network

/** A map by bridge, and a chain of each network for each. */
const perNetwork = ['from', 'into', 'towards', 'leaving'] as const

function networkElements(table: string, network: BridgeNetwork, verb: 'add' | 'delete'): string[] {
  const name = shortName(network)
  return perNetwork.map((map) => {
    const verdict = verb === 'add' ? ` : jump ${map}-${name}` : ''
    return `${verb} element inet ${table} ${map} { "${network.bridge}"${verdict} }\n`
  })
}

/** Takes them away again; the table stays. */
export function withoutNetworkText(table: string, network: BridgeNetwork): string {
  const chains = perNetwork.map((kind) => `${kind}-${shortName(network)}`)
  return [
    ...networkElements(table, network, 'delete'),
    ...chains.map((chain) => `flush chain inet ${table} ${chain}\ndelete chain inet ${table} ${chain}\n`),
  ].join('')
}

// #region published
/** From a port of the host to one of the container. */
export function publishedText(table: string, endpoint: Endpoint, verb: 'add' | 'delete'): string {
  return endpoint.published
    .flatMap((port) => {
      const target = endpoint.addresses.find(({ address }) => address.family === port.host.family)
      // Nothing of that family in the container: the socket that holds the port passes it on.
      return target === undefined ? [] : [elementOf(port, formatAddress(target.address))]
    })
    .map(({ map, key, data }) =>
      verb === 'add'
        ? `add element inet ${table} ${map} { ${key} : ${data} }\n`
        : `delete element inet ${table} ${map} { ${key} }\n`,
    )
    .join('')
}
// #endregion published

function elementOf(
  { protocol, host, hostPort, containerPort }: Published,
  target: string,
): { map: string; key: string; data: string } {
  const map = `published${host.family === 6 ? '6' : ''}`
  const data = `${target} . ${containerPort}`
  // 0.0.0.0 and :: are every address that this machine has.
  if (host.value === 0n) return { map, key: `${protocol} . ${hostPort}`, data }
  return { map: `${map}-at`, key: `${formatAddress(host)} . ${protocol} . ${hostPort}`, data }
}

/** In the names of its chains. */
export function shortName({ id }: BridgeNetwork): string {
  return id.slice(0, 12)
}
