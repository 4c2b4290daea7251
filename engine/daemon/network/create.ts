// A network as asked for, made complete: or what is wrong with it, in Docker's words.
//
// Called by jobs/network-change.ts.
import { createHash } from 'node:crypto'
import type { NetworkCreate } from '../../api/network.ts'
import { parseAddress, type Subnet } from '../../drivers/network/address.ts'
import { checkOverlap, chooseSubnet, makePool, type Pool } from '../../drivers/network/ipam.ts'
import { EngineError } from '../../errors.ts'
import { type Networks, storedPool } from './networks.ts'
import { emptyNetwork, type NetworkRecord } from './record.ts'

const predefined = ['bridge', 'host', 'none', 'default']

/** @throws EngineError with the kind that has Docker's status */
export function newNetwork(body: NetworkCreate, networks: Networks, daemonId: string): NetworkRecord {
  const { Name, Driver, Internal, Attachable, EnableIPv6, IPAM, Labels } = body
  checkName(Name, networks)
  checkDriver(Driver || 'bridge')
  if (body.ConfigOnly || body.ConfigFrom?.Network)
    throw new EngineError('not-implemented', 'networks that are only a configuration: tocker has none')
  checkReach(body)
  if (IPAM?.Driver && IPAM.Driver !== 'default')
    throw new EngineError('invalid', `invalid ipam driver "${IPAM.Driver}": tocker has default`)
  const options = body.Options ?? {}
  const network = emptyNetwork(Name, 'bridge')
  const bridge = options['com.docker.network.bridge.name'] || `br-${network.id.slice(0, 12)}`
  checkBridge(Name, bridge, networks)
  checkOptions(options)
  const pools = poolsOf(body, networks, daemonId)
  checkOverlap(pools, networks.subnets())
  return {
    ...network,
    ...{ bridge, options: { ...options }, labels: { ...Labels } },
    internal: Internal ?? false,
    attachable: Attachable ?? false,
    ipv6: EnableIPv6 ?? false,
    configured: (IPAM?.Config ?? []).some(({ Subnet: text }) => text),
    pools: pools.map(storedPool),
  }
}

function poolsOf({ Name, EnableIPv6, IPAM }: NetworkCreate, networks: Networks, daemonId: string): Pool[] {
  const asked = (IPAM?.Config ?? []).map((one) => ({
    Subnet: one.Subnet ?? undefined,
    IPRange: one.IPRange ?? undefined,
    Gateway: one.Gateway ?? undefined,
    AuxiliaryAddresses: one.AuxiliaryAddresses ?? undefined,
  }))
  const chosen = asked.map((one) => makePool(one, () => networks.freeSubnet()))
  const has = (family: number): boolean => chosen.some(({ subnet }) => subnet.family === family)
  if (has(6) && !EnableIPv6)
    throw new EngineError('invalid', `network ${Name} has an IPv6 subnet: add --ipv6`)
  return [
    ...(has(4) ? [] : [makePool({}, () => networks.freeSubnet())]),
    ...chosen,
    ...(EnableIPv6 && !has(6) ? [makePool({}, () => ownIPv6(networks, daemonId))] : []),
  ]
}

/** RFC 4193: fd and 40 bits that nobody else has; of this daemon's 65,536 networks the first that is free. */
function ownIPv6(networks: Networks, daemonId: string): Subnet {
  const digits = createHash('sha256').update(daemonId).digest('hex').slice(0, 10)
  const base = BigInt(`0xfd${digits}`) << 80n
  return chooseSubnet([{ base: { family: 6, base, prefix: 48 }, size: 64 }], networks.subnets())
}

/** What only a swarm has, and what no network of ours is without. */
function checkReach({ Scope, Ingress, EnableIPv4, IPAM }: NetworkCreate): void {
  if (Scope === 'swarm' || Ingress)
    throw new EngineError(
      'unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    )
  if (Scope && Scope !== 'local')
    throw new EngineError('invalid', `invalid scope "${Scope}": tocker has local`)
  if (EnableIPv4 === false) throw new EngineError('not-implemented', 'networks without IPv4: tocker has none')
  const [option] = Object.keys(IPAM?.Options ?? {})
  if (option !== undefined)
    throw new EngineError(
      'not-implemented',
      `ipam option "${option}": addresses of tocker's networks have none`,
    )
}

function checkName(name: string, networks: Networks): void {
  if (predefined.includes(name))
    throw new EngineError('forbidden', `operation is not permitted on predefined ${name} network`)
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(name))
    throw new EngineError(
      'invalid',
      `invalid network name: "${name}" includes invalid characters, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
    )
  if (networks.named(name) !== undefined)
    throw new EngineError('conflict', `network with name ${name} already exists`)
}

function checkDriver(driver: string): void {
  if (driver === 'host' || driver === 'null')
    throw new EngineError('forbidden', `only one instance of "${driver}" network is allowed`)
  if (driver !== 'bridge') throw new EngineError('not-found', `plugin "${driver}" not found`)
}

function checkBridge(name: string, bridge: string, networks: Networks): void {
  if (!/^[\w.-]{1,15}$/.test(bridge)) throw new EngineError('invalid', `invalid bridge name: ${bridge}`)
  const other = networks.all().find((one) => one.bridge === bridge)
  if (other !== undefined)
    throw new EngineError(
      'forbidden',
      `cannot create network ${name} (${bridge}): conflicts with network ${other.name} (${bridge}): networks have same bridge name`,
    )
}

const ownOptions = [
  ...['bridge.name', 'bridge.host_binding_ipv4', 'driver.mtu', 'container_iface_prefix'],
  ...['bridge.gateway_mode_ipv4', 'bridge.gateway_mode_ipv6'],
].map((one) => `com.docker.network.${one}`)
const flagOptions = ['enable_icc', 'enable_ip_masquerade'].map((one) => `com.docker.network.bridge.${one}`)

function checkOptions(options: Readonly<Record<string, string>>): void {
  for (const name of flagOptions) {
    const value = options[name]
    if (value !== undefined && !/^(1|t|true|0|f|false)$/i.test(value))
      throw new EngineError('invalid', `failed to parse ${name} value: "${value}" is neither true nor false`)
  }
  for (const [name, value] of Object.entries(options)) checkOption(name, value)
  const mtu = options['com.docker.network.driver.mtu']
  if (mtu !== undefined && !/^\d{1,5}$/.test(mtu))
    throw new EngineError(
      'invalid',
      `failed to parse com.docker.network.driver.mtu value: "${mtu}" is no number`,
    )
}

/** Of Docker's own options those that would do nothing are refused; what others have called theirs is kept, and theirs. */
function checkOption(name: string, value: string): void {
  if (!name.startsWith('com.docker.network.')) return
  if (!ownOptions.includes(name) && !flagOptions.includes(name))
    throw new EngineError('not-implemented', `network option "${name}": tocker does not have it`)
  if (name.includes('.gateway_mode_') && value !== 'nat' && value !== '')
    throw new EngineError('not-implemented', `${name}=${value}: tocker's networks have nat`)
  if (name.endsWith('.host_binding_ipv4') && parseAddress(value)?.family !== 4)
    throw new EngineError('invalid', `failed to parse ${name} value: "${value}" is no IPv4 address`)
  if (name.endsWith('.container_iface_prefix') && !/^[A-Za-z][\w-]{0,11}$/.test(value))
    throw new EngineError('invalid', `${name}=${value}: it has letters, digits, - and _, 12 at the most`)
}
