// What is said to ip(8) and nft(8), word for word, and what becomes of `-p`.
import { describe, expect, test } from 'vitest'
import { type Address, parseAddress, parsePrefixed } from '../../../../engine/drivers/network/address.ts'
import type { BridgeNetwork, Endpoint } from '../../../../engine/drivers/network/driver.ts'
import {
  networkText,
  publishedText,
  tableText,
  withoutNetworkText,
} from '../../../../engine/drivers/network/firewall.ts'
import { bridgeLines, sandboxLines, vethLines } from '../../../../engine/drivers/network/ip-batch.ts'
import { portRequests } from '../../../../engine/drivers/network/port-mapping.ts'

function address(text: string): Address {
  const found = parseAddress(text)
  if (found === undefined) throw new Error(`${text} is an address`)
  return found
}

function subnet(text: string) {
  const found = parsePrefixed(text)
  if (found === undefined) throw new Error(`${text} is a subnet`)
  return found.subnet
}

const network: BridgeNetwork = {
  id: 'a'.repeat(64),
  bridge: 'br-a',
  adopted: false,
  subnets: [{ subnet: subnet('172.18.0.0/16'), gateway: address('172.18.0.1') }],
  ...{ internal: false, icc: true, masquerade: true },
}
const endpoint: Endpoint = {
  ...{ id: 'e', veth: 'veth1', interface: 'eth0', mac: '02:42:ac:12:00:02' },
  addresses: [{ address: address('172.18.0.2'), prefix: 16 }],
  gateways: [address('172.18.0.1')],
  sysctls: [],
  published: [{ protocol: 'tcp', containerPort: 80, host: address('0.0.0.0'), hostPort: 8080 }],
}

describe('ip -batch', () => {
  test('a bridge, a cable, a sandbox', () => {
    expect(bridgeLines({ ...network, mtu: 1400 })).toEqual([
      'link add br-a address 02:42:ac:12:00:01 mtu 1400 type bridge',
      'address replace 172.18.0.1/16 dev br-a broadcast 172.18.255.255',
      'link set br-a up',
    ])
    expect(vethLines(network, endpoint, 4711)).toEqual([
      'link add veth1 master br-a up type veth peer name eth0 address 02:42:ac:12:00:02 netns 4711',
      'link set veth1 type bridge_slave hairpin on',
    ])
    expect(sandboxLines(endpoint)).toEqual([
      'link set eth0 addrgenmode none',
      'address replace 172.18.0.2/16 dev eth0 broadcast 172.18.255.255',
      'link set eth0 up',
      'route replace default via 172.18.0.1 dev eth0',
    ])
  })

  test('containers that may not speak with each other are ports that do not', () => {
    expect(vethLines({ ...network, icc: false }, endpoint, 1)).toContain(
      'link set veth1 type bridge_slave isolated on',
    )
  })

  test('IPv6 is there at once', () => {
    const six = {
      ...endpoint,
      addresses: [{ address: address('fd00::2'), prefix: 64 }],
      gateways: [address('fd00::1')],
    }
    expect(sandboxLines(six)).toEqual([
      'address replace fd00::2/64 dev eth0 nodad',
      'link set eth0 up',
      'route replace default via fd00::1 dev eth0',
    ])
  })
})

describe('nft -f', () => {
  test('the table replaces itself in one transaction', () => {
    expect(tableText('tocker')).toMatch(
      /^table inet tocker \{\}\ndelete table inet tocker\ntable inet tocker \{/,
    )
  })

  test('what is added for a network is taken away again', () => {
    const added = [
      ...networkText('tocker', network).matchAll(/^ {2}chain (\S+)|^add element inet tocker (\S+)/gm),
    ]
    const removed = withoutNetworkText('tocker', network)
    for (const [, chain, map] of added)
      expect(removed).toContain(
        chain === undefined ? `delete element inet tocker ${map} ` : `delete chain inet tocker ${chain}\n`,
      )
  })

  test('an internal network has no way out, and nobody is masqueraded who should not be', () => {
    expect(networkText('tocker', network)).toContain('oifname != "br-a" masquerade')
    const internal = networkText('tocker', { ...network, internal: true })
    expect(internal).toContain('oifname != "br-a" drop')
    expect(internal).not.toContain('oifname != "br-a" masquerade')
    expect(internal).not.toContain('ct status dnat accept')
    expect(networkText('tocker', { ...network, masquerade: false })).not.toContain(
      'oifname != "br-a" masquerade',
    )
  })

  test('published ports, on every address or on one', () => {
    expect(publishedText('tocker', endpoint, 'add')).toBe(
      'add element inet tocker published { tcp . 8080 : 172.18.0.2 . 80 }\n',
    )
    const [port] = endpoint.published
    if (port === undefined) throw new Error('there is one')
    const at = { ...endpoint, published: [{ ...port, host: address('127.0.0.1') }] }
    expect(publishedText('tocker', at, 'delete')).toBe(
      'delete element inet tocker published-at { 127.0.0.1 . tcp . 8080 }\n',
    )
    // It has no IPv6 to lead to.
    const six = { ...endpoint, published: [{ ...port, host: address('::') }] }
    expect(publishedText('tocker', six, 'add')).toBe('')
  })
})

describe('-p and -P', () => {
  const anywhere = [address('0.0.0.0')]

  test('what is asked for, sorted, and what is exposed besides', () => {
    const bindings = {
      '443/tcp': [{ HostPort: '8000-8010' }],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
    }
    expect(portRequests({ bindings, exposed: ['80/tcp', '443/tcp'], anywhere })).toEqual([
      { protocol: 'udp', containerPort: 53, hosts: [address('127.0.0.1')], range: { first: 53, last: 53 } },
      { protocol: 'tcp', containerPort: 80, hosts: anywhere },
      { protocol: 'tcp', containerPort: 443, hosts: anywhere, range: { first: 8000, last: 8010 } },
    ])
  })

  test.each([
    ['0/tcp', {}],
    ['80/ip', {}],
    ['80/tcp', { HostPort: '99999' }],
    ['80/tcp', { HostPort: '20-10' }],
    ['80/tcp', { HostIp: 'here' }],
  ])('%s %j is refused', (name, binding) => {
    expect(() => portRequests({ bindings: { [name]: [binding] }, exposed: [], anywhere })).toThrow(/invalid/)
  })
})
