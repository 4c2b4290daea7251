// Who is killed takes nothing along: the supervisor's clients, and the supervisor. Needs root.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecOf } from '../../engine/daemon/logs/open.ts'
import { readLog } from '../../engine/daemon/logs/read.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { baseConfig, merge } from '../suites/bundle-config.ts'
import { isGone } from '../suites/gone.ts'
import { nothingLeft } from '../suites/nothing-left.ts'
import { Supervision } from '../suites/supervision.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('kill -9 (needs root)', () => {
  let supervision: Supervision
  beforeAll(async () => {
    supervision = await Supervision.open()
  })
  afterAll(async () => {
    const words = await supervision.close()
    await nothingLeft(() => supervision.leftovers(), words)
  })

  const running = async (id: string) => (await supervision.client.list()).find((one) => one.container === id)

  test('of a client, at twenty moments: no container, no line, no exit status is lost', async () => {
    // One bundle for all: without a cgroup path, each has one of its own.
    const bundle = join(supervision.directory, 'load')
    await mkdir(bundle)
    const own = {
      root: { path: join(supervision.directory, 'rootfs') },
      process: { args: ['sh', '-c', 'echo one; echo two; exit 7'] },
    }
    const config = merge(merge(baseConfig('lc-load'), own), { linux: { cgroupsPath: undefined } })
    await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
    const logs = join(supervision.directory, 'load-logs')
    const said: string[] = []
    for (let round = 0; round < 20; round++) {
      const script = join(packageRoot(), 'test/suites/supervisor-load.ts')
      const client = spawn(process.execPath, [script, supervision.exec, bundle, logs], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      client.stdout.on('data', (chunk) => {
        text += chunk
      })
      const closed = new Promise((resolve) => client.once('close', resolve))
      while (!text.includes('started')) await sleep(5)
      await sleep(Math.random() * 60)
      client.kill('SIGKILL')
      await closed
      said.push(...text.split('\n'))
    }
    const started = said.filter((line) => line.startsWith('started ')).map((line) => line.slice(8))
    expect(started.length).toBeGreaterThanOrEqual(20)
    for (const id of started) {
      expect(await supervision.client.wait({ container: id })).toMatchObject({ status: 7, oomKilled: false })
      const path = join(logs, `${id}.log`)
      expect(
        readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => /"log":"(\w+)/.exec(line)?.[1]),
      ).toEqual(['one', 'two', undefined])
    }
    // Those that were created, and not started, wait still.
    const clear = async () => {
      for (const { container } of await supervision.client.list())
        await supervision.client.delete({ container, force: true })
      return supervision.client.list()
    }
    await expect.poll(clear).toEqual([])
  })

  test('of the supervisor: containers run on, their output goes on, and each line comes once', async () => {
    const id = await supervision.create('i=0; while :; do i=$((i+1)); echo $i; usleep 2000; done')
    await supervision.client.start({ container: id })
    const lines = async () => (await supervision.log(id)).stdout.trim().split('\n').map(Number)
    for (let round = 0; round < 3; round++) {
      const seen = (await lines()).length
      await expect.poll(async () => (await lines()).length).toBeGreaterThan(seen + 50)
      await supervision.killSupervisor()
      await sleep(50)
      await supervision.reconnect()
      expect(await running(id)).toMatchObject({ phase: 'running', adopted: true })
    }
    await supervision.client.kill({ container: id, signal: 9 })
    const end = await supervision.client.wait({ container: id })
    expect(end).toMatchObject({ status: 255, reason: expect.stringContaining('killed') })
    const all = await lines()
    // What the killed one had read, and not written, is gone with it: one read(2) at the most, each time.
    const gaps = all.filter((line, at) => at > 0 && line !== (all[at - 1] ?? 0) + 1)
    expect(gaps.length).toBeLessThanOrEqual(3)
    expect(new Set(all).size).toBe(all.length)
    expect(all.toSorted((a, b) => a - b)).toEqual(all)
    await supervision.client.delete({ container: id })
  })

  test('of the supervisor: ends that were told stay, ends that nobody saw are said to be unknown', async () => {
    const { client } = supervision
    const { id: told } = await supervision.run('exit 6')
    const unseen = await supervision.create('read line; exit 5', { stdin: true })
    await client.start({ container: unseen })
    const waiting = await supervision.create(['true'])
    const pid = (await running(unseen))?.pid
    // Its input was ours: it ends with us.
    await supervision.killSupervisor()
    await expect.poll(() => isGone(pid ?? 0)).toBe(true)
    await supervision.reconnect()
    expect(await running(told)).toMatchObject({ phase: 'ended', end: { status: 6 } })
    expect(await running(unseen)).toMatchObject({
      phase: 'ended',
      pid: 0,
      end: { status: 255, reason: expect.any(String) },
    })
    expect(await running(waiting)).toMatchObject({ phase: 'created' })
    // One that was created can still be started.
    await supervision.client.start({ container: waiting })
    expect((await supervision.client.wait({ container: waiting })).status).toBe(255)
    for (const container of [told, unseen, waiting]) await supervision.client.delete({ container })
  })

  test('of the supervisor: who had a terminal or was of exec ends, and that is said', async () => {
    const { client } = supervision
    const terminal = await supervision.create('trap "" HUP; sleep 1000', { terminal: true, stdin: true })
    await client.start({ container: terminal })
    const host = await supervision.create(['sleep', '1000'])
    await client.start({ container: host })
    const process = { args: ['sleep', '1000'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } }
    await client.exec({ container: host, exec: 'e', terminal: false, stdin: false, process })
    await client.start({ container: host, exec: 'e' })
    // Who had the exec as a child is there for a moment yet (midwife.ts).
    await expect.poll(() => client.pids(host)).toHaveLength(2)
    await supervision.killSupervisor()
    await supervision.reconnect()
    expect(await supervision.client.wait({ container: terminal })).toMatchObject({
      status: 137,
      reason: expect.stringContaining('terminal'),
    })
    await expect.poll(() => supervision.client.pids(host)).toHaveLength(1)
    await expect(supervision.client.wait({ container: host, exec: 'e' })).rejects.toMatchObject({
      kind: 'not-found',
    })
    await supervision.client.delete({ container: terminal })
    await supervision.client.delete({ container: host, force: true })
  })

  test('of the supervisor: the next one waits for its lock, which may outlive it by a moment', async () => {
    await supervision.killSupervisor()
    const lock = join(supervision.exec, 'lock')
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; sleep 0.7'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    await supervision.reconnect()
    expect(await supervision.client.list()).toEqual([])
  })

  test('of the supervisor, when the log’s other end is away, too: who runs goes on', async () => {
    const server = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const log = { driver: 'syslog' as const, options: { 'syslog-address': `tcp://127.0.0.1:${port}` } }
    const id = await supervision.create('while :; do echo x; usleep 5000; done', { log })
    await supervision.client.start({ container: id })
    await supervision.killSupervisor()
    server.close()
    await supervision.reconnect()
    expect(await running(id)).toMatchObject({ phase: 'running', adopted: true })
    await supervision.client.delete({ container: id, force: true })
  })

  test('of the supervisor, by runc: the same', async () => {
    const runtime = { name: 'runc', program: 'runc' }
    const id = await supervision.create('while :; do echo x; usleep 5000; done', { runtime })
    await supervision.client.start({ container: id })
    await supervision.killSupervisor()
    await supervision.reconnect()
    expect(await running(id)).toMatchObject({ phase: 'running', adopted: true })
    const count = async () => (await supervision.log(id)).stdout.length
    const seen = await count()
    await expect.poll(count).toBeGreaterThan(seen)
    await supervision.client.delete({ container: id, force: true })
  })

  test('of the supervisor while it creates: what is half made is taken away', async () => {
    for (let round = 0; round < 10; round++) {
      const { client } = supervision
      const creating = Array.from({ length: 3 }, () => supervision.create(['sleep', '1000']).catch(() => ''))
      await sleep(Math.random() * 60)
      await supervision.killSupervisor()
      const ids = (await Promise.all(creating)).filter((id) => id !== '')
      expect(client).toBeDefined()
      await supervision.reconnect()
      const list = await supervision.client.list()
      // Whoever was told that it is there finds it.
      for (const id of ids)
        expect(list).toContainEqual(expect.objectContaining({ container: id, phase: 'created' }))
      for (const { container } of list) await supervision.client.delete({ container, force: true })
    }
  })

  test('a follower reads on while supervisors change', async () => {
    const log = { options: { 'max-size': '2k', 'max-file': '3' } }
    const id = await supervision.create('for i in $(seq 1 600); do echo $i; usleep 1000; done', { log })
    const ended = new AbortController()
    const seen: number[] = []
    const config = supervision.logConfig(id, log)
    const reading = (async () => {
      for await (const records of readLog(config.path, codecOf(config), {
        follow: true,
        ended: ended.signal,
      }))
        seen.push(...records.map(({ line }) => Number(line)))
    })()
    await supervision.client.start({ container: id })
    await expect.poll(() => seen.length).toBeGreaterThan(100)
    await supervision.killSupervisor()
    await supervision.reconnect()
    await supervision.client.wait({ container: id })
    ended.abort()
    await reading
    expect(seen.at(-1)).toBe(600)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((line, at) => at > 0 && line !== (seen[at - 1] ?? 0) + 1).length).toBeLessThanOrEqual(
      1,
    )
    await supervision.client.delete({ container: id })
  })
})
