// Addresses and subnets as numbers: `172.17.0.2` is 2886795266, and `172.17.0.0/16` the
// 65,536 numbers from 2886795264 on. Everything that address management does, next free
// one, overlaps, gateways, is arithmetic then, and the same for IPv4 and IPv6. Pure.
//
// Called by ipam.ts, and by whoever reads or writes an address.
// Next: engine/drivers/network/ipam.ts
import { isIP } from 'node:net'

export type Family = 4 | 6

export interface Address {
  family: Family
  value: bigint
}

export interface Subnet {
  family: Family
  /** Its first address, with all host bits 0. */
  base: bigint
  /** How many bits all its addresses have in common. */
  prefix: number
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128)

/** @returns undefined for what is no address; `::ffff:1.2.3.4` is IPv6 */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text)
  if (family === 4)
    return { family, value: text.split('.').reduce((all, byte) => all * 256n + BigInt(byte), 0n) }
  // A zone, `fe80::1%eth0`, is no part of the number.
  return family === 6 && !text.includes('%') ? { family, value: parseGroups(text) } : undefined
}

function parseGroups(text: string): bigint {
  const plain = text.replace(/[\d.]+$/, (tail) =>
    tail.includes('.') ? dottedGroups(parseAddress(tail)?.value ?? 0n) : tail,
  )
  const [head = '', tail] = plain.split('::')
  const groups = (part: string): string[] => part.split(':').filter(Boolean)
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].reduce((all, group) => all * 65536n + BigInt(`0x${group}`), 0n)
}

function dottedGroups(value: bigint): string {
  return `${(value >> 16n).toString(16)}:${(value & 65535n).toString(16)}`
}

/** As inet_ntop(3) has it: the longest run of zeros as `::`. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 65535n).toString(16),
  )
  const text = groups.join(':')
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length)
  const [longest] = runs
  if (longest === undefined) return text
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)]
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`
}

/** `172.17.0.1/16`, host bits and all. */
export function parsePrefixed(text: string): { address: Address; subnet: Subnet } | undefined {
  const [, host = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = parseAddress(host)
  const prefix = Number(digits)
  if (address === undefined || prefix > bitsOf(address.family)) return undefined
  return { address, subnet: subnetOf(address, prefix) }
}

export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  const hostBits = BigInt(bitsOf(family) - prefix)
  return { family, base: (value >> hostBits) << hostBits, prefix }
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`
}

/** Its last address: the broadcast one, for IPv4. */
export function lastOf({ family, base, prefix }: Subnet): bigint {
  return base + (1n << BigInt(bitsOf(family) - prefix)) - 1n
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastOf(subnet)
}

/** One of the two is part of the other: subnets never overlap otherwise. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a)
}
