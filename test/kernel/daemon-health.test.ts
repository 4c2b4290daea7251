// Health checks by the stock client: what a probe finds is in inspect, in ps and in the events. Needs root.
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

const patience = { timeout: 20_000, interval: 100 }

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('health checks (needs root)', () => {
  let tockerd: Tockerd
  let before: string[]
  beforeAll(async () => {
    before = leftovers()
    tockerd = await Tockerd.open()
  })
  afterAll(async () => {
    await tockerd[Symbol.asyncDispose]()
    await nothingMoreThan(before)
  })

  const run = async (name: string, ...words: string[]): Promise<string> => {
    // Of an earlier try.
    await tockerd.docker(['rm', '-f', name])
    const fixed = ['--network', 'none', '--stop-timeout', '0', '--health-interval', '200ms', '--name', name]
    return tockerd.ok('run', '-d', ...fixed, ...words, 'busybox', 'sleep', '1000')
  }
  const health = async (name: string) =>
    JSON.parse(await tockerd.ok('inspect', '--format', '{{json .State.Health}}', name))
  const becomes = (name: string, status: string): Promise<void> =>
    vi.waitFor(async () => expect(await health(name)).toMatchObject({ Status: status }), patience)

  const sleeping = async (name: string): Promise<number> =>
    (await tockerd.ok('top', name)).split('\n').filter((line) => line.includes('sleep 500')).length

  test('a probe that succeeds makes it healthy, and one that fails often enough unhealthy', async () => {
    const since = String(Math.floor(Date.now() / 1000))
    await run('web', '--health-cmd', 'echo looked; test ! -e /broken', '--health-retries', '2')
    await becomes('web', 'healthy')
    expect((await health('web')).Log[0]).toMatchObject({ ExitCode: 0, Output: 'looked\n' })
    expect(await tockerd.ok('ps', '--format', '{{.Status}}')).toMatch(/^Up .* \(healthy\)$/)
    await tockerd.ok('exec', 'web', 'touch', '/broken')
    await becomes('web', 'unhealthy')
    const { FailingStreak, Log } = await health('web')
    expect(FailingStreak).toBeGreaterThanOrEqual(2)
    expect(Log.at(-1)).toMatchObject({ ExitCode: 1 })
    expect(Log.length).toBeLessThanOrEqual(5)
    expect(await tockerd.ok('ps', '-q', '--filter', 'health=unhealthy')).not.toBe('')
    expect(await tockerd.ok('ps', '-q', '--filter', 'health=healthy')).toBe('')
    await tockerd.ok('exec', 'web', 'rm', '/broken')
    await becomes('web', 'healthy')
    const words = [
      '--since',
      since,
      '--until',
      String(Math.ceil(Date.now() / 1000)),
      '--format',
      '{{.Action}}',
    ]
    const actions = (await tockerd.ok('events', ...words))
      .split('\n')
      .filter((one) => one.startsWith('health_status'))
    expect(actions).toEqual(['health_status: healthy', 'health_status: unhealthy', 'health_status: healthy'])
    await tockerd.ok('stop', 'web')
    expect(await health('web')).toMatchObject({ Status: 'unhealthy' })
    expect(await tockerd.ok('ps', '-a', '--filter', 'name=web', '--format', '{{.Status}}')).toMatch(
      /^Exited \(\d+\) .* ago$/,
    )
  })

  test('failures do not count while it starts', async () => {
    await run(
      'slow',
      '--health-cmd',
      'false',
      '--health-retries',
      '1',
      '--health-start-period',
      '1h',
      '--health-start-interval',
      '100ms',
    )
    await vi.waitFor(async () => expect((await health('slow')).Log.length).toBeGreaterThan(2), patience)
    expect(await health('slow')).toMatchObject({ Status: 'starting', FailingStreak: 0 })
    expect(await tockerd.ok('ps', '--filter', 'name=slow', '--format', '{{.Status}}')).toContain(
      '(health: starting)',
    )
  })

  test('a probe that does not end is ended, and one that cannot begin fails', async () => {
    await run('hung', '--health-cmd', 'sleep 500', '--health-retries', '1', '--health-timeout', '300ms')
    await becomes('hung', 'unhealthy')
    expect((await health('hung')).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: 'Health check exceeded timeout (0.3s)',
    })
    await vi.waitFor(async () => expect((await health('hung')).Log.length).toBeGreaterThan(2), patience)
    expect(await sleeping('hung')).toBeLessThanOrEqual(2)
  })

  test('one that begins late, on a busy machine, is ended all the same', async () => {
    await run('late', '--health-cmd', 'sleep 500', '--health-retries', '1', '--health-timeout', '300ms')
    for (let round = 0; round < 4; round++) {
      // Whoever begins probes stands still for longer than they may take.
      process.kill(tockerd.supervisorPid, 'SIGSTOP')
      await setTimeout(800)
      process.kill(tockerd.supervisorPid, 'SIGCONT')
      await setTimeout(400)
    }
    await vi.waitFor(async () => expect(await sleeping('late')).toBeLessThanOrEqual(1), patience)
  })

  test('status, failures in a row and results survive the daemon, and the probes go on', async () => {
    const other = await Tockerd.open(['--live-restore'])
    await using stack = new AsyncDisposableStack()
    stack.use(other)
    stack.defer(async () => void (await other.docker(['rm', '-f', 'well', 'ill', 'over'])))
    const start = (name: string, probe: string, interval: string): Promise<string> =>
      other.ok(
        ...['run', '-d', '--network', 'none', '--stop-timeout', '0', '--name', name],
        ...['--health-cmd', probe, '--health-interval', interval, '--health-retries', '2'],
        ...['busybox', 'sleep', '1000'],
      )
    const of = async (name: string) =>
      JSON.parse(await other.ok('inspect', '--format', '{{json .State.Health}}', name))
    await start('well', 'echo fine', '300ms')
    await start('ill', 'echo broken; false', '2s')
    await start('over', 'true', '300ms')
    await vi.waitFor(async () => expect(await of('ill')).toMatchObject({ Status: 'unhealthy' }), patience)
    await vi.waitFor(async () => expect((await of('well')).Log.length).toBe(5), patience)
    await other.ok('stop', 'over')
    await vi.waitFor(async () => expect(await of('over')).toMatchObject({ Status: 'unhealthy' }), patience)
    const over = await of('over')
    expect(over.Log.length).toBeGreaterThan(0)
    for (const end of ['kill', 'stop'] as const) {
      const before = await of('ill')
      await other[end]()
      await other.start()
      const after = await of('ill')
      // A probe may have come between.
      expect(after.FailingStreak, end).toBeGreaterThanOrEqual(before.FailingStreak)
      expect(after.Status, end).toBe('unhealthy')
      expect(after.Log.map((one: { Start: string }) => one.Start)).toContain(before.Log.at(-1).Start)
      expect(await of('well'), end).toMatchObject({ Status: 'healthy', FailingStreak: 0 })
      expect(await of('over'), end).toEqual(over)
      await vi.waitFor(
        async () => expect((await of('ill')).FailingStreak).toBeGreaterThan(after.FailingStreak),
        patience,
      )
    }
    expect(await other.ok('ps', '--filter', 'name=ill', '--format', '{{.Status}}')).toContain('(unhealthy)')
    // Started anew it is not what it was; what was found is still to be read, as with Docker.
    await other.ok('restart', 'ill')
    await vi.waitFor(async () => {
      const now = await of('ill')
      expect(now.Status).toBe('starting')
      expect(now.Log.length).toBeGreaterThan(0)
    }, patience)
  })

  test('without a probe, and with --no-healthcheck, there is nothing to tell', async () => {
    await tockerd.ok('commit', '-c', 'HEALTHCHECK --interval=200ms CMD true', 'slow', 'probed')
    const plain = ['--network', 'none', '--stop-timeout', '0']
    await tockerd.ok('run', '-d', ...plain, '--name', 'none', '--no-healthcheck', 'probed', 'sleep', '1000')
    await tockerd.ok('run', '-d', ...plain, '--name', 'from-image', 'probed', 'sleep', '1000')
    await becomes('from-image', 'healthy')
    expect(await health('none')).toBeNull()
  })
})
