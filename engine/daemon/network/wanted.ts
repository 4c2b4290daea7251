// `docker create --network …`: on which networks a container shall be, of two places of the
// request that say so: HostConfig.NetworkMode, one word, and NetworkingConfig, what it wants
// to be on each. What no network could give is refused here, long before it is started.
//
// Called by jobs/container-create.ts and the job of `network connect`.
import type { CreateBody } from '../../api/container-config.ts'
import type { EndpointSettings } from '../../api/endpoint.ts'
import { contains, parseAddress } from '../../drivers/network/address.ts'
import { portRequests } from '../../drivers/network/port-mapping.ts'
import { EngineError } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'
import { checkEndpointOptions } from './endpoint-options.ts'
import type { Networks } from './networks.ts'
import { type NetworkRecord, poolsOf } from './record.ts'

const invalid = (message: string): EngineError => new EngineError('invalid', message)

/** Of those that need no look at the table. */
const plainModes = /^(host|none|container:.+)$/

export interface Wanted {
  mode: string
  networks: ContainerRecord['networks']
  warnings: string[]
}

/** @throws EngineError in Docker's words */
export function wantedNetworks(
  { HostConfig, NetworkingConfig, NetworkDisabled, MacAddress }: CreateBody,
  networks: Networks,
): Wanted {
  const asked = HostConfig?.NetworkMode || 'default'
  const mode = asked === 'default' ? (networks.named('bridge') === undefined ? 'none' : 'bridge') : asked
  const endpoints = Object.entries(NetworkingConfig?.EndpointsConfig ?? {}).map(
    ([name, settings]) => [name === asked ? mode : name, settings ?? {}] as const,
  )
  portRequests({ bindings: HostConfig?.PortBindings ?? {}, exposed: [], anywhere: [] })
  if (NetworkDisabled || mode.startsWith('container:')) return { mode, networks: {}, warnings: [] }
  const named = new Map<string, EndpointSettings>([[mode, {}], ...endpoints])
  const own = named.get(mode) ?? {}
  if (MacAddress && !own.MacAddress) named.set(mode, { ...own, MacAddress })
  const result: ContainerRecord['networks'] = {}
  for (const [name, settings] of named) {
    const network = lookUp(name, networks)
    if (network !== undefined) checkSettings(network, settings)
    // One that is not there is looked for again when it starts, and is missed then.
    result[network?.name ?? name] = { id: network?.id ?? '', settings }
  }
  return { mode, networks: result, warnings: warningsOf(mode, HostConfig) }
}

function lookUp(name: string, networks: Networks): NetworkRecord | undefined {
  try {
    return networks.find(name)
  } catch {
    return undefined
  }
}

function warningsOf(mode: string, hostConfig: CreateBody['HostConfig']): string[] {
  return mode === 'host' && Object.keys(hostConfig?.PortBindings ?? {}).length > 0
    ? ['Published ports are discarded when using host network mode']
    : []
}

/** @throws EngineError `invalid`, in Docker's words, for what this network cannot give */
export function checkSettings(network: NetworkRecord, settings: EndpointSettings): void {
  const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {}
  const fixed = [IPv4Address, IPv6Address].filter((one) => one)
  const userDefined = network.driver === 'bridge' && network.name !== 'bridge'
  if (!userDefined && fixed.length > 0)
    throw invalid('user specified IP address is supported on user defined networks only')
  if (!userDefined && (settings.Aliases ?? []).length > 0 && !plainModes.test(network.name))
    throw invalid('network-scoped alias is supported only for containers in user defined networks')
  if (fixed.length > 0 && !network.configured)
    throw invalid(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    )
  for (const text of fixed) {
    const address = parseAddress(text ?? '')
    if (address === undefined) throw invalid(`invalid address: ${text}`)
    if (!poolsOf(network).some(({ subnet }) => contains(subnet, address)))
      throw invalid(`invalid address ${text}: It does not belong to any of this network's subnets`)
  }
  checkEndpointOptions(settings)
  const { MacAddress } = settings
  if (MacAddress && !/^([\da-f]{2}[:-]){5}[\da-f]{2}$/i.test(MacAddress))
    throw invalid(`invalid MAC address: ${MacAddress}`)
}
