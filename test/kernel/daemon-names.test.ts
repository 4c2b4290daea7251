// Names on user-defined networks, by the stock client: containers find each other, and
// go on to when they are renamed, plugged in elsewhere, or their daemon is killed. Needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Upstream, upstream } from '../suites/network-namespace.ts'
import { nothingLeft } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('names (needs root)', () => {
  let tockerd: Tockerd
  beforeAll(async () => {
    tockerd = await Tockerd.open(['--live-restore'])
    for (const network of ['mine', 'other']) await tockerd.ok('network', 'create', network)
    await run('web', '--network', 'mine', '--network-alias', 'all')
    await run('db', '--network', 'mine', '--network-alias', 'all')
  })
  afterAll(async () => {
    const all = (await tockerd.ok('ps', '-aq')).split('\n').filter(Boolean)
    await tockerd.ok('rm', '-f', ...all)
    await tockerd.ok('network', 'rm', 'mine', 'other')
    await tockerd[Symbol.asyncDispose]()
    await nothingLeft(() => tockerd.leftovers())
  })

  const run = (name: string, ...words: string[]): Promise<string> =>
    tockerd.ok('run', '-d', '--stop-timeout', '0', '--name', name, ...words, 'busybox', 'sleep', '1000')

  /** What a container finds by a name: addresses, sorted; what nslookup says where there are none. */
  async function found(from: string, name: string): Promise<string[] | string> {
    const { stdout, stderr } = await tockerd.docker(['exec', from, 'nslookup', '-type=a', name])
    const [, ...answers] = stdout.split('\n\n')
    const addresses = [...answers.join('\n').matchAll(/^Address: (\S+)/gm)].flatMap(([, one]) => one ?? [])
    return addresses.length > 0 ? addresses.sort() : `${stdout}${stderr}`
  }

  async function address(name: string, network: string): Promise<string> {
    const field = `{{(index .NetworkSettings.Networks ${JSON.stringify(network)}).IPAddress}}`
    return await tockerd.ok('inspect', '--format', field, name)
  }

  const nothing = expect.stringMatching(/can't find|SERVFAIL|NXDOMAIN|No answer/i)

  test('containers find each other by name, alias, short id and hostname, and only on their networks', async () => {
    const [web, db] = [await address('web', 'mine'), await address('db', 'mine')]
    expect(await found('web', 'db')).toEqual([db])
    expect(await found('web', 'DB.mine')).toEqual([db])
    expect(await found('db', 'all')).toEqual([web, db].sort())
    const id = await tockerd.ok('inspect', '--format', '{{slice .Id 0 12}}', 'db')
    expect(await found('web', id)).toEqual([db])
    await run('apart', '--network', 'other', '--hostname', 'island')
    expect(await found('apart', 'db')).toEqual(nothing)
    expect(await found('apart', 'island')).toEqual([await address('apart', 'other')])
    expect(await tockerd.ok('exec', 'web', 'ping', '-c', '1', 'db')).toContain(`PING db (${db})`)
    expect(await tockerd.ok('exec', 'web', 'nslookup', db)).toContain('name = db.mine')
    const files = await tockerd.ok('exec', 'web', 'cat', '/etc/resolv.conf', '/etc/hosts')
    expect(files).toMatch(/^nameserver 127\.0\.0\.11$/m)
    expect(files).toMatch(/^options .*ndots:0/m)
    expect(files).toMatch(new RegExp(`^${web}\t[0-9a-f]{12}$`, 'm'))
  })

  test('a link is an alias for the one who asked for it', async () => {
    await run('linked', '--network', 'mine', '--link', 'db:database')
    expect(await found('linked', 'database')).toEqual([await address('db', 'mine')])
    expect(await found('web', 'database')).toEqual(nothing)
  })

  test('plugged in and out while they run', async () => {
    expect(await found('web', 'apart')).toEqual(nothing)
    await tockerd.ok('network', 'connect', '--alias', 'island2', 'other', 'web')
    expect(await found('web', 'apart')).toEqual([await address('apart', 'other')])
    expect(await found('apart', 'island2')).toEqual([await address('web', 'other')])
    await tockerd.ok('network', 'disconnect', 'other', 'web')
    expect(await found('apart', 'web')).toEqual(nothing)
    expect(await found('web', 'apart')).toEqual(nothing)
  })

  test('from the default bridge, which has no names, to a network that has', async () => {
    await run('plain')
    expect(await tockerd.ok('exec', 'plain', 'cat', '/etc/resolv.conf')).not.toContain('127.0.0.11')
    await tockerd.ok('network', 'connect', 'mine', 'plain')
    expect(await tockerd.ok('exec', 'plain', 'cat', '/etc/resolv.conf')).toContain('nameserver 127.0.0.11')
    expect(await found('plain', 'web')).toEqual([await address('web', 'mine')])
    const own = await address('plain', 'mine')
    expect(await tockerd.ok('exec', 'plain', 'cat', '/etc/hosts')).toMatch(new RegExp(`^${own}\t`, 'm'))
    await tockerd.ok('network', 'disconnect', 'mine', 'plain')
    expect(await tockerd.ok('exec', 'plain', 'cat', '/etc/hosts')).not.toContain(own)
  })

  test('a new name is known at once, the old one no longer', async () => {
    await tockerd.ok('rename', 'db', 'store')
    expect(await found('web', 'store')).toEqual([await address('store', 'mine')])
    expect(await found('web', 'db')).toEqual(nothing)
    await tockerd.ok('rename', 'store', 'db')
    expect(await found('web', 'db')).toEqual([await address('db', 'mine')])
  })

  test('an ended container is not found, a started one is', async () => {
    await tockerd.ok('stop', 'db')
    expect(await found('web', 'db')).toEqual(nothing)
    await tockerd.ok('start', 'db')
    expect(await found('web', 'db')).toEqual([await address('db', 'mine')])
    expect(await found('db', 'web')).toEqual([await address('web', 'mine')])
  })

  test('one that shares another’s network shares its names', async () => {
    await run('guest', '--network', 'container:web')
    expect(await found('guest', 'db')).toEqual([await address('db', 'mine')])
  })

  test('other names are asked of --dns', async () => {
    const pid = await tockerd.ok('inspect', '--format', '{{.State.Pid}}', 'db')
    const at = await address('db', 'mine')
    await using outside: Upstream = await upstream(['nsenter', '-t', pid, '-n'], at, 53)
    await run('asking', '--network', 'mine', '--dns', at, '--dns-search', 'example')
    expect(await found('asking', 'ok.example')).toEqual(['192.0.2.1'])
    expect(await found('asking', 'gone.example')).toEqual(nothing)
    // By both names: this nslookup asks for one name as `web.example`, whatever ndots says.
    expect(await found('asking', 'web.mine')).toEqual([await address('web', 'mine')])
    expect(outside.asked).toEqual(['udp A ok.example', 'udp A gone.example'])
  })

  test('after the daemon’s end, by kill -9 or not, the next one answers', async () => {
    for (const end of ['kill', 'stop'] as const) {
      await tockerd[end]()
      await tockerd.start()
      expect(await found('web', 'db')).toEqual([await address('db', 'mine')])
      expect(await found('db', 'all')).toHaveLength(2)
    }
  })
})
