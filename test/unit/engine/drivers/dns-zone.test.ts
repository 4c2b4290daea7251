// Which names and addresses a container gets to see of its networks.
import { describe, expect, test } from 'vitest'
import { dnsNames, type Endpoint, reverseName, Zone } from '../../../../engine/drivers/network/dns/zone.ts'

function endpoint(network: string, container: string, own: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ network: `id-of-${network}`, networkName: network, internal: false, gatewayPriority: 0 },
    ...{ container, dnsNames: [container], links: [], addresses: [] },
    ...own,
  }
}

/** web is in front and back, proxy in front, db in back. */
function small(): Zone {
  const zone = new Zone()
  zone.attach(endpoint('front', 'web', { addresses: ['10.1.0.2', 'fd00:1::2'] }))
  zone.attach(endpoint('front', 'proxy', { addresses: ['10.1.0.3', 'fd00:1::3'] }))
  zone.attach(endpoint('back', 'web', { addresses: ['10.2.0.2'] }))
  zone.attach(endpoint('back', 'db', { addresses: ['10.2.0.3'] }))
  return zone
}

describe('the names of a network', () => {
  test('are for those who are in it', () => {
    const zone = small()
    expect(zone.addresses('web', 'db')).toEqual(['10.2.0.3'])
    expect(zone.addresses('proxy', 'db')).toBeUndefined()
    expect(zone.addresses('stranger', 'db')).toBeUndefined()
  })

  test('do not tell upper from lower case', () => {
    const zone = new Zone()
    zone.attach(endpoint('Mine', 'a', { dnsNames: ['Web'], addresses: ['10.1.0.2'] }))
    for (const name of ['web', 'WEB', 'web.mine', 'Web.Mine']) expect(zone.addresses('a', name)).toBeDefined()
  })

  test('may be followed by the name of the network, and both may have dots', () => {
    const zone = small()
    expect(zone.addresses('web', 'web.back')).toEqual(['10.2.0.2'])
    expect(zone.addresses('web', 'proxy.back')).toBeUndefined()
    zone.attach(endpoint('a.b', 'web', { dnsNames: ['x.y'], addresses: ['10.3.0.2'] }))
    expect(zone.addresses('web', 'x.y')).toEqual(['10.3.0.2'])
    expect(zone.addresses('web', 'x.y.a.b')).toEqual(['10.3.0.2'])
    expect(zone.addresses('web', 'x.y.a')).toBeUndefined()
  })

  test('known in two networks: the way out decides, then both families, then the name of the network', () => {
    const zone = small()
    expect(zone.addresses('web', 'web')).toEqual(['10.1.0.2', 'fd00:1::2'])
    zone.attach(endpoint('front', 'web', { internal: true, addresses: ['10.1.0.2', 'fd00:1::2'] }))
    expect(zone.addresses('web', 'web')).toEqual(['10.2.0.2'])
    zone.attach(endpoint('front', 'web', { internal: true, gatewayPriority: 1, addresses: ['10.1.0.2'] }))
    expect(zone.addresses('web', 'web')).toEqual(['10.1.0.2'])
    zone.attach(endpoint('front', 'web', { addresses: ['10.1.0.2'] }))
    expect(zone.addresses('web', 'web')).toEqual(['10.2.0.2'])
  })

  test('may be shared: one alias, all addresses, each once', () => {
    const zone = new Zone()
    for (const [index, container] of ['a', 'b', 'c'].entries())
      zone.attach(endpoint('n', container, { dnsNames: [container, 'all'], addresses: [`10.1.0.${index}`] }))
    expect(zone.addresses('a', 'all')).toEqual(['10.1.0.0', '10.1.0.1', '10.1.0.2'])
    zone.detach('b', 'id-of-n')
    expect(zone.addresses('a', 'all')).toEqual(['10.1.0.0', '10.1.0.2'])
  })

  test('links: an alias for one container, which hides what others call so', () => {
    const zone = small()
    const links = [
      { name: 'db', alias: 'database' },
      { name: 'db', alias: 'web' },
      { name: 'nobody', alias: 'gone' },
    ]
    zone.attach(endpoint('back', 'web', { addresses: ['10.2.0.2'], links }))
    expect(zone.addresses('web', 'database')).toEqual(['10.2.0.3'])
    expect(zone.addresses('web', 'DATABASE.back')).toEqual(['10.2.0.3'])
    expect(zone.addresses('db', 'database')).toBeUndefined()
    expect(zone.addresses('web', 'web')).toEqual(['10.2.0.3'])
    expect(zone.addresses('web', 'gone')).toBeUndefined()
  })

  test('backwards: by address, with the name of the network', () => {
    const zone = small()
    expect(zone.pointer('web', '3.0.2.10.in-addr.arpa')).toBe('db.back')
    expect(zone.pointer('web', reverseName('fd00:1::3').toUpperCase())).toBe('proxy.front')
    expect(zone.pointer('proxy', '3.0.2.10.in-addr.arpa')).toBeUndefined()
    expect(zone.pointer('web', '9.9.9.9.in-addr.arpa')).toBeUndefined()
  })

  test('an address that went to another container stays the other one', () => {
    const zone = new Zone()
    zone.attach(endpoint('n', 'old', { addresses: ['10.1.0.2'] }))
    zone.attach(endpoint('n', 'new', { addresses: ['10.1.0.2'] }))
    zone.detach('old', 'id-of-n')
    expect(zone.pointer('new', '2.0.1.10.in-addr.arpa')).toBe('new.n')
  })

  test('change with a rename, and go with the endpoint', () => {
    const zone = small()
    zone.attach(endpoint('back', 'db', { dnsNames: ['store'], addresses: ['10.2.0.9'] }))
    expect(zone.addresses('web', 'db')).toBeUndefined()
    expect(zone.addresses('web', 'store')).toEqual(['10.2.0.9'])
    expect(zone.pointer('web', '3.0.2.10.in-addr.arpa')).toBeUndefined()
    zone.detach('web', 'id-of-back')
    expect(zone.addresses('web', 'store')).toBeUndefined()
    zone.detach('web', 'id-of-back')
  })

  test('a container leads out when one of its networks does', () => {
    const zone = new Zone()
    expect(zone.leadsOut('a')).toBe(false)
    zone.attach(endpoint('shut', 'a', { internal: true }))
    expect(zone.leadsOut('a')).toBe(false)
    zone.attach(endpoint('open', 'a'))
    expect(zone.leadsOut('a')).toBe(true)
  })
})

test('what a container is called: name, aliases, short id, hostname, each once', () => {
  const id = '0123456789abcdef'.repeat(4)
  const names = dnsNames({ name: 'web', id, hostname: '0123456789ab', aliases: ['www', 'web'] })
  expect(names).toEqual(['web', 'www', '0123456789ab'])
  expect(dnsNames({ name: 'web', id, hostname: '', aliases: [] })).toEqual(['web', '0123456789ab'])
})

test('the name that PTR is asked with', () => {
  expect(reverseName('10.1.2.3')).toBe('3.2.1.10.in-addr.arpa')
  const expected = 'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa' // RFC 3596, 2.5, less a group
  expect(reverseName('2001:db8::567:89ab')).toBe(expected)
  expect(reverseName('::')).toBe(`${'0.'.repeat(32)}ip6.arpa`)
  expect(reverseName('2001:db8:0:0:0:0:567:89AB')).toBe(expected)
})
