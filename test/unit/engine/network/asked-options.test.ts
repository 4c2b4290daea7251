// What can be asked of a network and of a place on it: done, or refused in one line.
import { expect, test } from 'vitest'
import { networkCreateSchema } from '../../../../engine/api/network.ts'
import { newNetwork } from '../../../../engine/daemon/network/create.ts'
import {
  checkEndpointOptions,
  interfaceName,
  sysctlsFor,
} from '../../../../engine/daemon/network/endpoint-options.ts'
import type { Networks } from '../../../../engine/daemon/network/networks.ts'
import { parsePrefixed } from '../../../../engine/drivers/network/address.ts'

const nobody = {
  ...{ named: () => undefined, all: () => [], subnets: () => [] },
  freeSubnet: () => parsePrefixed('10.1.0.0/24')?.subnet,
}
const create = (body: object) =>
  newNetwork(networkCreateSchema.parse({ Name: 'n', ...body }), nobody as unknown as Networks, 'daemon')
const option = (name: string, value: string) => ({ Options: { [`com.docker.network.${name}`]: value } })

test.each<[object, string, string]>([
  [{ EnableIPv4: false }, 'not-implemented', 'networks without IPv4'],
  [{ Scope: 'swarm' }, 'unavailable', 'This node is not a swarm manager'],
  [{ Ingress: true }, 'unavailable', 'This node is not a swarm manager'],
  [{ Scope: 'odd' }, 'invalid', 'invalid scope "odd"'],
  [{ IPAM: { Options: { serial: 'true' } } }, 'not-implemented', 'ipam option "serial"'],
  [option('bridge.inhibit_ipv4', 'true'), 'not-implemented', 'bridge.inhibit_ipv4"'],
  [option('bridge.gateway_mode_ipv4', 'routed'), 'not-implemented', "tocker's networks have nat"],
  [option('bridge.host_binding_ipv4', 'odd'), 'invalid', 'is no IPv4 address'],
  [option('container_iface_prefix', 'a b'), 'invalid', 'container_iface_prefix=a b'],
])('%j is refused', (body, kind, message) => {
  expect(() => create(body)).toThrow(
    expect.objectContaining({ kind, message: expect.stringContaining(message) }),
  )
})

test('and what is known or somebody else’s is taken', () => {
  const options = {
    ...option('bridge.gateway_mode_ipv4', 'nat').Options,
    ...option('container_iface_prefix', 'lan').Options,
    'example.com/mine': 'x',
  }
  expect(create({ Scope: 'local', EnableIPv4: true, Options: options }).options).toEqual(options)
})

test('an interface is called as asked, and has the sysctls of that name', () => {
  const settings = {
    DriverOpts: {
      'com.docker.network.endpoint.ifname': 'lan0',
      'com.docker.network.endpoint.sysctls':
        'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.ifname.accept_ra=2',
    },
    IPAMConfig: { LinkLocalIPs: ['169.254.3.4', 'fe80::1'] },
  }
  checkEndpointOptions(settings)
  expect(interfaceName(settings)).toBe('lan0')
  expect(sysctlsFor(settings, 'lan0')).toEqual([
    'net.ipv4.conf.lan0.log_martians=1',
    'net.ipv6.conf.lan0.accept_ra=2',
  ])
  expect([interfaceName({}), sysctlsFor({}, 'eth0')]).toEqual([undefined, []])
})

test.each([
  [{ DriverOpts: { 'com.docker.network.endpoint.ifname': 'a/b' } }, 'invalid interface name "a/b"'],
  [{ DriverOpts: { 'com.docker.network.endpoint.sysctls': 'kernel.msgmax=1' } }, 'invalid sysctl'],
  [{ DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.x' } }, 'invalid sysctl'],
  [{ IPAMConfig: { LinkLocalIPs: ['10.0.0.1'] } }, 'invalid link-local IP address: 10.0.0.1'],
  [{ IPAMConfig: { LinkLocalIPs: ['odd'] } }, 'invalid link-local IP address: odd'],
])('%j is refused', (settings, message) => {
  expect(() => checkEndpointOptions(settings)).toThrow(message)
})
