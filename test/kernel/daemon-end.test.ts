// tockerd from outside: that it comes, runs a container, and goes with all that it had. Needs root.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('tockerd (needs root)', () => {
  let before: string[]
  beforeAll(() => {
    before = leftovers()
  })
  afterAll(() => nothingMoreThan(before))

  test('SIGTERM ends its containers and its supervisor', async () => {
    const tockerd = await Tockerd.open()
    await tockerd.ok(
      'run',
      '-d',
      '--name',
      'one',
      '--stop-timeout',
      '1',
      '--network',
      'none',
      'busybox',
      'sleep',
      '1000',
    )
    expect(await tockerd.ok('ps', '--format', '{{.Names}}')).toBe('one')
    const { supervisorPid } = tockerd
    expect(supervisorPid).toBeGreaterThan(1)
    await tockerd[Symbol.asyncDispose]()
  })

  test('with --live-restore it ends alone, and the next one has its containers', async () => {
    await using tockerd = await Tockerd.open(['--live-restore'])
    const fixed = ['--network', 'none', '--stop-timeout', '0', '--name', 'one']
    await tockerd.ok('run', '-d', ...fixed, 'busybox', 'sleep', '1000')
    const pid = await tockerd.ok('inspect', '--format', '{{.State.Pid}}', 'one')
    await tockerd.stop()
    await tockerd.start()
    expect(await tockerd.ok('inspect', '--format', '{{.State.Status}} {{.State.Pid}}', 'one')).toBe(
      `running ${pid}`,
    )
    await tockerd.ok('rm', '-f', 'one')
  })

  test('killed while it copies, it leaves nothing mounted for the next one', async () => {
    await using tockerd = await Tockerd.open()
    const script = 'head -c 30000000 /dev/zero > /large'
    await tockerd.ok(
      'run',
      '--network',
      'none',
      '--name',
      'still',
      '-v',
      'data:/data',
      'busybox',
      'sh',
      '-c',
      script,
    )
    // Nobody reads it, so it is under way for as long as we like.
    const slow = request({ socketPath: tockerd.socket, path: '/containers/still/archive?path=/large' }).end()
    slow.on('error', () => {})
    const [answer] = await once(slow, 'response')
    answer.on('error', () => {})
    const files = join(tockerd.directory, 'exec/files')
    expect(readdirSync(files)).toHaveLength(1)
    await tockerd.kill()
    await tockerd.start()
    expect(readdirSync(files)).toEqual([])
    await tockerd.ok('rm', 'still')
  })
})
