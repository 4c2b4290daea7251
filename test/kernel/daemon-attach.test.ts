// Clients that attach and go: before the start, and while the program says nothing. Needs root.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('who attaches (needs root)', () => {
  let tockerd: Tockerd
  beforeAll(async () => {
    tockerd = await Tockerd.open()
  })
  afterAll(() => tockerd[Symbol.asyncDispose]())

  const create = (name: string, ...words: string[]): Promise<string> =>
    tockerd.ok(
      'create',
      '-i',
      '--network',
      'none',
      '--stop-timeout',
      '0',
      '--name',
      name,
      'busybox',
      ...words,
    )
  const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
  /** Once the client before has gone, and what is kept ready for the next start is there: nothing comes and goes for a while. */
  async function settled(count: () => number): Promise<number> {
    let [last, times] = [count(), 0]
    while (times < 10) {
      await sleep(100)
      const now = count()
      ;[last, times] = [now, now === last ? times + 1 : 0]
    }
    return last
  }
  const patience = { interval: 100 }

  /** As Docker's client does it. @returns once the daemon has answered */
  async function attach(name: string): Promise<Socket> {
    const socket = connect({ path: tockerd.socket, allowHalfOpen: true })
    const query = 'stream=1&stdin=1&stdout=1&stderr=1'
    socket.write(
      `POST /v1.47/containers/${name}/attach?${query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
    )
    const [head] = await once(socket, 'data')
    expect(String(head)).toMatch(/^HTTP\/1\.1 101 UPGRADED/)
    return socket
  }

  test('before the start, and leaves: nothing of him stays', async () => {
    await create('later', 'cat')
    await tockerd.ok('ps')
    const before = await settled(() => descriptors(tockerd.pid))
    const sockets = await Promise.all(Array.from({ length: 5 }, () => attach('later')))
    expect(descriptors(tockerd.pid)).toBeGreaterThanOrEqual(before + 5)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => descriptors(tockerd.pid), patience).toBeLessThanOrEqual(before)
    await tockerd.ok('start', 'later')
    await tockerd.ok('rm', '-f', 'later')
  })

  test('before the start, and has said all that he will say: he waits for what comes', async () => {
    await create('echo', 'cat')
    const socket = await attach('echo')
    let said = ''
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
    })
    socket.end('hello\n')
    // Longer than the daemon waits until it looks.
    await sleep(2500)
    const ended = once(socket, 'end')
    await tockerd.ok('start', 'echo')
    await ended
    expect(said).toContain('hello\n')
    await tockerd.ok('rm', '-f', 'echo')
  })

  test('just when it starts: it is attached, at one moment or the other', async () => {
    for (let round = 0; round < 20; round++) {
      const name = `moment-${round}`
      await create(name, 'sh', '-c', 'sleep 0.2')
      const attached = tockerd.request('POST', `/containers/${name}/attach?stream=1&stdout=1`)
      await sleep(round * 4)
      await tockerd.request('POST', `/containers/${name}/start`)
      // To its end, with the container's.
      await attached
      await tockerd.ok('rm', '-f', name)
    }
  })

  test('to a program that says nothing, and leaves', async () => {
    await create('quiet', 'sleep', '1000')
    await tockerd.ok('start', 'quiet')
    await tockerd.ok('ps')
    const both = (): number => descriptors(tockerd.pid) + descriptors(tockerd.supervisorPid)
    const before = await settled(both)
    const sockets = await Promise.all(Array.from({ length: 5 }, () => attach('quiet')))
    for (const socket of sockets) socket.destroy()
    // One less: its input is over with the first who had it.
    await expect.poll(both, patience).toBeLessThanOrEqual(before)
    await tockerd.ok('rm', '-f', 'quiet')
  })
})
