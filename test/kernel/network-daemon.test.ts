// Networks as daemon.json and the flags want them, and beside a Docker that drops what is
// forwarded. Needs root.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { openDockerd } from '../suites/dockerd.ts'
import { removeCgroups } from '../suites/manager.ts'
import { NetworkStage } from '../suites/network-stage.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { hostAddress, outsideAddress } from '../suites/two-hosts.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'settings of networks (needs root)',
  () => {
    let before: string[]
    beforeAll(() => {
      before = leftovers()
    })
    afterAll(() => nothingMoreThan(before))

    test('bip, fixed-cidr, mtu, default-address-pool, ip', async () => {
      await using stage = await NetworkStage.open([
        ...['--bip=10.9.0.1/16', '--fixed-cidr=10.9.4.0/24', '--mtu=1400'],
        ...['--default-address-pool=base=10.20.0.0/16,size=24', '--ip=127.0.0.1'],
      ])
      const { ok } = { ok: (...words: string[]) => stage.tockerd.ok(...words) }
      const said = await ok('run', '--rm', 'busybox', 'sh', '-c', 'ip addr show eth0; ip route')
      expect(said).toMatch(/mtu 1400[\s\S]*inet 10\.9\.4\.0\/16|inet 10\.9\.4\.1\/16/)
      expect(said).toContain('default via 10.9.0.1')
      await ok('network', 'create', 'one')
      expect(await ok('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', 'one')).toBe(
        '10.20.0.0/24',
      )
      await stage.sleeper('web', '-p', '8080:80')
      expect(await ok('port', 'web')).toBe('80/tcp -> 127.0.0.1:8080')
      await stage.clear()
    })

    test('iptables=false: no rules at all, and sockets that pass on what is published', async () => {
      await using stage = await NetworkStage.open(['--iptables=false'])
      const serve = ['sh', '-c', 'echo here > /index.html; httpd -f -p 80 -h /']
      await stage.tockerd.ok(
        'run',
        '-d',
        '--stop-timeout=0',
        '--name',
        'web',
        '-p',
        '8080:80',
        'busybox',
        ...serve,
      )
      const url = `http://${hostAddress}:8080/index.html`
      await vi.waitFor(
        async () => expect(await stage.hosts.outside('curl', '-s', '-m', '5', url)).toBe('here'),
        20_000,
      )
      expect(await stage.hosts.host('nft', 'list', 'tables')).toBe('')
      await stage.clear()
    })

    test('bridge=none: there is no default network', async () => {
      await using stage = await NetworkStage.open(['--bridge=none'])
      expect((await stage.tockerd.ok('network', 'ls', '--format', '{{.Name}}')).split('\n')).toEqual([
        'host',
        'none',
      ])
      expect(await stage.tockerd.ok('run', '--rm', 'busybox', 'ls', '/sys/class/net')).toBe('lo')
    })

    test('a bridge of the user’s own: its subnet is used, and it stays', async () => {
      const stage = await NetworkStage.open(['--bridge=none'])
      await stage.tockerd.stop()
      await stage.hosts.host('ip', 'link', 'add', 'mine0', 'type', 'bridge')
      await stage.hosts.host('ip', 'address', 'add', '10.11.0.1/24', 'dev', 'mine0')
      await stage.tockerd.start(['--storage-driver=vfs', '--bridge=mine0'])
      const said = await stage.tockerd.ok('run', '--rm', 'busybox', 'ip', '-4', '-o', 'addr', 'show', 'eth0')
      expect(said).toContain('inet 10.11.0.2/24')
      await stage.tockerd.stop()
      // The kernel takes a namespace down, and its end of a pair with it, in its own time.
      await expect.poll(() => stage.hosts.left()).toEqual(['mine0'])
      await stage.hosts.host('ip', 'link', 'del', 'mine0')
      await stage[Symbol.asyncDispose]()
    })

    test('beside a Docker that drops what is forwarded', async () => {
      await using undo = new AsyncDisposableStack()
      const stage = undo.use(await NetworkStage.open())
      const { hosts, tockerd } = stage
      const directory = mkdtempSync(join(tmpdir(), 'lc-nd-'))
      undo.defer(() => rmSync(directory, { recursive: true, force: true }))
      undo.defer(() => removeCgroups(`/${directory.split('/').at(-1)}`))
      undo.defer(() => {
        for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n'))
          if (line.includes(` ${directory}/`)) execFileSync('umount', ['--lazy', line.split(' ')[1] ?? ''])
      })
      // It sets the policy when it is the first to switch this on.
      await hosts.host('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward')
      const cgroup = `--cgroup-parent=/${directory.split('/').at(-1)}`
      const dockerd = await openDockerd(join(directory, 'd'), 'vfs', [cgroup], hosts.path)
      try {
        expect(await hosts.host('iptables', '-S', 'FORWARD')).toContain('-P FORWARD DROP')
        const ping = ['busybox', 'ping', '-c', '1', '-w', '3', outsideAddress]
        expect(await tockerd.ok('run', '--rm', ...ping)).toContain('1 packets received')
        // Docker has 172.17.0.0/16.
        expect(
          await tockerd.ok('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', 'bridge'),
        ).toBe('172.18.0.0/16')
        expect(await hosts.host('iptables', '-S', 'DOCKER-USER')).toMatch(/-i tocker-\w+ -j ACCEPT/)
        await tockerd.stop()
        expect(await hosts.host('iptables', '-S', 'DOCKER-USER')).not.toContain('tocker')
      } finally {
        // EBUSY: what stays mounted goes below.
        await Promise.resolve(dockerd[Symbol.asyncDispose]()).catch(() => {})
      }
      await hosts.host('sh', '-c', 'iptables -P FORWARD ACCEPT; nft flush ruleset; ip link del docker0')
    })
  },
)
