// The default network: what a container sees of it, who reaches whom, and what is left when
// nobody is there. Real packets, by Debian's tools. Needs root.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { NetworkStage } from '../suites/network-stage.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { hostAddress, outsideAddress } from '../suites/two-hosts.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'the default network (needs root)',
  () => {
    let stage: NetworkStage
    let before: string[]
    const ok = (...words: string[]): Promise<string> => stage.tockerd.ok(...words)
    beforeAll(async () => {
      before = leftovers()
      stage = await NetworkStage.open()
    })
    afterAll(async () => {
      await stage[Symbol.asyncDispose]()
      await nothingMoreThan(before)
    })

    test('one container: an address, a route, a name, and the world', async () => {
      expect(await stage.hosts.left()).toEqual([])
      const words =
        'ip -4 -o addr show eth0; ip route; tail -1 /etc/hosts; hostname; ping -c 1 -w 5 172.17.0.1'
      const said = await ok(
        'run',
        '--rm',
        '-h',
        'box',
        'busybox',
        'sh',
        '-c',
        `${words}; ping -c 1 -w 5 ${outsideAddress}`,
      )
      expect(said).toContain('inet 172.17.0.2/16 brd 172.17.255.255')
      expect(said).toContain('default via 172.17.0.1 dev eth0')
      expect(said).toContain('172.17.0.2\tbox\nbox\n')
      expect(said.match(/1 packets received, 0% packet loss/g)).toHaveLength(2)
      // Nobody outside knows the way to 172.17.0.0/16: the host's address stood on the packets.
      expect(await stage.hosts.outside('ip', 'route')).not.toContain('172.17')
    })

    test('docker network ls and inspect', async () => {
      const lines = (await ok('network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')).split('\n')
      expect(lines).toEqual(['bridge bridge local', 'host host local', 'none null local'])
      await ok('run', '-d', '--name', 'here', 'busybox', 'sleep', '1000')
      const [network] = JSON.parse(await ok('network', 'inspect', 'bridge'))
      expect(network.IPAM.Config).toEqual([{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }])
      const format = '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.bridge.MacAddress}}'
      const [address, mac] = (await ok('inspect', '--format', format, 'here')).split(' ')
      expect(Object.values(network.Containers)).toMatchObject([
        { Name: 'here', IPv4Address: `${address}/16`, MacAddress: mac },
      ])
      expect(await ok('exec', 'here', 'cat', '/sys/class/net/eth0/address')).toBe(mac)
      await ok('rm', '-f', 'here')
    })

    test('containers, host and outside: who reaches whom', async () => {
      await ok('run', '-d', '--name', 'one', 'busybox', 'sleep', '1000')
      const address = await ok('inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'one')
      expect(await ok('run', '--rm', 'busybox', 'ping', '-c', '1', '-w', '5', address)).toContain(
        '1 packets received',
      )
      expect(await stage.hosts.host('ping', '-c', '1', '-W', '5', address)).toContain('1 received')
      // From outside there is no way in, also for who knows where it would be.
      await stage.hosts.outside('ip', 'route', 'add', '172.17.0.0/16', 'via', hostAddress)
      expect(await stage.hosts.outside('ping', '-c', '1', '-W', '1', address)).toContain('exit 1')
      await stage.hosts.outside('ip', 'route', 'del', '172.17.0.0/16')
      await ok('rm', '-f', 'one')
    })

    test('nginx of Debian, published: 10,000 requests over loopback, none fails', async () => {
      const config = join(stage.tockerd.directory, 'nginx.conf')
      writeFileSync(
        config,
        'daemon off; user root; worker_processes 1; error_log /dev/stderr; pid /tmp/pid; events { worker_connections 256; } http { access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s; server { listen 80; location / { return 200 "nginx $remote_addr\\n"; } } }',
      )
      const mounts = ['/usr:/usr:ro', '/usr/lib:/lib:ro', '/usr/lib64:/lib64:ro', `${config}:/nginx.conf:ro`]
      await ok(
        'run',
        '-d',
        '--name',
        'web',
        '-p',
        '8080:80',
        ...mounts.flatMap((one) => ['-v', one]),
        'busybox',
        '/usr/sbin/nginx',
        '-c',
        '/nginx.conf',
      )
      await vi.waitFor(
        async () => expect(await stage.hosts.host('curl', '-s', 'http://127.0.0.1:8080/')).toMatch(/^nginx /),
        20_000,
      )
      for (const url of [
        'http://localhost:8080',
        'http://[::1]:8080',
        `http://${hostAddress}:8080`,
        'http://172.17.0.1:8080',
      ])
        expect(await stage.hosts.host('curl', '-s', '-m', '5', url)).toMatch(
          /^nginx 172\.17\.0\.1|^nginx 192\.0\.2\.1/,
        )
      // The server sees who asks.
      expect(await stage.hosts.outside('curl', '-s', '-m', '5', `http://${hostAddress}:8080`)).toBe(
        `nginx ${outsideAddress}`,
      )
      expect(await stage.hosts.outside('curl', '-s', '-m', '5', 'http://[2001:db8::1]:8080')).toMatch(
        /^nginx/,
      )
      const said = await stage.hosts.host('ab', '-q', '-n', '10000', '-c', '8', 'http://127.0.0.1:8080/')
      expect(said).toMatch(/Complete requests: +10000\n/)
      expect(said).toMatch(/Failed requests: +0\n/)
      expect(said).not.toContain('Non-2xx')
      expect(await ok('port', 'web')).toBe('80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080')
      const taken = await stage.tockerd.docker(['run', '--rm', '-p', '8080:80', 'busybox', 'true'])
      expect(taken).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(
          'Bind for 0.0.0.0:8080 failed: port is already allocated (by container web)',
        ),
      })
    })

    test('tocker network inspect --explain: what is there, and the commands that made it', async () => {
      const tocker = join(packageRoot(), 'engine/cli/tocker')
      const words = ['network', 'inspect', '--explain', 'bridge']
      const { stdout } = await execa(tocker, words, { env: stage.tockerd.environment })
      const id = await ok('inspect', '--format', '{{.State.Pid}}', 'web')
      expect(stdout).toContain('type veth peer name eth0')
      expect(stdout).toContain(`nsenter --net=/proc/${id}/ns/net ip -batch - <<'END'`)
      expect(stdout).toMatch(
        /add element inet tocker-\w+ published \{ tcp \. 8080 : 172\.17\.0\.\d+ \. 80 \}/,
      )
      // And what the kernel says now.
      expect(stdout).toMatch(/# ip -brief address show dev tocker-\w+\ntocker-\w+ +UP +172\.17\.0\.1\/16/)
      expect(stdout).toMatch(
        /# nft list chain inet tocker-\w+ into-\w+\n[\s\S]*ct state established,related accept/,
      )
    })

    test.each([1, 0])('a published port from inside, with bridge-nf-call-iptables=%i', async (value) => {
      await stage.hosts.host('sh', '-c', `echo ${value} > /proc/sys/net/bridge/bridge-nf-call-iptables`)
      const get = (host: string): string =>
        `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${host} 8080 | tail -1`
      for (const host of [hostAddress, '172.17.0.1']) {
        expect(await ok('exec', 'web', '/bin/busybox', 'sh', '-c', get(host))).toMatch(/^nginx /)
        expect(await ok('run', '--rm', 'busybox', 'sh', '-c', get(host))).toMatch(/^nginx /)
      }
    })

    test('the daemon killed: connections go on, and what nobody uses any more goes', async () => {
      await ok('run', '-d', '--name', 'gone', 'busybox', 'sleep', '1000')
      const script = `exec 3<>/dev/tcp/${hostAddress}/8080; read -t 20 < <(until [ -e ${stage.tockerd.directory}/go ]; do sleep 0.1; done); printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`
      const answer = stage.hosts.outside('bash', '-c', script)
      await expect.poll(() => stage.hosts.outside('ss', '-tn')).toContain('ESTAB')
      const pid = Number(await ok('inspect', '--format', '{{.State.Pid}}', 'gone'))
      await stage.tockerd.kill()
      // Of the two one ends while nobody looks.
      process.kill(pid, 'SIGKILL')
      expect(await stage.hosts.host('curl', '-s', '-m', '5', 'http://127.0.0.1:8080/')).toMatch(/^nginx/)
      await stage.tockerd.start()
      writeFileSync(join(stage.tockerd.directory, 'go'), '')
      expect(await answer).toContain('200 OK')
      expect(await stage.hosts.host('curl', '-s', '-m', '5', 'http://[::1]:8080/')).toMatch(/^nginx/)
      const veths = async () => (await stage.hosts.left()).filter((one) => one.startsWith('veth'))
      await expect.poll(veths).toHaveLength(1)
      const next = await ok('run', '--rm', 'busybox', 'ip', '-4', '-o', 'addr', 'show', 'eth0')
      expect(next).not.toContain(await ok('inspect', '--format', '{{.NetworkSettings.IPAddress}}/', 'web'))
    })
  },
)
