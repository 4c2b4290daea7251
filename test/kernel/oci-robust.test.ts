// What must hold when things go wrong: `create` killed at any moment, many at once,
// logs that managers read. Needs root.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { Runtime } from '../suites/bundle.ts'
import { baseNamespaces } from '../suites/bundle-config.ts'
import { must } from '../suites/must.ts'
import { sweep, traces } from '../suites/traces.ts'

let runtime: Runtime
let before: string[]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('robust (needs root)', () => {
  beforeAll(async () => {
    before = leftovers()
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  must('create killed with -9 at fifty moments, then delete --force: nothing remains', async () => {
    const whole = await duration()
    for (let round = 0; round < 50; round++) {
      const container = await runtime.container({
        linux: { namespaces: [...baseNamespaces, { type: 'cgroup' }], resources: { pids: { limit: 50 } } },
      })
      // From before it reads the bundle to after it is done, in no order.
      const moment = whole * ((round * 37) % 50) * 0.022
      await container.create([], {
        started: (child) => void sleep(moment).then(() => child.kill('SIGKILL')),
      })
      const removed = await container.delete('--force')
      expect(removed.status, removed.stderr).toBe(0)
      try {
        await expect
          .poll(() => traces(runtime, container), { message: `killed after ${moment} ms` })
          .toEqual([])
      } finally {
        await expect.poll(() => sweep(container)).toEqual([])
      }
      await runtime.clean()
    }
  })

  async function duration(): Promise<number> {
    const container = await runtime.container()
    const begin = performance.now()
    await container.create()
    return performance.now() - begin
  }

  must('start killed with -9 leaves a container that can be deleted', async () => {
    for (let round = 0; round < 10; round++) {
      const container = await runtime.container()
      await container.create()
      await runtime.call(['start', container.id], {
        started: (child) => void sleep(round * 4).then(() => child.kill('SIGKILL')),
      })
      expect(['created', 'running']).toContain(await container.status())
      expect(await container.delete('--force')).toMatchObject({ status: 0 })
      await expect.poll(() => traces(runtime, container)).toEqual([])
    }
  })

  must('twenty creates at once make twenty containers', async () => {
    const containers = await Promise.all(Array.from({ length: 20 }, () => runtime.container()))
    const states = await Promise.all(containers.map((container) => container.launch()))
    expect(new Set(states.map(({ pid }) => pid)).size).toBe(20)
    expect((await runtime.call(['list', '--quiet'])).stdout.trim().split('\n')).toHaveLength(20)
    const deleted = await Promise.all(containers.map((container) => container.delete('--force')))
    expect(deleted.map(({ status }) => status)).toEqual(Array(20).fill(0))
    for (const container of containers) await expect.poll(() => traces(runtime, container)).toEqual([])
  })

  must('of ten creates with one id at once, one wins', async () => {
    const container = await runtime.container()
    const args = ['create', '--bundle', container.bundle, container.id]
    const results = await Promise.all(Array.from({ length: 10 }, () => runtime.call(args)))
    expect(results.filter(({ status }) => status === 0)).toHaveLength(1)
    expect(await container.status()).toBe('created')
    expect(await container.delete('--force')).toMatchObject({ status: 0 })
    await expect.poll(() => traces(runtime, container)).toEqual([])
  })

  must('a container killed from outside is stopped, and can be deleted', async () => {
    const container = await runtime.container()
    const { pid = 0 } = await container.launch()
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => container.status()).toBe('stopped')
    expect(await container.delete()).toMatchObject({ status: 0 })
  })

  must('--log and --log-format json hold the error as managers read it', async () => {
    const container = await runtime.container({ process: { args: ['nope'] } })
    const log = join(container.bundle, 'log.json')
    const { status } = await runtime.call([
      ...['--log', log, '--log-format', 'json'],
      ...['create', '--bundle', container.bundle, container.id],
    ])
    expect(status).toBe(1)
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: expect.stringMatching(/executable file not found in \$PATH/),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      }),
    )
  })

  must('--pid-file holds the PID alone', async () => {
    const container = await runtime.container()
    const file = join(container.bundle, 'pid')
    await container.create(['--pid-file', file])
    expect(readFileSync(file, 'utf8')).toBe(String((await container.state()).pid))
  })

  must('--systemd-cgroup where no systemd runs is an error that says so', async () => {
    const container = await runtime.container({ linux: { cgroupsPath: 'lc.slice:test:x' } })
    const args = ['--systemd-cgroup', 'create', '--bundle', container.bundle, container.id]
    const { status, stderr } = await runtime.call(args)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/systemd/)
    await expect.poll(() => traces(runtime, container)).toEqual([])
  })

  must('features and --version are what managers ask first', async () => {
    const version = await runtime.call(['--version'])
    expect(version.stdout).toMatch(/^\S+ version \S+\n[\s\S]*spec: 1\./)
    const features = JSON.parse((await runtime.call(['features'])).stdout)
    expect(features).toMatchObject({ ociVersionMin: expect.stringMatching(/^1\./) })
    expect(features.linux.namespaces).toContain('pid')
    expect(features.mountOptions).toContain('ro')
  })

  must('nothing is left behind: no process, mount, cgroup or interface', async () => {
    const now = () => leftovers().filter((one) => !before.includes(one) && !one.includes(runtime.directory))
    await expect.poll(now).toEqual([])
  })
})
