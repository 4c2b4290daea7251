// Addresses as numbers: what Node's own parser says of the same text.
import { BlockList, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  overlap,
  parseAddress,
  parsePrefixed,
} from '../../../../engine/drivers/network/address.ts'

const familyOf = (text: string): 'ipv4' | 'ipv6' => (text.includes(':') ? 'ipv6' : 'ipv4')
const address = fc.oneof(fc.ipV4(), fc.ipV6())
const prefixed = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })),
  fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 })),
)

function parsed(text: string): NonNullable<ReturnType<typeof parseAddress>> {
  const found = parseAddress(text)
  if (found === undefined) throw new Error(`${text} is an address`)
  return found
}

function subnet(text: string) {
  const found = parsePrefixed(text)
  if (found === undefined) throw new Error(`${text} is a subnet`)
  return found.subnet
}

test('a text that was parsed and formatted is what Node makes of it', () => {
  fc.assert(
    fc.property(address, (text) => {
      // Node keeps the dots of ::ffff:1.2.3.4 and its kin; the number is the same.
      fc.pre(!text.includes('.') || !text.includes(':'))
      const node = new SocketAddress({ address: text, family: familyOf(text) }).address
      fc.pre(!(node.includes('.') && node.includes(':')))
      expect(formatAddress(parsed(text))).toBe(node)
    }),
  )
})

test('dots at the end of an IPv6 address are its last 32 bits', () => {
  expect(parsed('::ffff:1.2.3.4').value).toBe(0xffff01020304n)
  expect(parsed('64:ff9b::192.0.2.33').value).toBe(parsed('64:ff9b::c000:221').value)
})

test.each(['', '1.2.3', '1.2.3.256', '::1::', 'fe80::1%eth0', 'x', '1.2.3.4/8'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined()
  },
)

describe('subnets', () => {
  test('contain what a BlockList of the same prefix checks', () => {
    fc.assert(
      fc.property(prefixed, address, ([base, prefix], other) => {
        const list = new BlockList()
        list.addSubnet(base, prefix, familyOf(base))
        const same = familyOf(base) === familyOf(other)
        fc.pre(same)
        expect(contains(subnet(`${base}/${prefix}`), parsed(other))).toBe(list.check(other, familyOf(other)))
      }),
    )
  })

  test('overlap when the first or the last of one is in the other', () => {
    fc.assert(
      fc.property(prefixed, prefixed, ([one, bits], [other, otherBits]) => {
        const [a, b] = [subnet(`${one}/${bits}`), subnet(`${other}/${otherBits}`)]
        const within = (x: typeof a, y: typeof a): boolean =>
          contains(x, { family: y.family, value: y.base }) ||
          contains(x, { family: y.family, value: lastOf(y) })
        expect(overlap(a, b)).toBe(within(a, b) || within(b, a))
      }),
    )
  })

  test('are written down without host bits', () => {
    expect(formatSubnet(subnet('172.17.3.4/16'))).toBe('172.17.0.0/16')
    expect(formatSubnet(subnet('2001:db8::ff/64'))).toBe('2001:db8::/64')
    expect(parsePrefixed('172.17.0.0/33')).toBeUndefined()
  })
})
