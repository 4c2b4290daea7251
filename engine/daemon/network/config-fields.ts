// daemon.json's words about networks, which are Docker's.
//
// Called by config-file.ts.
import * as z from 'zod/mini'
import { parseAddress, parsePrefixed } from '../../drivers/network/address.ts'

const address = z
  .string()
  .check(z.refine((text) => parseAddress(text) !== undefined, { error: 'it is an address as 192.168.0.1' }))
const prefixed = z.string().check(
  z.refine((text) => parsePrefixed(text) !== undefined, {
    error: 'it is an address with a prefix as 10.1.0.1/16',
  }),
)
const strings = z.optional(z.array(z.string()))

export const networkFields = {
  /** The interface of the default network; `none` for a daemon without one. */
  bridge: z.optional(z.string().check(z.regex(/^[\w.-]{1,15}$/, 'it is the name of an interface, or none'))),
  /** Address and prefix of the default bridge. */
  bip: z.optional(prefixed),
  'fixed-cidr': z.optional(prefixed),
  'fixed-cidr-v6': z.optional(prefixed),
  'default-gateway': z.optional(address),
  ipv6: z.optional(z.boolean()),
  mtu: z.optional(z.int().check(z.gte(0), z.lte(65535))),
  icc: z.optional(z.boolean()),
  'ip-masq': z.optional(z.boolean()),
  'ip-forward': z.optional(z.boolean()),
  /** False: no rules. Ours are nft's, the name is Docker's. */
  iptables: z.optional(z.boolean()),
  /** Where ports are published that name no address. */
  ip: z.optional(address),
  'default-address-pools': z.optional(
    z.array(z.strictObject({ base: prefixed, size: z.int().check(z.gte(1), z.lte(128)) })),
  ),
  dns: z.optional(z.array(address)),
  'dns-search': strings,
  'dns-opts': strings,
  'host-gateway-ip': z.optional(address),
}
