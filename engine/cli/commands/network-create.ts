// `tocker network create`: a network for containers to find each other in.
import { UsageError } from '../flags.ts'
import { parsePair } from '../quantity.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NETWORK',
  flags: [
    { name: 'attachable', help: 'Enable manual container attachment' },
    {
      name: 'aux-address',
      value: 'map',
      list: true,
      help: 'Auxiliary IPv4 or IPv6 addresses used by Network driver',
    },
    { name: 'driver', short: 'd', value: 'string', help: 'Driver to manage the Network (default bridge)' },
    { name: 'gateway', value: 'list', list: true, help: 'IPv4 or IPv6 Gateway for the master subnet' },
    { name: 'internal', help: 'Restrict external access to the network' },
    { name: 'ip-range', value: 'list', list: true, help: 'Allocate container ip from a sub-range' },
    { name: 'ipam-driver', value: 'string', help: 'IP Address Management Driver (default default)' },
    { name: 'ipam-opt', value: 'map', list: true, help: 'Set IPAM driver specific options' },
    { name: 'ipv4', on: true, help: 'Enable or disable IPv4 address assignment (default true)' },
    { name: 'ipv6', help: 'Enable or disable IPv6 address assignment' },
    { name: 'label', value: 'list', list: true, help: 'Set metadata on a network' },
    { name: 'opt', short: 'o', value: 'map', list: true, help: 'Set driver specific options' },
    {
      name: 'subnet',
      value: 'list',
      list: true,
      help: 'Subnet in CIDR format that represents a network segment',
    },
  ],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [Name = '']) => {
    const pairs = (name: string) => Object.fromEntries(flags.list(name).map(parsePair))
    const { Id, Warning } = await client.json<{ Id: string; Warning?: string }>({
      method: 'POST',
      path: '/networks/create',
      body: {
        ...{ Name, Driver: flags.text('driver') ?? 'bridge', CheckDuplicate: true },
        ...(flags.has('ipv4') ? { EnableIPv4: flags.on('ipv4') } : {}),
        ...(flags.has('ipv6') ? { EnableIPv6: flags.on('ipv6') } : {}),
        ...{ Internal: flags.on('internal'), Attachable: flags.on('attachable') },
        IPAM: {
          Driver: flags.text('ipam-driver') ?? 'default',
          Options: pairs('ipam-opt'),
          Config: pools(
            flags.list('subnet'),
            flags.list('gateway'),
            flags.list('ip-range'),
            pairs('aux-address'),
          ),
        },
        ...{ Options: pairs('opt'), Labels: pairs('label') },
      },
    })
    if (Warning) streams.err(`WARNING: ${Warning}\n`)
    streams.out(`${Id}\n`)
    return 0
  },
}

interface Pool {
  Subnet?: string
  IPRange?: string
  Gateway?: string
  AuxiliaryAddresses?: Record<string, string>
}

/** Which gateway and range belong to which subnet: with one of a family it is plain, with more the numbers say. */
function pools(
  subnets: readonly string[],
  gateways: readonly string[],
  ranges: readonly string[],
  auxiliary: Readonly<Record<string, string>>,
): Pool[] {
  const all: Pool[] = subnets.map((Subnet) => ({ Subnet }))
  const owner = (address: string): Pool => {
    const found = all.find(({ Subnet = '' }) => contains(Subnet, address))
    if (found === undefined) throw new UsageError(`no matching subnet for ${address}`, 1)
    return found
  }
  for (const gateway of gateways) owner(gateway).Gateway = gateway
  for (const range of ranges) owner(range).IPRange = range
  for (const [name, address] of Object.entries(auxiliary)) {
    const pool = owner(address)
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address }
  }
  return all
}

function contains(subnet: string, address: string): boolean {
  const { BlockList } = process.getBuiltinModule('node:net')
  const [network = '', bits = ''] = subnet.split('/')
  const family = (text: string): 'ipv4' | 'ipv6' => (text.includes(':') ? 'ipv6' : 'ipv4')
  const [host = ''] = address.split('/')
  if (family(network) !== family(host)) return false
  try {
    const list = new BlockList()
    list.addSubnet(network, Number(bits), family(network))
    return list.check(host, family(host))
  } catch {
    throw new UsageError(`invalid subnet ${subnet} or address ${address}`, 1)
  }
}
