// Rules of NAT as nft printed them, those of iptables-nft among them, and
// conversations as the kernel prints them.
import { expect, test } from 'vitest'
import { isWithin, networkOf } from '../../../lessons/player/watch/address-range.ts'
import { flowsOf } from '../../../lessons/player/watch/flows.ts'
import { natOf } from '../../../lessons/player/watch/nat-rules.ts'
import { parseNetwork } from '../../../lessons/player/watch/network.ts'
import { recordedFrame } from '../../suites/frames.ts'

test('NAT as nft prints it, for nft’s own rules and for those of iptables', () => {
  // Docker's, through iptables-nft 1.8.9.
  const docker = `table ip nat {
	chain DOCKER {
		iifname != "docker0" tcp dport 8080 counter dnat to 172.17.0.2:80
		iifname != "docker0" ip daddr 127.0.0.1 udp dport 53 counter dnat to 172.17.0.3:53
	}
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
		ip saddr 172.17.0.2 ip daddr 172.17.0.2 tcp dport 80 counter masquerade
	}
}`
  expect(natOf(docker)).toEqual({
    masquerades: [{ from: ['172.17.0.0/16'], in: [], out: [], notOut: ['docker0'] }],
    publications: [
      { protocol: 'tcp', port: '8080', to: '172.17.0.2', toPort: '80' },
      { protocol: 'udp', address: '127.0.0.1', port: '53', to: '172.17.0.3' },
    ],
  })
  const own = `table inet t {
	map m {
		type inet_service : ipv4_addr . inet_service
		elements = { 80 : 10.0.0.2 . 8080, 81 : 10.0.0.3 . 81,
			     82 : 10.0.0.4 . 80 }
	}

	map n {
		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
		elements = { 10.0.2.15 . udp . 80 : 10.0.0.2 . 8080 }
	}

	set locals {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 172.30.0.0/16 }
	}

	chain c {
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to tcp dport map @m
		dnat ip to ip daddr . meta l4proto . th dport map @n
		tcp dport 9000-9003 dnat ip to 10.0.0.9:9000-9003 comment "dnat to 1.2.3.4:5"
		ip daddr 10.0.2.15 tcp dport { 443, 8443 } counter dnat ip to 10.0.0.9
		ip6 daddr fd00::9 tcp dport 80 dnat ip6 to [fd00::2]:8080
		tcp dport 7 redirect to :8
	}

	chain p {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr @locals oifname "eth0" counter masquerade
		ip saddr { 10.1.0.0-10.2.255.255 } oifname != { "br0", "br1" } snat ip to 10.0.2.15
		iifname "br9" oifname != "br9" masquerade random
	}
}`
  expect(natOf(own).masquerades).toEqual([
    { from: ['10.0.0.0/8', '172.30.0.0/16'], in: [], out: ['eth0'], notOut: [] },
    { from: ['10.1.0.0-10.2.255.255'], in: [], out: [], notOut: ['br0', 'br1'], as: '10.0.2.15' },
    { from: [], in: ['br9'], out: [], notOut: ['br9'] },
  ])
  expect(
    natOf(own).publications.map(
      ({ protocol, address = '', port, to, toPort = port }) =>
        `${protocol} ${address}:${port} ${to}:${toPort}`,
    ),
  ).toEqual([
    'tcp :80 10.0.0.2:8080',
    'tcp :81 10.0.0.3:81',
    'tcp :82 10.0.0.4:80',
    'udp 10.0.2.15:80 10.0.0.2:8080',
    'tcp :9000-9003 10.0.0.9:9000-9003',
    'tcp 10.0.2.15:443 10.0.0.9:443',
    'tcp 10.0.2.15:8443 10.0.0.9:8443',
    'tcp fd00::9:80 fd00::2:8080',
  ])
  expect(natOf('')).toEqual({ masquerades: [], publications: [] })
})

test('chains that are entered by an interface: tocker’s own rules, as nft prints them', () => {
  const tocker = `table inet tocker {
	map published {
		type inet_proto . inet_service : ipv4_addr . inet_service
		elements = { tcp . 8080 : 172.17.0.2 . 80 }
	}

	map published-at {
		type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
	}

	map towards {
		type ifname : verdict
		elements = { "tocker0" : jump towards-504eef5467a6 }
	}

	map leaving {
		type ifname : verdict
		elements = { "tocker0" : jump leaving-504eef5467a6 }
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @published-at
		fib daddr type local dnat ip to meta l4proto . th dport map @published
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname vmap @towards
		iifname vmap @leaving
	}

	chain towards-504eef5467a6 {
		ip saddr 172.17.0.0/16 ct status dnat masquerade
		ip saddr 127.0.0.0/8 masquerade
	}

	chain leaving-504eef5467a6 {
		oifname != "tocker0" masquerade
	}
}`
  expect(natOf(tocker)).toEqual({
    masquerades: [{ from: [], in: ['tocker0'], out: [], notOut: ['tocker0'] }],
    publications: [{ protocol: 'tcp', port: '8080', to: '172.17.0.2', toPort: '80' }],
  })
  const inline = `table ip t {
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		iifname vmap { "br0" : jump out, "br1" : goto out }
		oifname "eth7" counter jump out
	}

	chain out {
		masquerade
	}
}`
  expect(natOf(inline).masquerades).toEqual([{ from: [], in: ['br0', 'br1'], out: ['eth7'], notOut: [] }])
})

test('flows, from the file and from conntrack(8)', () => {
  const spaces = parseNetwork(recordedFrame('bridge'))?.spaces ?? []
  const lines = `tcp      6 97 SYN_SENT src=172.18.0.2 dst=1.1.1.1 sport=4000 dport=443 [UNREPLIED] src=1.1.1.1 dst=10.0.2.15 sport=443 dport=4000 mark=0 use=1
udp      17 20 src=172.18.0.3 dst=172.18.0.2 sport=5 dport=53 src=172.18.0.2 dst=172.18.0.3 sport=53 dport=5 mark=0 use=1
tcp      6 97 ESTABLISHED src=10.0.2.2 dst=10.0.2.15 sport=1 dport=22 src=10.0.2.15 dst=10.0.2.2 sport=22 dport=1 use=1
nonsense src=172.18.0.2`
  expect(flowsOf(lines, spaces)).toEqual([
    {
      ...{ protocol: 'tcp', state: 'SYN_SENT', from: '172.18.0.2:4000', to: '1.1.1.1:443' },
      ...{ seenAs: '10.0.2.15:4000', unanswered: true },
    },
    { protocol: 'udp', from: '172.18.0.3:5', to: '172.18.0.2:53' },
  ])
})

test('addresses in networks and ranges', () => {
  expect(isWithin('172.18.255.255', '172.18.0.0/16')).toBe(true)
  expect(isWithin('172.19.0.0', '172.18.0.0/16')).toBe(false)
  expect(isWithin('200.1.2.3', '0.0.0.0/0')).toBe(true)
  expect(isWithin('10.2.255.255', '10.1.0.0-10.2.255.255')).toBe(true)
  expect(isWithin('10.3.0.0', '10.1.0.0-10.2.255.255')).toBe(false)
  expect(isWithin('10.0.0.1', '10.0.0.1')).toBe(true)
  expect(isWithin('fd00::1', 'fd00::/8')).toBe(false)
  expect(['172.18.3.1/16', '10.1.2.3/30', '200.255.0.9/8', '1.2.3.4/0'].map(networkOf)).toEqual([
    ...['172.18.0.0/16', '10.1.2.0/30', '200.0.0.0/8', '0.0.0.0/0'],
  ])
})
