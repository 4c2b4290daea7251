// Networks that users make: names, isolation, several on one container, subnets. Real packets,
// by Debian's tools. Needs root.
import { describe, expect, test } from 'vitest'
import { shareStage } from '../suites/network-stage.ts'
import { outsideAddress } from '../suites/two-hosts.ts'

const sleeper = ['busybox', 'sleep', '1000']
const ping = (target: string): string[] => ['ping', '-c', '1', '-w', '3', target]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'networks of users (needs root)',
  () => {
    // Somebody who answers at once that there is no name server.
    const shared = shareStage(['--dns', outsideAddress])
    const { ok, run, refused, address, clear } = shared

    test('names on them, and none on others', async () => {
      await ok('network', 'create', 'front')
      await ok('network', 'create', 'back')
      await run('web', '--network', 'front', '--network-alias', 'www')
      await run('db', '--network', 'back')
      for (const name of ['web', 'www', 'web.front'])
        expect(await ok('run', '--rm', '--network', 'front', 'busybox', ...ping(name))).toContain(
          '1 packets received',
        )
      expect(
        await refused(
          'run',
          '--rm',
          '--network',
          'front',
          '--dns-option=timeout:1',
          '--dns-option=attempts:1',
          'busybox',
          ...ping('db'),
        ),
      ).toContain('bad address')
      const db = await address('db', 'back')
      expect(await ok('run', '--rm', '--network', 'back', 'busybox', ...ping(db))).toContain(
        '1 packets received',
      )
      // Another bridge is another network, also for who knows the address.
      expect(await shared.stage.tockerd.docker(['exec', 'web', ...ping(db)])).toMatchObject({ exitCode: 1 })
      expect(await ok('exec', 'web', 'cat', '/etc/resolv.conf')).toMatch(/^nameserver 127\.0\.0\.11\n/)
    })

    test('another one while it runs, and one less', async () => {
      await ok('network', 'connect', '--alias', 'gate', 'back', 'web')
      expect(await ok('exec', 'web', ...ping('db'))).toContain('1 packets received')
      expect(await ok('exec', 'db', ...ping('gate'))).toContain('1 packets received')
      expect(await ok('exec', 'web', 'cat', '/etc/hosts')).toContain(await address('web', 'back'))
      // `back` comes before `front`, so it has the default route.
      const gateway = await ok('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', 'back')
      expect(await ok('exec', 'web', 'ip', 'route')).toContain(`default via ${gateway} dev eth1`)
      expect(await refused('network', 'connect', 'back', 'web')).toContain('already exists in network back')
      await ok('rename', 'db', 'base')
      expect(await ok('exec', 'web', ...ping('base'))).toContain('1 packets received')
      await ok('network', 'disconnect', 'back', 'web')
      expect(await ok('exec', 'web', 'ip', 'route')).toMatch(/^default via [\d.]+ dev eth0/)
      expect(await shared.stage.tockerd.docker(['exec', 'web', ...ping('base')])).toMatchObject({
        exitCode: 1,
      })
      expect(await refused('network', 'disconnect', 'back', 'web')).toContain(
        'is not connected to network back',
      )
    })

    test('and while it does not: it has both when it starts', async () => {
      await ok(
        'create',
        '--name',
        'later',
        '--network',
        'front',
        'busybox',
        'sh',
        '-c',
        'ip -4 -o addr; ping -c 1 -w 3 web; ping -c 1 -w 3 base',
      )
      await ok('network', 'connect', 'back', 'later')
      const said = await ok('start', '-a', 'later')
      expect(said.match(/1 packets received/g)).toHaveLength(2)
      expect(said).toMatch(/ eth0 [\s\S]* eth1 /)
      expect(await refused('network', 'rm', 'front')).toContain(
        'network front has active endpoints (name:"web"',
      )
      await clear()
      expect((await ok('network', 'ls', '--format', '{{.Name}}')).split('\n')).toEqual([
        'bridge',
        'host',
        'none',
      ])
    })

    test('subnets, fixed addresses, and what is refused', async () => {
      const words = [
        '--subnet',
        '10.7.0.0/24',
        '--gateway',
        '10.7.0.254',
        '--ip-range',
        '10.7.0.128/25',
        '--aux-address',
        'nas=10.7.0.128',
      ]
      await ok(
        'network',
        'create',
        ...words,
        '--label',
        'k=v',
        '-o',
        'com.docker.network.driver.mtu=1400',
        'mine',
      )
      expect(JSON.parse(await ok('network', 'inspect', 'mine'))[0]).toMatchObject({
        IPAM: {
          Config: [
            {
              Subnet: '10.7.0.0/24',
              IPRange: '10.7.0.128/25',
              Gateway: '10.7.0.254',
              AuxiliaryAddresses: { nas: '10.7.0.128' },
            },
          ],
        },
        Labels: { k: 'v' },
      })
      const show = ['busybox', 'ip', 'addr', 'show', 'eth0']
      expect(await ok('run', '--rm', '--network', 'mine', ...show)).toMatch(
        /mtu 1400[\s\S]*inet 10\.7\.0\.129\/24/,
      )
      const fixed = ['--network', 'mine', '--ip', '10.7.0.9', '--mac-address', '02:00:00:00:00:09']
      expect(await ok('run', '--rm', ...fixed, ...show)).toMatch(
        /02:00:00:00:00:09[\s\S]*inet 10\.7\.0\.9\/24/,
      )
      // Again, although it has only just been somebody's.
      await run('nine', ...fixed)
      expect(await refused('run', '--rm', ...fixed, ...sleeper)).toContain('Address already in use')
      expect(await refused('run', '--rm', '--network', 'mine', '--ip', '10.8.0.9', ...sleeper)).toContain(
        'It does not belong to any of this network',
      )
      expect(await refused('run', '--rm', '--ip', '172.17.0.9', ...sleeper)).toContain(
        'supported on user defined networks only',
      )
      expect(await refused('network', 'create', '--subnet', '10.7.0.0/16', 'other')).toContain(
        'Pool overlaps with other one on this address space',
      )
      expect(await refused('network', 'create', 'mine')).toContain('network with name mine already exists')
      expect(await refused('network', 'create', 'host')).toContain(
        'operation is not permitted on predefined host network',
      )
      expect(await refused('network', 'create', '-d', 'odd', 'other')).toContain('plugin "odd" not found')
      expect(await refused('run', '--rm', '--network', 'moon', ...sleeper)).toContain(
        'network moon not found',
      )
      await clear()
    })

    test('an internal network: neighbours and the host, and nobody else', async () => {
      await ok('network', 'create', '--internal', 'closed')
      await run('in', '--network', 'closed')
      expect(await ok('run', '--rm', '--network', 'closed', 'busybox', ...ping('in'))).toContain(
        '1 packets received',
      )
      expect(await shared.stage.hosts.host(...ping(await address('in', 'closed')))).toContain('1 received')
      expect(await shared.stage.tockerd.docker(['exec', 'in', ...ping('192.0.2.2')])).toMatchObject({
        exitCode: 1,
      })
      expect(await ok('exec', 'in', 'ip', 'route')).not.toContain('default')
      await clear()
    })

    test('containers that may not speak with each other', async () => {
      await ok('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart')
      await run('alone', '--network', 'apart')
      expect(
        await shared.stage.tockerd.docker(['run', '--rm', '--network', 'apart', 'busybox', ...ping('alone')]),
      ).toMatchObject({ exitCode: 1 })
      expect(await ok('exec', 'alone', ...ping('192.0.2.2'))).toContain('1 packets received')
      await clear()
    })
  },
)
