// What `inspect` and `ps` say of a container's networks and ports, and `network inspect` of
// a network. Pure: records in, Docker's JSON out.
//
// Called by jobs/container-query.ts and jobs/network-query.ts.
import { createHash } from 'node:crypto'
import type { ContainerSummary } from '../../api/container.ts'
import type { EndpointInspect, PortMap } from '../../api/endpoint.ts'
import type { Network, NetworkContainer } from '../../api/network.ts'
import { parsePort } from '../../drivers/network/port-mapping.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { EndpointRecord, NetworkRecord } from './record.ts'

/** What is there now, of one container: its networks and its endpoints. */
export interface NetworkFacts {
  networks: readonly NetworkRecord[]
  /** Those of the container that have interfaces. */
  endpoints: readonly EndpointRecord[]
}

export function endpointsInspect(
  record: ContainerRecord,
  { networks, endpoints }: NetworkFacts,
): Record<string, EndpointInspect> {
  const mode = record.hostConfig.NetworkMode || 'none'
  if (mode.startsWith('container:')) return {}
  const wanted =
    Object.keys(record.networks).length > 0 ? record.networks : { [mode]: { id: '', settings: {} } }
  return Object.fromEntries(
    Object.entries(wanted).map(([name, { settings }]) => {
      const network = networks.find((one) => one.name === name)
      const endpoint = endpoints.find((one) => one.network === network?.id)
      return [name, endpointInspect(record, network, endpoint, settings)]
    }),
  )
}

function endpointInspect(
  record: ContainerRecord,
  network: NetworkRecord | undefined,
  endpoint: EndpointRecord | undefined,
  settings: ContainerRecord['networks'][string]['settings'],
): EndpointInspect {
  const prefix = (four: boolean): number =>
    Number(network?.pools.find(({ Subnet }) => Subnet.includes(':') !== four)?.Subnet.split('/')[1] ?? 0)
  const gateway = (four: boolean): string =>
    network?.pools.find(({ Gateway }) => Gateway.includes(':') !== four)?.Gateway ?? ''
  const runs = record.state.pid !== 0
  const isPlain = network !== undefined && network.driver !== 'bridge'
  const names = [...new Set([record.name, ...(settings.Aliases ?? []), record.id.slice(0, 12)])]
  const isUserDefined = network?.driver === 'bridge' && network.name !== 'bridge'
  return {
    IPAMConfig: settings.IPAMConfig ?? null,
    Links: settings.Links ?? null,
    Aliases: settings.Aliases ?? null,
    MacAddress: endpoint?.mac ?? '',
    DriverOpts: settings.DriverOpts ?? null,
    GwPriority: settings.GwPriority ?? 0,
    NetworkID: runs || endpoint !== undefined ? (network?.id ?? '') : '',
    EndpointID: endpoint?.id ?? (isPlain && runs ? plainEndpointId(record, network) : ''),
    Gateway: endpoint?.ipv4 && network?.internal === false ? gateway(true) : '',
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.ipv4 ? prefix(true) : 0,
    IPv6Gateway: endpoint?.ipv6 ? gateway(false) : '',
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6 ? prefix(false) : 0,
    DNSNames: isUserDefined ? names : null,
  }
}

/** Of host and none nothing is made that would have an id: it is always this one. */
function plainEndpointId({ id }: Pick<ContainerRecord, 'id'>, network: NetworkRecord): string {
  return createHash('sha256').update(`${network.id} ${id}`).digest('hex')
}

/** `NetworkSettings.Ports`: what is exposed, and where it is reached. */
export function portMap(record: ContainerRecord, endpoints: readonly EndpointRecord[]): PortMap {
  if (record.state.pid === 0 || endpoints.length === 0) return {}
  const map: PortMap = {}
  for (const name of Object.keys({ ...record.config.ExposedPorts, ...record.hostConfig.PortBindings }))
    map[name] = null
  for (const { published } of endpoints)
    for (const { protocol, containerPort, host, hostPort } of published) {
      const name = `${containerPort}/${protocol}`
      map[name] = [...(map[name] ?? []), { HostIp: host, HostPort: String(hostPort) }]
    }
  return map
}

/** The column PORTS of `ps`. */
export function portList(
  record: ContainerRecord,
  endpoints: readonly EndpointRecord[],
): NonNullable<ContainerSummary['Ports']> {
  return Object.entries(portMap(record, endpoints)).flatMap(([name, places]) => {
    const { containerPort: PrivatePort, protocol: Type } = parsePort(name)
    if (places === null) return [{ PrivatePort, Type }]
    return places.map(({ HostIp: IP, HostPort }) => ({ IP, PrivatePort, PublicPort: Number(HostPort), Type }))
  })
}

export function networkInspectOf(
  network: NetworkRecord,
  containers: readonly { record: ContainerRecord; endpoint?: EndpointRecord }[],
): Network {
  const { id, name, driver, created, internal, attachable, ipv6, options, labels, pools } = network
  const builtin = ['bridge', 'host', 'none'].includes(name)
  return {
    ...{ Name: name, Id: id, Created: created, Scope: 'local', Driver: driver },
    ...{ EnableIPv4: true, EnableIPv6: ipv6, Internal: internal, Attachable: attachable, Ingress: false },
    // Docker says null where nobody could have asked for any.
    IPAM: {
      Driver: 'default',
      Options: builtin ? null : {},
      Config: driver === 'bridge' ? pools : null,
    },
    ...{ ConfigFrom: { Network: '' }, ConfigOnly: false },
    Containers: Object.fromEntries(
      containers.map(({ record, endpoint }) => [record.id, networkContainer(record, network, endpoint)]),
    ),
    ...{ Options: options, Labels: labels },
  }
}

function networkContainer(
  record: ContainerRecord,
  network: NetworkRecord,
  endpoint: EndpointRecord | undefined,
): NetworkContainer {
  const address = (text: string | null | undefined): string => {
    const pool = network.pools.find(({ Subnet }) => Subnet.includes(':') === text?.includes(':'))
    return text ? `${text}/${pool?.Subnet.split('/')[1] ?? ''}` : ''
  }
  return {
    Name: record.name,
    EndpointID: endpoint?.id ?? plainEndpointId(record, network),
    MacAddress: endpoint?.mac ?? '',
    IPv4Address: address(endpoint?.ipv4),
    IPv6Address: address(endpoint?.ipv6),
  }
}
