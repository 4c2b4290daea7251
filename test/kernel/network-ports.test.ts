// Published ports of every kind, IPv6, links, and what a container is told of names. Real
// packets, by Debian's tools. Needs root.
import { describe, expect, test, vi } from 'vitest'
import { shareStage } from '../suites/network-stage.ts'
import { hostAddress, outsideAddress } from '../suites/two-hosts.ts'

const sleeper = ['busybox', 'sleep', '1000']

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'ports, links and IPv6 (needs root)',
  () => {
    // Somebody who answers at once that there is no name server.
    const shared = shareStage(['--dns', outsideAddress])
    const { ok, run, refused, address, clear } = shared

    test('IPv6: among themselves, to the outside, from the outside', async () => {
      await ok('network', 'create', '--ipv6', '--subnet', 'fd00:7::/64', 'six')
      await ok(
        'run',
        '-d',
        '--name',
        'web6',
        '--network',
        'six',
        '-p',
        '8086:80',
        'busybox',
        'sh',
        '-c',
        'echo six > /index.html; httpd -f -p 80 -h /',
      )
      const own = await ok(
        'inspect',
        '--format',
        '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}',
        'web6',
      )
      expect(own).toBe('fd00:7::2')
      expect(
        await ok('run', '--rm', '--network', 'six', 'busybox', 'ping', '-6', '-c', '1', '-w', '3', 'web6'),
      ).toContain('1 packets received')
      expect(await ok('exec', 'web6', 'ping', '-6', '-c', '1', '-w', '3', '2001:db8::2')).toContain(
        '1 packets received',
      )
      const fromOutside = ['curl', '-s', '-m', '5', 'http://[2001:db8::1]:8086/index.html']
      await expect.poll(() => shared.stage.hosts.outside(...fromOutside)).toBe('six')
      expect(await shared.stage.hosts.host('curl', '-s', '-m', '5', 'http://[::1]:8086/index.html')).toBe(
        'six',
      )
      await clear()
    })

    test('--link on the default network: a line in /etc/hosts, and the environment', async () => {
      await run('db', '--expose', '5432', '-e', 'X=1')
      const said = await ok(
        'run',
        '--rm',
        '--name',
        'app',
        '--link',
        'db:database',
        'busybox',
        'sh',
        '-c',
        'ping -c 1 -w 3 database; env | sort',
      )
      const own = await address('db', 'bridge')
      expect(said).toContain('1 packets received')
      expect(said).toContain(`DATABASE_PORT_5432_TCP_ADDR=${own}\n`)
      expect(said).toContain('DATABASE_ENV_X=1\n')
      expect(said).toContain('DATABASE_NAME=/app/database\n')
      await ok('stop', 'db')
      expect(await refused('run', '--rm', '--name', 'app', '--link', 'db', ...sleeper)).toContain(
        'Cannot link to a non running container: /db AS /app/db',
      )
      await clear()
    })

    test('--dns, --dns-search, --dns-option, --add-host', async () => {
      const words = [
        '--dns',
        '192.0.2.53',
        '--dns-search',
        'example.org',
        '--dns-option',
        'ndots:2',
        '--add-host',
        'nas:10.0.0.1',
        '--add-host',
        'me:host-gateway',
      ]
      const said = await ok('run', '--rm', ...words, 'busybox', 'cat', '/etc/resolv.conf', '/etc/hosts')
      expect(said).toContain('nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n')
      expect(said).toMatch(/10\.0\.0\.1\tnas\n172\.17\.0\.1\tme\n/)
    })

    test('ports: udp, ranges, one address, chosen ones, and whoever was there first', async () => {
      await run(
        'many',
        '-p',
        '5300:53/udp',
        '-p',
        '127.0.0.1:9000-9001:9000-9001',
        '-p',
        '80',
        '--expose',
        '70',
        '-P',
      )
      const ports = (await ok('port', 'many')).split('\n')
      expect(ports).toContain('53/udp -> 0.0.0.0:5300')
      expect(ports).toContain('9001/tcp -> 127.0.0.1:9001')
      expect(ports.find((one) => one.startsWith('80/tcp -> 0.0.0.0:'))).toMatch(/:3\d{4}$/)
      expect(ports.find((one) => one.startsWith('70/tcp -> 0.0.0.0:'))).toMatch(/:3\d{4}$/)
      expect(await ok('ps', '--format', '{{.Ports}}')).toContain('127.0.0.1:9000-9001->9000-9001/tcp')
      // iperf3 speaks of its business over tcp, and does it over udp.
      const mounts = ['-v', '/usr:/usr:ro', '-v', '/usr/lib:/lib:ro', '-v', '/usr/lib64:/lib64:ro']
      const measure = ['busybox', '/usr/bin/iperf3', '-s', '-1', '-p', '5201']
      await ok(
        'run',
        '-d',
        '--name',
        'measure',
        ...mounts,
        '-p',
        '5202:5201',
        '-p',
        '5202:5201/udp',
        ...measure,
      )
      await vi.waitFor(
        async () => expect(await ok('exec', 'measure', '/bin/busybox', 'netstat', '-ltn')).toContain(':5201'),
        20_000,
      )
      const said = await shared.stage.hosts.outside(
        ...['iperf3', '-u', '-c', hostAddress, '-p', '5202', '-n', '100K', '-J'],
      )
      expect(JSON.parse(said).end.sum).toMatchObject({ lost_packets: 0, bytes: expect.any(Number) })
      // For 127.0.0.1 alone is for nobody outside.
      expect(await shared.stage.hosts.outside('curl', '-s', '-m', '2', `http://${hostAddress}:9000`)).toMatch(
        /exit (7|28)/,
      )
      using _ = shared.stage.hosts.serve('host', 'busybox', 'nc', '-l', '-p', '7777')
      await vi.waitFor(
        async () => expect(await shared.stage.hosts.host('ss', '-ltn')).toContain(':7777'),
        20_000,
      )
      expect(await refused('run', '--rm', '-p', '7777:7', ...sleeper)).toContain(
        '7777 failed: port is already allocated',
      )
      await clear()
    })

    test('published ports lead to the network with the default route, whichever it is', async () => {
      await ok('network', 'create', 'zone')
      await ok(
        'run',
        '-d',
        '--name',
        'web',
        '--network',
        'zone',
        '-p',
        '8081:80',
        'busybox',
        'sh',
        '-c',
        'echo here > /index.html; httpd -f -p 80 -h /',
      )
      const get = (): Promise<string> =>
        shared.stage.hosts.outside('curl', '-s', '-m', '5', `http://${hostAddress}:8081/index.html`)
      await vi.waitFor(async () => expect(await get()).toBe('here'), 20_000)
      await ok('network', 'create', 'area')
      await ok('network', 'connect', 'area', 'web')
      expect(await get()).toBe('here')
      await ok('network', 'disconnect', 'area', 'web')
      expect(await get()).toBe('here')
      expect(await ok('port', 'web')).toContain('80/tcp -> 0.0.0.0:8081')
      await clear()
    })

    test('docker events of networks', async () => {
      const since = (Date.now() / 1000 - 0.001).toFixed(3)
      await ok('network', 'create', 'told')
      await ok('run', '--rm', '--network', 'told', 'busybox', 'true')
      await ok('network', 'rm', 'told')
      const words = [
        'events',
        '--since',
        since,
        '--until',
        (Date.now() / 1000 + 0.2).toFixed(3),
        '--filter',
        'type=network',
        '--format',
        '{{.Action}} {{.Actor.Attributes.name}}',
      ]
      expect((await ok(...words)).split('\n')).toEqual([
        'create told',
        'connect told',
        'disconnect told',
        'destroy told',
      ])
    })
  },
)
