// kill -9 of the daemon, and of the supervisor, at random moments: what was acknowledged
// is there, what was written is kept, what ended has its status, and nothing stays behind.
// Needs root.
//
//   DAEMON_CRASH_ROUNDS=100   more rounds than the 20 of every day
//   DAEMON_CRASH_RUNTIME=lxc  containers of another runtime
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const rounds = Number(process.env.DAEMON_CRASH_ROUNDS ?? 20)
/** Of the supervisor. */
const kills = Math.ceil(rounds / 10)
/** Lines that each container writes. */
const lines = 40

const created = z.object({ Id: z.string() })
const summaries = z.array(z.object({ Id: z.string(), State: z.string() }))
const inspected = z.object({
  State: z.object({ Status: z.string(), Running: z.boolean(), Pid: z.number(), ExitCode: z.number() }),
})

describe.runIf(isRoot)('tockerd and kill -9', () => {
  let tockerd: Tockerd
  let trees: string[]
  let isOpen = false
  const layers = (): string[] => readdirSync(join(tockerd.directory, 'root/vfs')).toSorted()
  beforeAll(async () => {
    tockerd = await Tockerd.open()
    isOpen = true
    trees = layers()
  })
  afterAll(() => close())

  async function close(): Promise<void> {
    if (isOpen) await tockerd[Symbol.asyncDispose]()
    isOpen = false
  }

  async function create(script: string): Promise<string> {
    const HostConfig = { NetworkMode: 'none', Runtime: process.env.DAEMON_CRASH_RUNTIME ?? '' }
    const body = { Image: 'busybox', Cmd: ['sh', '-c', script], HostConfig }
    const answer = await tockerd.request('POST', '/containers/create', JSON.stringify(body))
    if (answer.status !== 201) throw new Error(answer.body.toString())
    return created.parse(JSON.parse(answer.body.toString())).Id
  }
  async function post(id: string, verb: string): Promise<number> {
    return (await tockerd.request('POST', `/containers/${id}/${verb}`)).status
  }
  async function all(): Promise<z.infer<typeof summaries>> {
    return summaries.parse(JSON.parse(String((await tockerd.request('GET', '/containers/json?all=1')).body)))
  }
  async function stateOf(id: string): Promise<z.infer<typeof inspected>['State']> {
    const { body } = await tockerd.request('GET', `/containers/${id}/json`)
    return inspected.parse(JSON.parse(body.toString())).State
  }
  /** Nothing of any container: no record, no layer, no directory. */
  async function removeAll(): Promise<void> {
    for (const { Id } of await all()) {
      const { status, body } = await tockerd.request('DELETE', `/containers/${Id}?force=1&v=1`)
      expect([204, 404], body.toString()).toContain(status)
    }
    expect(await all()).toEqual([])
    expect(layers()).toEqual(trees)
    const directory = join(tockerd.directory, 'root/containers')
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([])
  }

  test(
    `of the daemon, ${rounds} times: no line, no exit status, no container is lost`,
    async () => {
      const count = (status: number): string =>
        `i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); usleep 5000; done; exit ${status}`
      for (let round = 0; round < rounds; round++) {
        const acknowledged = new Map<string, { status: number; started: boolean }>()
        // Some end before the kill, some while there is no daemon, some after that.
        const clients = [3, 4, 5].map(async (status) => {
          const id = await create(count(status))
          acknowledged.set(id, { status, started: false })
          if ((await post(id, 'start')) === 204) acknowledged.set(id, { status, started: true })
        })
        const asked = Promise.allSettled(clients)
        await sleep(Math.random() * 900)
        await tockerd.kill()
        await asked
        await sleep(Math.random() * 300)
        await tockerd.start()
        const there = (await all()).map(({ Id }) => Id)
        for (const [id, { status, started }] of acknowledged) {
          expect(there, `round ${round}`).toContain(id)
          if (!started && (await stateOf(id)).Status === 'created') expect(await post(id, 'start')).toBe(204)
          await post(id, 'wait')
          expect((await stateOf(id)).ExitCode, `round ${round}`).toBe(status)
          const written = (await tockerd.ok('logs', id)).split('\n').filter(Boolean)
          expect(written, `round ${round}`).toEqual(Array.from({ length: lines }, (_, i) => `line ${i}`))
        }
        await removeAll()
      }
    },
    rounds * 20_000,
  )

  test(
    `of the supervisor, ${kills} times: what runs and what has ended is stated as it is`,
    async () => {
      for (let round = 0; round < kills; round++) {
        const ended = await create('exit 6')
        const running = await create('sleep 1000')
        const waiting = await create('exit 0')
        for (const id of [ended, running]) await post(id, 'start')
        await post(ended, 'wait')
        // Some are being made, and some are ending.
        const others = await Promise.all([1, 2, 3].map(() => create('sleep 0.2')))
        const asked = Promise.allSettled(others.map((id) => post(id, 'start')))
        await sleep(Math.random() * 400)
        process.kill(tockerd.supervisorPid, 'SIGKILL')
        await asked
        await expect
          .poll(async () => (await tockerd.request('GET', `/containers/${running}/top`)).status, {
            timeout: 20_000,
          })
          .toSatisfy((status) => status === 200 || status === 409)
        expect(await stateOf(ended)).toMatchObject({ Status: 'exited', ExitCode: 6, Pid: 0 })
        expect(await stateOf(waiting)).toMatchObject({ Status: 'created' })
        const { Running, Pid, ExitCode } = await stateOf(running)
        // Alive and said to be, or dead and said to be.
        if (Running) expect(readFileSync(`/proc/${Pid}/cmdline`, 'utf8')).toContain('sleep')
        else expect([137, 255]).toContain(ExitCode)
        for (const id of others) {
          await post(id, 'wait')
          expect((await stateOf(id)).Running, `round ${round}`).toBe(false)
        }
        expect(await post(waiting, 'start')).toBe(204)
        await post(waiting, 'wait')
        await removeAll()
      }
    },
    kills * 90_000,
  )

  test('nothing is left behind', async () => {
    await close()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})
