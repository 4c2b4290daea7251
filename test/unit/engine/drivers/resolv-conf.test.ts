// /etc/resolv.conf for each kind of network, and whom the name server asks.
import { describe, expect, test } from 'vitest'
import { resolvConf } from '../../../../engine/drivers/network/dns/resolv-conf.ts'

const host = `# by hand
nameserver 127.0.0.53
nameserver 10.0.0.53
nameserver fe80::1%eth0
nameserver 2001:db8::53
nameserver nonsense
domain old.example
search corp.example lab.example
options edns0
options timeout:2
sortlist 130.155.160.0/255.255.240.0
`

function text(...lines: string[]): string {
  return [...lines, ''].join('\n')
}

const sortlist = 'sortlist 130.155.160.0/255.255.240.0'

describe('resolv.conf', () => {
  test('of the host’s network: as the host has it', () => {
    expect(resolvConf('host', host, {}, true).text).toBe(
      text(
        ...['127.0.0.53', '10.0.0.53', 'fe80::1%eth0', '2001:db8::53'].map((one) => `nameserver ${one}`),
        ...['search corp.example lab.example', 'options edns0 timeout:2', sortlist],
      ),
    )
  })

  test('of a network without names: only servers that can be reached, and some at any rate', () => {
    const lines = ['search corp.example lab.example', 'options edns0 timeout:2', sortlist]
    expect(resolvConf('plain', host, {}, false).text).toBe(text('nameserver 10.0.0.53', ...lines))
    const six = resolvConf('plain', host, {}, true).text
    expect(six).toBe(text('nameserver 10.0.0.53', 'nameserver 2001:db8::53', ...lines))
    for (const none of ['', 'nameserver ::1\n', 'nameserver 127.0.0.1\n'])
      expect(resolvConf('plain', none, {}, false).text).toBe(text('nameserver 8.8.8.8', 'nameserver 8.8.4.4'))
  })

  test('of a user-defined network: our server, which asks the others', () => {
    const { text: lines, resolver } = resolvConf('user-defined', host, {}, false)
    expect(lines).toBe(
      text(
        ...['nameserver 127.0.0.11', 'search corp.example lab.example'],
        ...['options edns0 timeout:2 ndots:0', sortlist],
      ),
    )
    expect(resolver).toEqual({
      upstreams: [
        { address: '127.0.0.53', onHost: true },
        { address: '10.0.0.53', onHost: false },
        { address: 'fe80::1%eth0', onHost: true },
        { address: '2001:db8::53', onHost: true },
      ],
      ndotsSet: false,
    })
    expect(resolvConf('user-defined', '', {}, false).resolver.upstreams).toEqual([
      { address: '8.8.8.8', onHost: false },
      { address: '8.8.4.4', onHost: false },
    ])
  })

  test('--dns, --dns-search and --dns-option stand for what the host has, each for its own', () => {
    const own = { Dns: ['127.0.0.1', '127.0.0.11'], DnsSearch: ['.'], DnsOptions: ['ndots:2'] }
    expect(resolvConf('plain', host, own, false).text).toBe(
      text('nameserver 127.0.0.1', 'nameserver 127.0.0.11', 'options ndots:2', sortlist),
    )
    const { text: lines, resolver } = resolvConf('user-defined', host, own, false)
    expect(lines).toBe(text('nameserver 127.0.0.11', 'options ndots:2', sortlist))
    // On the container's own loopback, since it was asked for; and never itself.
    expect(resolver).toEqual({ upstreams: [{ address: '127.0.0.1', onHost: false }], ndotsSet: true })
  })

  test('an ndots that is none gives way to ours', () => {
    const { text: lines } = resolvConf('user-defined', '', { DnsOptions: ['ndots:x', 'rotate'] }, false)
    expect(lines).toBe(text('nameserver 127.0.0.11', 'options rotate ndots:0'))
  })
})
