// What must not end the daemon or its supervisor, nor keep one client's mistake from being
// that client's alone: no descriptors left, requests without measure, a supervisor that is
// killed under a client. Needs root.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const made = z.object({ Id: z.string() })

describe.runIf(isRoot)('tockerd and its supervisor', () => {
  let tockerd: Tockerd
  beforeAll(async () => {
    tockerd = await Tockerd.open()
  })
  let isOpen = true
  afterAll(() => (isOpen ? tockerd[Symbol.asyncDispose]() : undefined))
  const run = (...words: string[]): Promise<string> => tockerd.ok('run', '--network', 'none', ...words)

  test.each(['daemon', 'supervisor'] as const)(
    'a %s without a free descriptor refuses, and lives',
    async (who) => {
      const pid = who === 'daemon' ? tockerd.pid : tockerd.supervisorPid
      const socket = who === 'daemon' ? tockerd.socket : join(tockerd.directory, 'exec/supervisor.sock')
      const [, soft = ''] = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? []
      const limit = (most: number | string) =>
        execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`])
      limit(readdirSync(`/proc/${pid}/fd`).length + 4)
      const clients = Array.from({ length: 30 }, () => connect(socket).on('error', () => {}))
      await sleep(200)
      // Whatever comes of it.
      await tockerd.docker(['run', '--rm', '--network', 'none', 'busybox', 'true'])
      for (const client of clients) client.destroy()
      limit(soft)
      expect(await run('--rm', 'busybox', 'echo', 'well')).toBe('well')
      expect(existsSync(`/proc/${pid}`)).toBe(true)
      const ids = (await tockerd.ok('ps', '-aq')).split('\n').filter(Boolean)
      if (ids.length > 0) await tockerd.ok('rm', '-f', ...ids)
    },
  )

  test('a request longer than the supervisor reads is one client’s mistake', async () => {
    const id = await run('-d', 'busybox', 'sleep', '1000')
    const waiting = tockerd.docker(['exec', id, 'sleep', '1'])
    const body = { Cmd: ['true'], Env: [`A=${'"'.repeat(2 ** 21 - 100)}`], AttachStdout: true }
    const answer = await tockerd.request('POST', `/containers/${id}/exec`, JSON.stringify(body))
    expect(answer.status).toBe(201)
    const exec = made.parse(JSON.parse(answer.body.toString())).Id
    const { body: said } = await tockerd.request('POST', `/exec/${exec}/start`, '{}')
    expect(said.toString()).toMatch(/longer than \d+ bytes/)
    expect((await waiting).exitCode).toBe(0)
    await tockerd.ok('rm', '-f', id)
  })

  test('killed while a client waits for its program, a supervisor lets go of the client', async () => {
    const id = await run('-d', 'busybox', 'sleep', '1000')
    const execs = Array.from({ length: 4 }, () => tockerd.docker(['exec', id, 'sleep', '1000']))
    const sleeping = async () => (await tockerd.ok('top', id)).split('\n').filter((one) => /sleep/.test(one))
    // One that comes too late for this supervisor would be run by the next.
    await expect.poll(async () => (await sleeping()).length).toBe(5)
    process.kill(tockerd.supervisorPid, 'SIGKILL')
    await Promise.all(execs)
    expect(await run('--rm', 'busybox', 'echo', 'well')).toBe('well')
    await tockerd.ok('rm', '-f', id)
  })

  test('--rm is for the end, and not for a restart', async () => {
    const id = await run('-d', '--rm', 'busybox', 'sleep', '1000')
    await tockerd.ok('restart', '-t', '0', id)
    expect(await tockerd.ok('ps', '-q', '--no-trunc')).toBe(id)
    await tockerd.ok('stop', '-t', '0', id)
    await expect.poll(() => tockerd.ok('ps', '-aq')).toBe('')
  })

  const restarts = async (name: string): Promise<string> =>
    await tockerd.ok('inspect', '--format', '{{.State.Status}} {{.RestartCount}}', name)

  describe('what was to run again after a pause', () => {
    afterEach(async () => {
      for (const name of ['again', 'unable']) await tockerd.docker(['rm', '-f', name])
    })

    test('does so when its daemon was killed meanwhile', async () => {
      await run('-d', '--restart', 'on-failure', '--name', 'again', 'busybox', 'false')
      await expect.poll(() => restarts('again'), { timeout: 20_000 }).toMatch(/^restarting [4-9]/)
      await tockerd.kill()
      await tockerd.start()
      const before = Number((await restarts('again')).split(' ')[1])
      await expect
        .poll(async () => Number((await restarts('again')).split(' ')[1]), { timeout: 20_000 })
        .toBeGreaterThan(before)
    })

    test('and cannot, has ended: it is started by hand, or not at all', async () => {
      const source = join(tockerd.directory, 'source')
      mkdirSync(source, { recursive: true })
      const mount = `type=bind,src=${source},dst=/source`
      await run('-d', '--restart', 'always', '--name', 'unable', '--mount', mount, 'busybox', 'false')
      await expect.poll(() => restarts('unable'), { timeout: 20_000 }).toMatch(/^restarting [3-9]/)
      rmdirSync(source)
      await expect.poll(() => restarts('unable'), { timeout: 20_000 }).toMatch(/^exited/)
      const { exitCode, stderr } = await tockerd.docker(['start', 'unable'])
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(source)])
    })
  })

  test('by force one goes that ends and begins all the while', async () => {
    for (let round = 0; round < 20; round++) {
      await run('-d', '--restart', 'always', '--name', 'loop', 'busybox', 'false')
      await sleep(80 + round * 10)
      await tockerd.ok('rm', '-f', 'loop')
    }
  })

  test('who joins a container that is being removed runs, or hears that it does not run; and nobody after that suffers', async () => {
    const post = (path: string, body: object = {}) => tockerd.request('POST', path, JSON.stringify(body))
    const create = (name: string, HostConfig: object) => {
      const body = {
        Image: 'busybox',
        Cmd: ['sleep', '1000'],
        HostConfig: { NetworkMode: 'none', ...HostConfig },
      }
      return post(`/containers/create?name=${name}`, body)
    }
    const remove = (name: string) => tockerd.request('DELETE', `/containers/${name}?force=1`)
    for (let round = 0; round < 18; round++) {
      await create('host', { IpcMode: 'shareable' })
      await post('/containers/host/start')
      const mode = ['NetworkMode', 'PidMode', 'IpcMode'][round % 3] ?? ''
      await create('guest', { [mode]: 'container:host' })
      const [started] = await Promise.all([
        post('/containers/guest/start'),
        sleep(Math.random() * 25).then(() => remove('host')),
      ])
      expect([204, 404, 409], `${mode} ${started.body}`).toContain(started.status)
      await remove('guest')
    }
    expect(await run('--rm', 'busybox', 'sh', '-c', 'echo $$')).toBe('1')
  })

  test('the image of a container that runs is not to be had by force', async () => {
    const id = await run('-d', 'busybox', 'sleep', '1000')
    const image = (await tockerd.ok('inspect', '-f', '{{.Image}}', id)).replace('sha256:', '')
    const refused = await tockerd.docker(['rmi', '-f', image])
    expect(refused.stderr).toContain(
      `conflict: unable to delete ${image.slice(0, 12)} (cannot be forced) - image is being used by running container ${id.slice(0, 12)}`,
    )
    await tockerd.ok('rm', '-f', id)
  })

  test('nothing is left behind', async () => {
    isOpen = false
    await tockerd[Symbol.asyncDispose]()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})
