// IP address management: which subnet a network gets, and which address of it an endpoint.
//
//   pool      a subnet of one network: its gateway, and addresses that are not for endpoints
//   range     the part of the subnet that is given out: `--ip-range`
//   taken     what endpoints have now: rows of the database, which outlive the daemon
//
// Given out is always the lowest that is free. Random addresses are no address management:
// with a birthday's odds two containers have the same one, and nobody knows why half of
// the packets are lost. Pure: what is taken and what the host routes is passed in.
//
// Next: engine/drivers/network/bridge.ts
import { EngineError } from '../../errors.ts'
import {
  type Address,
  bitsOf,
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  overlap,
  parseAddress,
  parsePrefixed,
  type Subnet,
} from './address.ts'

export interface Pool {
  subnet: Subnet
  /** Of the subnet; left out, all of it. */
  range?: Subnet
  gateway: Address
  /** `--aux-address`: somebody else's. */
  auxiliary: Readonly<Record<string, Address>>
}

/** What was asked for, as Docker's IPAM.Config has it. */
export interface PoolRequest {
  Subnet?: string | undefined
  IPRange?: string | undefined
  Gateway?: string | undefined
  AuxiliaryAddresses?: Readonly<Record<string, string>> | undefined
}

/** `default-address-pools`: cut into subnets of `size` bits. */
export interface PoolSource {
  base: Subnet
  size: number
}

const source = (base: string, size: number): PoolSource => {
  const parsed = parsePrefixed(base)
  if (parsed === undefined) throw new EngineError('internal', `${base} is no subnet`)
  return { base: parsed.subnet, size }
}

/** Docker's: 15 networks of 65,534 hosts, then 16 of 4,094. */
export const defaultPools: readonly PoolSource[] = [
  ...Array.from({ length: 15 }, (_, index) => source(`172.${17 + index}.0.0/16`, 16)),
  source('192.168.0.0/16', 20),
]

// #region next-address
/** Lowest address that may be given out and is not taken; undefined when there is none. */
export function nextAddress(pool: Pool, taken: ReadonlySet<bigint>): Address | undefined {
  const { family } = pool.subnet
  const from = pool.range ?? pool.subnet
  const kept = reserved(pool)
  for (let value = from.base; value <= lastOf(from); value++)
    if (!taken.has(value) && !kept.has(value)) return { family, value }
  return undefined
}
// #endregion next-address

/** A fixed address, `--ip`. @throws EngineError in Docker's words */
export function claimAddress(pool: Pool, wanted: Address, taken: ReadonlySet<bigint>): Address {
  // The gateway's is taken, the network's own and the broadcast address are nobody's.
  if (taken.has(wanted.value) || reserved(pool).has(wanted.value))
    throw new EngineError('forbidden', 'Address already in use')
  return wanted
}

/** Never an endpoint's: the subnet's own address, the broadcast address, the gateway, the auxiliary ones. */
function reserved({ subnet, gateway, auxiliary }: Pool): Set<bigint> {
  const ends = subnet.prefix >= bitsOf(subnet.family) - 1 ? [] : [subnet.base]
  // IPv6 has no broadcast.
  const broadcast = ends.length > 0 && subnet.family === 4 ? [lastOf(subnet)] : []
  return new Set([
    ...ends,
    ...broadcast,
    gateway.value,
    ...Object.values(auxiliary).map(({ value }) => value),
  ])
}

// #region choose-subnet
/** First subnet of the sources that overlaps none of `used`: other networks', and what the host routes. */
export function chooseSubnet(sources: readonly PoolSource[], used: readonly Subnet[]): Subnet {
  for (const { base, size } of sources) {
    const step = 1n << BigInt(bitsOf(base.family) - size)
    for (let first = base.base; first <= lastOf(base); first += step) {
      const subnet = { family: base.family, base: first, prefix: size }
      const inTheWay = used.find((one) => overlap(one, subnet))
      if (inTheWay === undefined) return subnet
      // A route to all of 172.16.0.0/12 rules out 16 subnets of it at once.
      if (lastOf(inTheWay) > lastOf(subnet)) first = lastOf(inTheWay) + 1n - step
    }
  }
  throw new EngineError(
    'forbidden',
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
  )
}
// #endregion choose-subnet

/**
 * A pool as asked for, complete. @param choose a subnet, when none was named
 * @throws EngineError `invalid`, in Docker's words
 */
export function makePool(request: PoolRequest, choose: () => Subnet): Pool {
  const { Subnet: text, IPRange, Gateway, AuxiliaryAddresses = {} } = request
  const subnet = text ? parseSubnet(text, 'subnet') : choose()
  const range = IPRange ? parseSubnet(IPRange, 'ip-range') : undefined
  if (range !== undefined && !(contains(subnet, first(range)) && range.prefix >= subnet.prefix))
    throw new EngineError(
      'invalid',
      `parent pool ${formatSubnet(subnet)} doesn't contain ip-range ${IPRange}`,
    )
  const within = (given: string, what: string): Address => {
    const address = parseAddress(given)
    if (address === undefined) throw new EngineError('invalid', `invalid ${what} ${given}: invalid address`)
    if (!contains(subnet, address))
      throw new EngineError('invalid', `invalid ${what} ${given}: parent subnet is ${formatSubnet(subnet)}`)
    return address
  }
  const auxiliary = Object.fromEntries(
    Object.entries(AuxiliaryAddresses).map(([name, given]) => [name, within(given, 'auxiliary address')]),
  )
  const pool = { subnet, ...(range === undefined ? {} : { range }), auxiliary }
  if (Gateway) return { ...pool, gateway: within(Gateway, 'gateway address') }
  // The lowest that is nobody's, of the range if there is one: .1, mostly.
  const gateway = nextAddress({ ...pool, gateway: first(subnet) }, new Set())
  if (gateway === undefined)
    throw new EngineError('invalid', `subnet ${formatSubnet(subnet)} has no room for a gateway`)
  return { ...pool, gateway }
}

const first = ({ family, base }: Subnet): Address => ({ family, value: base })

function parseSubnet(text: string, what: string): Subnet {
  const parsed = parsePrefixed(text)
  if (parsed === undefined)
    throw new EngineError('invalid', `invalid ${what} ${text} : invalid CIDR address: ${text}`)
  const { subnet, address } = parsed
  if (address.value !== subnet.base)
    throw new EngineError('invalid', `invalid ${what} ${text}: it should be ${formatSubnet(subnet)}`)
  return subnet
}

/** @throws EngineError `forbidden`, in Docker's words, when two overlap */
export function checkOverlap(pools: readonly Pool[], used: readonly Subnet[]): void {
  const all = [...used]
  for (const { subnet } of pools) {
    if (all.some((one) => overlap(one, subnet)))
      throw new EngineError('forbidden', 'Pool overlaps with other one on this address space')
    all.push(subnet)
  }
}

/** 02:42 and the address: who sees one knows the other, and a container that comes back has its old one. */
export function macOf({ family, value }: Address): string {
  const last = family === 4 ? value : value & 0xffffffffn
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((last >> shift) & 255n).toString(16).padStart(2, '0'))
  return ['02', '42', ...bytes].join(':')
}

export function describePool({ subnet, range, gateway, auxiliary }: Pool): PoolRequest {
  const aux = Object.entries(auxiliary).map(([name, address]) => [name, formatAddress(address)])
  return {
    Subnet: formatSubnet(subnet),
    ...(range === undefined ? {} : { IPRange: formatSubnet(range) }),
    Gateway: formatAddress(gateway),
    ...(aux.length === 0 ? {} : { AuxiliaryAddresses: Object.fromEntries(aux) }),
  }
}
