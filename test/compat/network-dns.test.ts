// The name server of user-defined networks beside that of Debian's dockerd: the same little
// network, the same questions, the same answers. Needs root.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NameServers } from '../../engine/drivers/network/dns/name-servers.ts'
import { leftovers } from '../leftovers.mjs'
import { makeRootfs } from '../suites/bundle.ts'
import { type Dockerd, openDockerd } from '../suites/dockerd.ts'
import { removeCgroups } from '../suites/manager.ts'
import { dig, endpoint, NetworkNamespace, upstream } from '../suites/network-namespace.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'

const asRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(asRoot)('the name server beside Docker’s (needs root)', () => {
  const undo = new AsyncDisposableStack()
  let docker: Dockerd['docker']
  let enter: string[]
  let here: NetworkNamespace
  let before: string[]

  beforeAll(async () => {
    before = leftovers()
    const directory = mkdtempSync(join(tmpdir(), 'lc-dd-'))
    undo.defer(() => rmSync(directory, { recursive: true, force: true }))
    const cgroup = `/lc-dns-${process.pid}`
    undo.defer(() => removeCgroups(cgroup))
    const dockerd = await openDockerd(join(directory, 'd'), 'vfs', ['--cgroup-parent', cgroup])
    undo.use(dockerd)
    docker = dockerd.docker
    await makeRootfs(join(directory, 'rootfs'))
    await execa('sh', ['-c', 'tar -C "$0" -c . | docker import - busybox', join(directory, 'rootfs')], {
      env: { DOCKER_HOST: dockerd.socket },
    })
    const subnet = `10.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}`
    await docker('network', 'create', '--subnet', `${subnet}.0/24`, 'mine')
    undo.defer(async () => {
      await docker('rm', '-f', 'web', 'db')
      await docker('network', 'rm', 'mine')
    })
    const run = ['run', '-d', '--network', 'mine', '--dns', '127.0.0.1', '--network-alias', 'All']
    await docker(...run, '--name', 'web', 'busybox', 'sleep', '1000')
    await docker(...run, '--name', 'db', '--link', 'web:front', 'busybox', 'sleep', '1000')
    const pid = await docker('inspect', '--format', '{{.State.Pid}}', 'db')
    enter = ['nsenter', '--target', pid, '--net']
    undo.use(await upstream(enter, '127.0.0.1', 53))

    here = undo.use(new NetworkNamespace(`lc-dnsd-${process.pid}`))
    await here.upstream('127.0.0.1', 53)
    const servers = new NameServers()
    undo.defer(() => servers.closeAll())
    const id = await docker('inspect', '--format', '{{.Id}}', 'web')
    const names = (name: string): string[] => [name, 'All', id.slice(0, 12)]
    servers.attach(endpoint('web', { dnsNames: names('web'), addresses: [`${subnet}.2`] }))
    const links = [{ name: 'web', alias: 'front' }]
    servers.attach(endpoint('db', { dnsNames: ['db', 'All'], addresses: [`${subnet}.3`], links }))
    const upstreams = [{ address: '127.0.0.1', onHost: false }]
    await servers.open({ container: 'db', namespace: here.path, resolver: { upstreams, ndotsSet: false } })
    questions.push(['-x', `${subnet}.2`], ['-x', `${subnet}.3`], ['-x', `${subnet}.9`], [id.slice(0, 12)])
  })
  afterAll(async () => {
    await undo.disposeAsync()
    await nothingMoreThan(before)
  })

  const questions: string[][] = [
    ...[['web'], ['WEB'], ['web.mine'], ['web.other'], ['db'], ['front'], ['front.mine'], ['all'], ['All']],
    ...[
      ['web', 'AAAA'],
      ['web', 'MX'],
      ['+tcp', 'all'],
      ['+noedns', 'web'],
      ['+tcp', 'ok.example'],
    ],
    // Not refused.example: what the last server refuses is SERVFAIL since Docker 25.
    ...[['ok.example'], ['gone.example'], ['fail.example'], ['nobody'], ['ok']],
    ...[
      ['+ignore', 'long.example', 'TXT'],
      ['+tcp', 'long.example', 'TXT'],
      ['+norecurse', 'web'],
    ],
  ]

  test('every question has the same status, flags and answers', async () => {
    for (const question of questions) {
      const [ours, theirs] = await Promise.all([here.dig(...question), dig(enter, ...question)])
      expect({ question, ...ours }).toEqual({ question, ...theirs })
    }
  })
})
