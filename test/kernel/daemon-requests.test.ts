// What a client asks for is done, or refused in one line: flags and parameters that a daemon could
// ignore without anybody noticing. Needs root.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { shareStage } from '../suites/network-stage.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'what is asked for (needs root)',
  () => {
    const shared = shareStage([])
    const { ok, run, refused, clear } = shared

    test('what is mounted below a read-only bind is read-only, unless that is not wanted', async () => {
      const source = join(shared.stage.tockerd.directory, 'source')
      mkdirSync(join(source, 'below'), { recursive: true })
      await execa('mount', ['-t', 'tmpfs', 'none', join(source, 'below')])
      try {
        const write = ['busybox', 'touch', '/x/below/f']
        expect(await refused('run', '--rm', '-v', `${source}:/x:ro`, ...write)).toContain(
          'Read-only file system',
        )
        const mount = `type=bind,src=${source},dst=/x,readonly`
        expect(await refused('run', '--rm', '--mount', mount, ...write)).toContain('Read-only file system')
        const forced = `${mount},bind-propagation=rprivate,bind-recursive=readonly`
        expect(await refused('run', '--rm', '--mount', forced, ...write)).toContain('Read-only file system')
        await ok('run', '--rm', '--mount', `${mount},bind-recursive=writable`, ...write)
      } finally {
        await execa('umount', [join(source, 'below')])
      }
    })

    test('a subpath stays in its volume', async () => {
      const script = 'mkdir /v/a; echo x > /v/a/f; ln -s /etc /v/out; ln -s a /v/in'
      await ok('run', '--rm', '-v', 'parts:/v', 'busybox', 'sh', '-c', script)
      const cat = (path: string): string[] => [
        ...['run', '--rm', '--mount', `type=volume,src=parts,dst=/x,volume-subpath=${path}`],
        ...['busybox', 'cat', '/x/f'],
      ]
      expect([await ok(...cat('a')), await ok(...cat('in'))]).toEqual(['x', 'x'])
      expect(await refused(...cat('out'))).toContain('/x: the subpath leads out of its volume')
      expect(await refused(...cat('none'))).toContain('cannot access path none')
      await ok('volume', 'rm', 'parts')
    })

    test('rm --link takes a link, and no container', async () => {
      await run('db')
      await run('web', '--link', 'db:database')
      expect(await refused('rm', '--link', 'web')).toContain('cannot remove the default link name')
      const links = (): Promise<string> => ok('inspect', '-f', '{{json .HostConfig.Links}}', 'web')
      expect(await links()).toBe('["/db:/web/database"]')
      await ok('rm', '--link', 'web/database')
      expect(await links()).toBe('null')
      await ok('restart', '-t', '0', 'web')
      expect(await ok('exec', 'web', 'cat', '/etc/hosts')).not.toContain('database')
      await clear()
    })

    test('stats count what goes through the networks; who joins one has the same', async () => {
      await run('one')
      await run('two', '--network', 'container:one')
      await run('none', '--network', 'none')
      await ok('exec', 'one', 'ping', '-c', '2', '-w', '5', '172.17.0.1')
      const traffic = (name: string): Promise<string> =>
        ok('stats', '--no-stream', '--format', '{{.NetIO}}', name)
      expect(await traffic('one')).not.toMatch(/^0B|0B$/)
      expect(await traffic('two')).not.toMatch(/^0B|0B$/)
      expect(await traffic('none')).toBe('0B / 0B')
      await clear()
    })

    test('an interface by another name, with sysctls and an address of its own', async () => {
      const sysctl = '"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1"'
      const name = 'driver-opt=com.docker.network.endpoint.ifname=lan0'
      await run('web', '--network', `name=bridge,${name},${sysctl},link-local-ip=169.254.3.4`)
      const said = await ok(
        'exec',
        'web',
        'sh',
        '-c',
        'ip -o addr show lan0; cat /proc/sys/net/ipv4/conf/lan0/log_martians',
      )
      expect(said).toMatch(/169\.254\.3\.4\/16[\s\S]*\n1$/)
      await ok('network', 'create', '-o', 'com.docker.network.container_iface_prefix=net', 'named')
      await run('other', '--network', 'named')
      await ok('exec', 'other', 'ip', 'link', 'show', 'net0')
      await ok('network', 'connect', 'named', 'web')
      await ok('exec', 'web', 'ip', 'link', 'show', 'net1')
      await clear()
    })

    test('events: how long it ran, who looked, and a prune', async () => {
      const from = String(Date.now() / 1000)
      // In whole seconds, as the client reads durations, the last would be missing.
      const events = (...words: string[]): Promise<string> =>
        ok('events', '--since', from, '--until', String((Date.now() + 200) / 1000), ...words)
      await ok('run', '--rm', 'busybox', 'true')
      await run('long')
      await ok('top', 'long')
      const format = '{{.Action}} {{.Actor.Attributes.execDuration}}'
      expect(await events('--format', format)).toMatch(/^die 0$[\s\S]*^top/m)
      await clear()
      expect(await events('--filter', 'type=network')).toContain('network prune')
    })

    test('what is not there is refused', async () => {
      const { tockerd } = shared.stage
      await ok('create', '--name', 'still', 'busybox', 'true')
      const post = async (path: string, body?: string) => {
        const answer = await tockerd.request('POST', path, body)
        return [answer.status, answer.body.toString()]
      }
      expect(await post('/containers/still/start?checkpoint=c')).toEqual([
        501,
        expect.stringContaining('checkpoints'),
      ])
      expect(await post('/containers/still/start', '{"Binds":[]}')).toEqual([
        400,
        expect.stringContaining('non-empty request body'),
      ])
      expect(await post('/volumes/create', '{"ClusterVolumeSpec":{}}')).toEqual([
        503,
        expect.stringContaining('not a swarm manager'),
      ])
      expect(await refused('create', '--storage-opt', 'size=1G', 'busybox')).toContain(
        '--storage-opt is not supported',
      )
      expect(await refused('create', '-v', 'data:/x', '--volume-driver', 'odd', 'busybox')).toContain(
        '"odd" not found',
      )
      expect(await refused('network', 'create', '--ipv4=false', '--ipv6', 'six')).toContain(
        'networks without IPv4',
      )
      for (const verb of [['image', 'inspect'], ['history'], ['save'], ['rmi']])
        expect(await refused(...verb, '--platform', 'linux/s390x', 'busybox')).toContain('wanted linux/s390x')
      await clear()
    })
  },
)
