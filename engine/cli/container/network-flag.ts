// The networks of a new container, as the API wants them: the first in HostConfig, what is
// said of each in NetworkingConfig. Pure.
//
//   --network backend --network-alias db --ip 172.30.0.9
//   --network name=backend,alias=db,ip=172.30.0.9 --network name=frontend
import type { CreateBody } from '../../api/container-config.ts'
import { type Flags, UsageError } from '../flags.ts'
import { parsePair } from '../quantity.ts'
import { csv } from './mount-flag.ts'

type Endpoints = NonNullable<NonNullable<NonNullable<CreateBody['NetworkingConfig']>['EndpointsConfig']>>
type Endpoint = NonNullable<Endpoints[string]>

export interface NetworkWords {
  mode: string
  endpoints: Endpoints
}

/** @throws UsageError for what is said twice, in both spellings */
export function readNetworks(flags: Flags): NetworkWords {
  const attachments = flags.values('network', parseNetwork)
  const [first, ...others] = attachments.length > 0 ? attachments : [{ name: 'default', endpoint: {} }]
  if (first === undefined) return { mode: 'default', endpoints: {} }
  const all = [{ name: first.name, endpoint: withFlags(first.endpoint, flags) }, ...others]
  const names = all.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new UsageError(`network "${twice}" is specified multiple times`)
  // Of one alone that nothing is said of, HostConfig says enough; old daemons know no more.
  const told = all.filter(({ endpoint }) => all.length > 1 || Object.keys(endpoint).length > 0)
  return {
    mode: first.name,
    endpoints: Object.fromEntries(told.map(({ name, endpoint }) => [name, endpoint])),
  }
}

/** The flags beside --network are about the first one. */
function withFlags(own: Endpoint, flags: Flags): Endpoint {
  const [ip, ip6, mac] = [flags.text('ip'), flags.text('ip6'), flags.text('mac-address')]
  const [aliases, links, local] = [
    flags.list('network-alias'),
    flags.list('link'),
    flags.list('link-local-ip'),
  ]
  const ipam = {
    ...own.IPAMConfig,
    ...(ip === undefined ? {} : { IPv4Address: ip }),
    ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
    ...(local.length === 0 ? {} : { LinkLocalIPs: local }),
  }
  return {
    ...own,
    ...(Object.keys(ipam).length === 0 ? {} : { IPAMConfig: ipam }),
    ...(aliases.length === 0 ? {} : { Aliases: [...(own.Aliases ?? []), ...aliases] }),
    ...(links.length === 0 ? {} : { Links: links }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
  }
}

function parseNetwork(text: string): { name: string; endpoint: Endpoint } {
  if (!text.includes('=')) return { name: text, endpoint: {} }
  let name = ''
  const endpoint: Endpoint = {}
  for (const field of csv(text)) {
    const [key, value] = parsePair(field)
    if (key === 'name') name = value
    else if (key === 'alias') endpoint.Aliases = [...(endpoint.Aliases ?? []), value]
    else if (key === 'ip') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value }
    else if (key === 'ip6') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value }
    else if (key === 'link-local-ip')
      endpoint.IPAMConfig = {
        ...endpoint.IPAMConfig,
        LinkLocalIPs: [...(endpoint.IPAMConfig?.LinkLocalIPs ?? []), value],
      }
    else if (key === 'mac-address') endpoint.MacAddress = value
    else if (key === 'driver-opt')
      endpoint.DriverOpts = { ...endpoint.DriverOpts, ...Object.fromEntries([parsePair(value)]) }
    else throw new RangeError(`invalid field ${field}`)
  }
  if (name === '') throw new RangeError('network name/id is not specified')
  return { name, endpoint }
}
