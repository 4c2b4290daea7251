// The name server of user-defined networks, in a network namespace of its own, asked by
// dig and by busybox. Needs root.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Upstream as Asked } from '../../engine/drivers/network/dns/forward.ts'
import { NameServers } from '../../engine/drivers/network/dns/name-servers.ts'
import { resolvConf } from '../../engine/drivers/network/dns/resolv-conf.ts'
import { leftovers } from '../leftovers.mjs'
import { endpoint, NetworkNamespace, type Upstream, upstream } from '../suites/network-namespace.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'

const asRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(asRoot)('the name server of a container (needs root)', () => {
  const servers = new NameServers()
  const undo = new AsyncDisposableStack()
  let here: NetworkNamespace
  let outside: Upstream
  let inside: Upstream
  let before: string[]

  const open = (upstreams: Asked[], ndotsSet = false): Promise<void> =>
    servers.open({ container: 'web', namespace: here.path, resolver: { upstreams, ndotsSet } })
  const onHost = (): Asked => ({ address: '127.0.0.1', port: outside.port, onHost: true })
  const within = (): Asked => ({ address: '127.0.0.1', port: 5300, onHost: false })
  /** Nobody listens there. */
  const nobody = { address: '127.0.0.1', port: 9, onHost: false }

  beforeAll(async () => {
    before = leftovers()
    here = undo.use(new NetworkNamespace(`lc-dns-${process.pid}`))
    outside = undo.use(await upstream(['env'], '127.0.0.1', 0))
    inside = await here.upstream('127.0.0.1', 5300)
    servers.attach(endpoint('web', { addresses: ['10.9.0.2', 'fd00:9::2'] }))
    for (let index = 0; index < 60; index++)
      servers.attach(
        endpoint(`many${index}`, {
          dnsNames: [`many${index}`, 'many'],
          addresses: [`10.9.1.${index}`],
        }),
      )
  })
  afterAll(async () => {
    servers.closeAll()
    await undo.disposeAsync()
    await nothingMoreThan(before)
  })

  test('answers dig, busybox and whoever speaks TCP, at port 53', async () => {
    await open([])
    expect(await here.dig('Web', 'A')).toEqual({
      ...{ status: 'NOERROR', flags: 'qr rd ra', answers: ['Web. 600 IN A 10.9.0.2'] },
    })
    expect((await here.dig('web.mine', 'AAAA')).answers).toEqual(['web.mine. 600 IN AAAA fd00:9::2'])
    expect((await here.dig('-x', '10.9.0.2')).answers).toEqual([
      '2.0.9.10.in-addr.arpa. 600 IN PTR web.mine.',
    ])
    expect((await here.dig('-x', 'fd00:9::2')).answers[0]).toMatch(/ PTR web\.mine\.$/)
    expect(await here.dig('web', 'TXT')).toMatchObject({ status: 'NOERROR', answers: [] })
    expect(await here.dig('+tcp', 'web')).toMatchObject({ answers: ['web. 600 IN A 10.9.0.2'] })
    expect((await here.dig('+tcp', '+keepopen', 'web', 'many1', 'many2')).answers).toHaveLength(3)
    expect(await here.run('busybox', 'nslookup', 'web', '127.0.0.11')).toMatch(/Address: 10\.9\.0\.2/)
  })

  test('says when an answer is too long for UDP, and has all of it by TCP', async () => {
    await open([])
    const short = await here.dig('+noedns', '+ignore', 'many')
    expect(short).toMatchObject({ status: 'NOERROR', flags: 'qr tc rd ra' })
    expect(short.answers.length).toBeLessThan(60)
    expect((await here.dig('+noedns', 'many')).answers).toHaveLength(60)
    expect(await here.dig('+bufsize=4096', '+ignore', 'many')).toMatchObject({ flags: 'qr rd ra' })
  })

  test('asks others about other names: from the container’s own network, or from the host', async () => {
    await open([within()])
    for (const { asked } of [inside, outside]) asked.length = 0
    expect((await here.dig('ok.example')).answers).toEqual(['ok.example. 60 IN A 192.0.2.1'])
    expect(await here.dig('gone.example')).toMatchObject({ status: 'NXDOMAIN', answers: [] })
    expect(inside.asked).toEqual(['udp A ok.example', 'udp A gone.example'])
    await open([onHost()])
    expect((await here.dig('+tcp', 'ok.example')).answers).toEqual(['ok.example. 60 IN A 192.0.2.1'])
    expect(outside.asked).toEqual(['tcp A ok.example'])
  })

  test('passes long answers on: with TC, and then by TCP', async () => {
    await open([within()])
    expect(await here.dig('+ignore', 'long.example', 'TXT')).toMatchObject({ flags: 'qr tc rd ra' })
    expect((await here.dig('long.example', 'TXT')).answers[0]).toHaveLength(2459)
    // Longer than it was asked to be: nobody but the client knows what it takes.
    expect((await here.dig('+noedns', 'fat.example', 'TXT')).answers).toHaveLength(1)
  })

  test('goes on to the next server where one fails, refuses, is not there or says nothing', async () => {
    await open([nobody, within(), onHost()])
    outside.asked.length = 0
    for (const kind of ['fail', 'refused']) {
      expect(await here.dig(`${kind}.example`)).toMatchObject({ status: 'SERVFAIL', answers: [] })
      expect(outside.asked.splice(0)).toEqual([`udp A ${kind}.example`])
    }
    await open([nobody, { address: '::1', port: 9, onHost: false }])
    const began = performance.now()
    expect(await here.dig('ok.example')).toMatchObject({ status: 'SERVFAIL' })
    expect(await here.dig('+tcp', 'ok.example')).toMatchObject({ status: 'SERVFAIL' })
    expect(performance.now() - began).toBeLessThan(2000)
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    await open([{ ...onHost(), port: silent.address().port }, onHost()])
    const slow = here.dig('ok.example')
    // Nobody else waits for it.
    expect((await here.dig('web')).answers).toHaveLength(1)
    expect((await slow).answers).toEqual(['ok.example. 60 IN A 192.0.2.1'])
    silent.close()
  })

  test('believes no answer with another id', async () => {
    await open([within()])
    expect((await here.dig('forged.example')).answers).toEqual(['forged.example. 60 IN A 192.0.2.1'])
  })

  test('from an internal network the host asks nobody on its behalf', async () => {
    servers.attach(endpoint('web', { addresses: ['10.9.0.2'], internal: true }))
    await open([onHost()])
    outside.asked.length = 0
    expect(await here.dig('ok.example')).toMatchObject({ status: 'SERVFAIL' })
    expect((await here.dig('web')).answers).toHaveLength(1)
    expect(outside.asked).toEqual([])
    servers.attach(endpoint('web', { addresses: ['10.9.0.2', 'fd00:9::2'] }))
  })

  test('names without a dot are not told outside where ndots was asked for', async () => {
    await open([within()], true)
    inside.asked.length = 0
    expect(await here.dig('nobody')).toMatchObject({ status: 'NOERROR', answers: [] })
    expect(inside.asked).toEqual([])
  })

  test('opened again where it is, it goes on, and asks whom it is told to', async () => {
    await open([])
    const before = readdirSync('/proc/self/fd').length
    const conversation = here.dig('+tcp', '+keepopen', 'web', ...Array(40).fill('ok.example'))
    for (let times = 0; times < 20; times++) await open([within()])
    expect((await conversation).answers.length).toBeGreaterThan(0)
    // Its end of a connection it hears of in its own time.
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
    expect((await here.dig('ok.example')).answers).toEqual(['ok.example. 60 IN A 192.0.2.1'])
  })

  test('hears of names at once, and of changed ones', async () => {
    await open([])
    servers.attach(endpoint('late', { addresses: ['10.9.2.1'] }))
    expect((await here.dig('late')).answers).toEqual(['late. 600 IN A 10.9.2.1'])
    servers.attach(endpoint('late', { dnsNames: ['later'], addresses: ['10.9.2.1'] }))
    expect(await here.dig('late')).toMatchObject({ status: 'SERVFAIL' })
    expect((await here.dig('later')).answers).toHaveLength(1)
    servers.detach('late', 'id')
    expect(await here.dig('later')).toMatchObject({ status: 'SERVFAIL' })
  })

  test('glibc finds names by the resolv.conf that we write', async () => {
    const own = { Dns: ['127.0.0.2'], DnsSearch: ['example'] }
    const { text, resolver } = resolvConf('user-defined', '', own, true)
    await using world = await here.upstream('127.0.0.2', 53)
    await servers.open({ container: 'web', namespace: here.path, resolver })
    // A mount namespace of its own, for another /etc/resolv.conf.
    const script = 'printf %s "$0" > "$2"; mount --bind "$2" /etc/resolv.conf; exec getent ahosts "$1"'
    const scratch = join(mkdtempSync(join(tmpdir(), 'lc-dns-')), 'resolv.conf')
    const getent = (name: string): Promise<string> =>
      here.run('unshare', '--mount', 'sh', '-c', script, text, name, scratch)
    expect(await getent('Web')).toMatch(/^fd00:9::2 +STREAM .*^10\.9\.0\.2 +STREAM /ms)
    expect((await getent('many')).match(/ STREAM/g)).toHaveLength(60)
    world.asked.length = 0
    expect(await getent('ok')).toContain('192.0.2.1')
    // ndots:0, so it is asked for as it is, first.
    expect(world.asked.toSorted()).toEqual(['udp A ok', 'udp AAAA ok'])
    rmSync(dirname(scratch), { recursive: true })
  })

  test('leaves port 53 to the container', async () => {
    await open([])
    await using own = await here.upstream('0.0.0.0', 53)
    const asked = here.run('dig', '+short', '@127.0.0.1', 'ok.example')
    expect(await asked).toBe('192.0.2.1')
    expect((await here.dig('web')).answers).toHaveLength(1)
    expect(own.asked).toEqual(['udp A ok.example'])
  })

  test('a daemon that was killed leaves rules behind, and the next one’s replace them', async () => {
    servers.close('web')
    const former = new NameServers()
    former.attach(endpoint('web', { dnsNames: ['former'], addresses: ['10.9.0.2'] }))
    await former.open({
      container: 'web',
      namespace: here.path,
      resolver: { upstreams: [], ndotsSet: false },
    })
    expect((await here.dig('former')).answers).toHaveLength(1)
    await open([])
    expect(await here.dig('former')).toMatchObject({ status: 'SERVFAIL' })
    expect((await here.dig('web')).answers).toHaveLength(1)
    former.closeAll()
    expect((await here.dig('web')).answers).toHaveLength(1)
  })

  test('noise and clients that hold on to their connections cost others nothing', async () => {
    await open([within()])
    const noise = `import socket, os, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3000): u.sendto(os.urandom(n % 200), ('127.0.0.11', 53))
held = []
for n in range(60):
    t = socket.create_connection(('127.0.0.11', 53)); held.append(t)
    t.send(b'\\xff\\xff' + os.urandom(100))
print('done')
time.sleep(1)`
    const noisy = here.run('python3', '-c', noise)
    expect((await here.dig('web')).answers).toHaveLength(1)
    expect(await noisy).toContain('done')
    expect((await here.dig('+tcp', 'web')).answers).toHaveLength(1)
  })

  test('closed, nothing of it is open; and what cannot be opened says why', async () => {
    await open([within()])
    const silent = here.dig('+time=1', 'silent.example')
    await expect.poll(() => inside.asked).toContain('udp A silent.example')
    servers.close('web')
    expect(await silent).toMatchObject({ status: 'none' })
    expect(await here.dig('+time=1', 'web')).toMatchObject({ status: 'none' })
    expect(openNamespaces()).toEqual([])
    const resolver = { upstreams: [], ndotsSet: false }
    const elsewhere = servers.open({ container: 'web', namespace: '/nowhere', resolver })
    await expect(elsewhere).rejects.toThrow('ENOENT')
    const ours = servers.open({ container: 'web', namespace: '/proc/self/ns/net', resolver })
    await expect(ours).rejects.toThrow('/proc/self/ns/net is the network of the host')
    vi.stubEnv('PATH', '/nowhere')
    await expect(open([])).rejects.toThrow('the program nft is not installed')
    vi.unstubAllEnvs()
    expect(openNamespaces()).toEqual([])
    expect(await here.dig('+time=1', 'web')).toMatchObject({ status: 'none' })
  })
})

/** Descriptors of network namespaces that this process has. */
function openNamespaces(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^net:|\/netns\//.test(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      return false
    }
  })
}
