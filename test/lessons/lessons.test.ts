// Every lesson, on the VM, as a learner takes it. And every check before its
// step: a check that passes when nothing was done proves nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modules } from '../../lessons/format/catalogue.ts'
import { lint } from '../../lessons/format/linter.ts'
import { Player } from '../../lessons/player/player.ts'
import { runAll } from '../../lessons/player/run-all.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

const lessons = (await modules()).flatMap((module) => module.lessons)
let vm: Sandbox
beforeAll(async () => {
  vm = await openVm()
})
afterAll(async () => {
  await vm?.close()
})

describe.each(lessons.map((lesson) => ({ slug: lesson.slug, lesson })))('$slug', ({ lesson }) => {
  test('has nothing for the linter to say', async () => {
    expect(
      await lint(
        lesson,
        lessons.map((one) => one.slug),
      ),
    ).toEqual([])
  })

  test('works from beginning to end on a machine in its first state, and each check fails before its step', async () => {
    await vm.reset()
    const lines: string[] = []
    const early: string[] = []
    await using player = await Player.open({ lesson, sandbox: vm, cols: 100, rows: 40 })
    const { passed, failed } = await runAll(
      player,
      (line) => void lines.push(line),
      async (step) => {
        for (const block of step.blocks.filter((one) => one.type === 'check')) {
          const { state, message } = await player.check(block.id)
          if (state !== 'failed') early.push(`${block.id} is ${state} before anything was done`)
          else if (!/\S/.test(message ?? '')) early.push(`${block.id} fails, and does not say why`)
        }
      },
    )
    expect(early).toEqual([])
    expect(failed, lines.join('\n')).toBe(0)
    expect(passed).toBeGreaterThan(5)
    expect(player.state().steps).toEqual(Object.fromEntries(lesson.steps.map((step) => [step.id, true])))
  })
})

test('a VM that dies in the middle: the player says so, and goes on', async () => {
  const lesson = lessons.find((one) => one.slug === 'unshare-pid')
  if (!lesson) throw new Error('the lesson is gone')
  await using player = await Player.open({ lesson, sandbox: vm })
  const seen: string[] = []
  player.on((event) => {
    if (event.type === 'sandbox') seen.push(event.state)
  })
  const { KeeperClient } = await import('../../sandbox-vm/keeper-client.ts')
  const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
  process.kill((await keeper?.ask({ type: 'status' }))?.qemuPid ?? 0, 'SIGKILL')
  keeper?.close()
  await expect.poll(() => seen, { timeout: 60_000 }).toEqual(['lost', 'ready'])
  expect(await player.run('look-first/run-1')).toMatchObject({ state: 'passed' })
})

test('two players on one VM do not get in each other’s way', async () => {
  const lesson = lessons.find((one) => one.slug === 'unshare-pid')
  if (!lesson) throw new Error('the lesson is gone')
  await using one = await Player.open({ lesson, sandbox: vm })
  await using two = await Player.open({ lesson, sandbox: vm })
  await one.run('break-it/run-1')
  expect(await one.check('break-it/check-1')).toMatchObject({ state: 'passed' })
  expect(await two.check('break-it/check-1')).toMatchObject({ state: 'failed' })
})
