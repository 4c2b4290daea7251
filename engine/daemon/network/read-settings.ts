// Flags and daemon.json about networks, made one.
//
// Called by options.ts.
import { parsePrefixed } from '../../drivers/network/address.ts'
import { defaultPools, type PoolSource } from '../../drivers/network/ipam.ts'
import { EngineError } from '../../errors.ts'
import type { ConfigFile } from '../config-file.ts'
import type { NetworkSettings } from './settings.ts'

export const networkFlags = {
  bridge: { type: 'string', short: 'b' },
  bip: { type: 'string' },
  'fixed-cidr': { type: 'string' },
  'fixed-cidr-v6': { type: 'string' },
  'default-gateway': { type: 'string' },
  'default-address-pool': { type: 'string', multiple: true },
  ipv6: { type: 'boolean' },
  mtu: { type: 'string' },
  icc: { type: 'boolean' },
  'ip-masq': { type: 'boolean' },
  'ip-forward': { type: 'boolean' },
  iptables: { type: 'boolean' },
  ip: { type: 'string' },
  dns: { type: 'string', multiple: true },
  'dns-search': { type: 'string', multiple: true },
  'dns-opt': { type: 'string', multiple: true },
  'host-gateway-ip': { type: 'string' },
} as const

/** Names of the file's fields whose flags are called otherwise. */
export const networkFieldOf = {
  'default-address-pool': 'default-address-pools',
  'dns-opt': 'dns-opts',
} as const satisfies Record<string, keyof ConfigFile>

type Given = {
  [Name in keyof typeof networkFlags]?: (typeof networkFlags)[Name] extends { multiple: true }
    ? string[]
    : (typeof networkFlags)[Name]['type'] extends 'boolean'
      ? boolean
      : string
}

/** @throws EngineError `invalid` */
export function networkSettings(given: Given, file: ConfigFile): NetworkSettings {
  const named = Object.fromEntries(
    (
      [
        ['bridge', given.bridge ?? file.bridge],
        ['bip', given.bip ?? file.bip],
        ['fixedCidr', given['fixed-cidr'] ?? file['fixed-cidr']],
        ['fixedCidrV6', given['fixed-cidr-v6'] ?? file['fixed-cidr-v6']],
        ['defaultGateway', given['default-gateway'] ?? file['default-gateway']],
        ['hostGateway', given['host-gateway-ip'] ?? file['host-gateway-ip']],
      ] as const
    ).filter(([, value]) => value !== undefined),
  )
  const mtu = given.mtu === undefined ? file.mtu : number('mtu', given.mtu)
  const sources = (given['default-address-pool'] ?? []).map(parsePool)
  const ofFile = (file['default-address-pools'] ?? []).map(({ base, size }) => pool(base, size))
  return {
    ...named,
    ...(mtu === undefined || mtu === 0 ? {} : { mtu }),
    ipv6: given.ipv6 ?? file.ipv6 ?? false,
    icc: given.icc ?? file.icc ?? true,
    masquerade: given['ip-masq'] ?? file['ip-masq'] ?? true,
    rules: given.iptables ?? file.iptables ?? true,
    forward: given['ip-forward'] ?? file['ip-forward'] ?? true,
    hostIp: given.ip ?? file.ip ?? '0.0.0.0',
    pools: sources.length > 0 ? sources : ofFile.length > 0 ? ofFile : defaultPools,
    dns: given.dns ?? file.dns ?? [],
    dnsSearch: given['dns-search'] ?? file['dns-search'] ?? [],
    dnsOptions: given['dns-opt'] ?? file['dns-opts'] ?? [],
  }
}

/** `base=10.10.0.0/16,size=24`. */
function parsePool(text: string): PoolSource {
  const fields = new Map(
    text.split(',').map((one) => [one.split('=', 1)[0], one.slice(one.indexOf('=') + 1)]),
  )
  return pool(fields.get('base') ?? '', number('size', fields.get('size') ?? ''))
}

function pool(base: string, size: number): PoolSource {
  const parsed = parsePrefixed(base)
  if (parsed === undefined || size < parsed.subnet.prefix)
    throw new EngineError('invalid', `invalid default address pool: base=${base},size=${size}`)
  return { base: parsed.subnet, size }
}

function number(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new EngineError('invalid', `--${name} ${text}: it is a number`)
  return Number(text)
}
