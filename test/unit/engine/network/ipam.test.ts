// Who gets which address, and which subnet: whatever is asked in whatever order, nothing is
// given twice.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parsePrefixed,
  type Subnet,
} from '../../../../engine/drivers/network/address.ts'
import {
  checkOverlap,
  chooseSubnet,
  claimAddress,
  defaultPools,
  macOf,
  makePool,
  nextAddress,
  type Pool,
  type PoolRequest,
} from '../../../../engine/drivers/network/ipam.ts'

function subnet(text: string): Subnet {
  const found = parsePrefixed(text)
  if (found === undefined) throw new Error(`${text} is a subnet`)
  return found.subnet
}

const pool = (request: PoolRequest): Pool => makePool(request, () => subnet('10.0.0.0/24'))

const request = fc
  .record({
    base: fc.nat(255),
    prefix: fc.integer({ min: 24, max: 30 }),
    range: fc.boolean(),
    aux: fc.boolean(),
  })
  .map(({ base, prefix, range, aux }): PoolRequest => {
    const net = formatSubnet(subnet(`10.7.${base}.0/${prefix}`))
    const inside = net.replace(/\.0\/.*/, '.2')
    return {
      Subnet: net,
      ...(range && prefix < 29 ? { IPRange: net.replace(/\.0\/.*/, '.8/29') } : {}),
      ...(aux ? { AuxiliaryAddresses: { other: inside } } : {}),
    }
  })

describe('addresses', () => {
  test('of a pool: each once, none of those that are kept, until there are no more', () => {
    fc.assert(
      fc.property(request, fc.array(fc.nat(300)), (asked, leaves) => {
        const one = pool(asked)
        const taken = new Set<bigint>()
        for (const leave of [...leaves, ...Array.from({ length: 300 }, () => 1)]) {
          // Now and then somebody goes.
          const [gone] = leave % 3 === 0 ? taken : []
          if (gone !== undefined && leave > 1) taken.delete(gone)
          const address = nextAddress(one, taken)
          if (address === undefined) break
          expect(taken.has(address.value)).toBe(false)
          expect(contains(one.range ?? one.subnet, address)).toBe(true)
          expect(address.value).not.toBe(one.gateway.value)
          expect(Object.values(one.auxiliary).map(({ value }) => value)).not.toContain(address.value)
          taken.add(address.value)
        }
        expect(nextAddress(one, taken)).toBeUndefined()
      }),
    )
  })

  test('the lowest one first, and one that came back again', () => {
    const one = pool({ Subnet: '172.17.0.0/16' })
    const texts = (taken: string[]): string | undefined => {
      const address = nextAddress(one, new Set(taken.map((text) => parseAddress(text)?.value ?? 0n)))
      return address && formatAddress(address)
    }
    expect(texts([])).toBe('172.17.0.2')
    expect(texts(['172.17.0.2', '172.17.0.3'])).toBe('172.17.0.4')
    expect(texts(['172.17.0.3'])).toBe('172.17.0.2')
  })

  test('IPv6 and /31 have no address that is nobody’s', () => {
    const last = pool({ Subnet: '10.0.0.0/31', Gateway: '10.0.0.0' })
    expect(nextAddress(last, new Set())?.value).toBe(last.subnet.base + 1n)
    const six = pool({ Subnet: 'fd00::/126' })
    expect(formatAddress(six.gateway)).toBe('fd00::1')
    const taken = new Set<bigint>()
    for (let address = nextAddress(six, taken); address; address = nextAddress(six, taken))
      taken.add(address.value)
    expect(taken.size).toBe(2)
  })

  test('a fixed one: not twice, and never the gateway’s', () => {
    const one = pool({ Subnet: '10.1.0.0/24' })
    const wanted = parseAddress('10.1.0.9')
    if (wanted === undefined) throw new Error('it is an address')
    expect(claimAddress(one, wanted, new Set())).toBe(wanted)
    expect(() => claimAddress(one, wanted, new Set([wanted.value]))).toThrow('Address already in use')
    expect(() => claimAddress(one, one.gateway, new Set())).toThrow('Address already in use')
  })

  test('a MAC address is made of it', () => {
    expect(macOf(pool({ Subnet: '172.17.0.0/16' }).gateway)).toBe('02:42:ac:11:00:01')
  })
})

describe('a pool', () => {
  test.each<[PoolRequest, string]>([
    [{ Subnet: '10.0.0.0' }, 'invalid subnet 10.0.0.0 : invalid CIDR address: 10.0.0.0'],
    [{ Subnet: '10.0.0.1/24' }, 'invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24'],
    [
      { Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' },
      'invalid gateway address 10.0.1.1: parent subnet is 10.0.0.0/24',
    ],
    [
      { Subnet: '10.0.0.0/24', IPRange: '10.1.0.0/25' },
      "parent pool 10.0.0.0/24 doesn't contain ip-range 10.1.0.0/25",
    ],
    [
      { Subnet: '10.0.0.0/24', AuxiliaryAddresses: { a: 'x' } },
      'invalid auxiliary address x: invalid address',
    ],
    [{ Subnet: '10.0.0.0/32' }, 'subnet 10.0.0.0/32 has no room for a gateway'],
  ])('%j is refused', (asked, message) => {
    expect(() => pool(asked)).toThrow(message)
  })

  test('of which only a part is given out', () => {
    const one = pool({ Subnet: '10.1.0.0/16', IPRange: '10.1.4.0/24' })
    expect(formatAddress(one.gateway)).toBe('10.1.4.0')
    expect(formatAddress(nextAddress(one, new Set()) ?? one.gateway)).toBe('10.1.4.1')
  })
})

describe('subnets', () => {
  const texts = (used: string[]): string => formatSubnet(chooseSubnet(defaultPools, used.map(subnet)))

  test('are Docker’s, in its order', () => {
    expect(texts([])).toBe('172.17.0.0/16')
    expect(texts(['172.17.0.0/16'])).toBe('172.18.0.0/16')
    expect(texts(['172.16.0.0/12'])).toBe('192.168.0.0/20')
    expect(texts(['172.16.0.0/12', '192.168.5.0/24'])).toBe('192.168.16.0/20')
    expect(() => texts(['172.16.0.0/12', '192.168.0.0/16'])).toThrow('could not find an available')
  })

  test('overlap nothing that is used', () => {
    const used = fc.array(
      fc
        .tuple(fc.constantFrom('172', '192'), fc.nat(255), fc.nat(255), fc.integer({ min: 12, max: 30 }))
        .map(([first, b, c, prefix]) => subnet(`${first}.${b}.${c}.0/${prefix}`)),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(used, (all) => {
        let chosen: Subnet
        try {
          chosen = chooseSubnet(defaultPools, all)
        } catch {
          return
        }
        expect(all.some((one) => overlap(one, chosen))).toBe(false)
        expect(() => checkOverlap([{ ...pool({}), subnet: chosen }], all)).not.toThrow()
      }),
    )
  })

  test('that overlap another network’s are refused', () => {
    const one = pool({ Subnet: '10.1.0.0/16' })
    expect(() => checkOverlap([one], [subnet('10.0.0.0/8')])).toThrow('Pool overlaps with other one')
    expect(() => checkOverlap([one, one], [])).toThrow('Pool overlaps with other one')
  })
})
