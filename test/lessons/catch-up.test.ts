// A step that broke in front of a class: whatever was done to it, skipping it ends
// in the state that it should have made.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findLesson } from '../../lessons/format/catalogue.ts'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import { Player } from '../../lessons/player/player.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

let vm: Sandbox
beforeAll(async () => {
  vm = await openVm()
})
afterAll(async () => {
  await vm?.close()
})

async function open(slug: string): Promise<Player & { told: PlayerEvent[] }> {
  const lesson = await findLesson(slug)
  if (!lesson) throw new Error(`no lesson ${slug}`)
  const told: PlayerEvent[] = []
  const player = Object.assign(await Player.open({ lesson, sandbox: vm }), { told })
  player.on((event) => void told.push(event))
  return player
}

async function runStep(player: Player, id: string): Promise<void> {
  player.enter(id)
  for (const block of player.lesson.steps.find((step) => step.id === id)?.blocks ?? [])
    if (block.type === 'run') expect(await player.run(block.id)).toMatchObject({ state: 'passed' })
}

const doings = (told: readonly PlayerEvent[]): (string | undefined)[] =>
  told.flatMap((event) => (event.type === 'catch-up' ? [event.doing ?? event.state] : []))
const failing = (player: Player, step: string): string[] =>
  (player.lesson.steps.find((one) => one.id === step)?.blocks ?? [])
    .filter((block) => block.type === 'check' && player.state().blocks[block.id]?.state !== 'passed')
    .map((block) => block.id)

test('a step nobody took: its commands run unseen, and the screen is drawn once', async () => {
  await using player = await open('unshare-pid')
  expect(await player.catchUp('break-it')).toMatchObject({ state: 'passed' })
  expect(doings(player.told)).toEqual(['mending', 'taking', 'done'])
  expect(failing(player, 'break-it')).toEqual([])
  const end = player.told.findIndex((event) => event.type === 'catch-up' && event.state === 'done')
  const begin = player.told.findIndex((event) => event.type === 'catch-up')
  expect(player.told.slice(begin, end).filter((event) => event.type === 'output')).toEqual([])
  const drawn = player.told.slice(end).filter((event) => event.type === 'output')
  expect(drawn.map((event) => event.terminal)).toEqual(['host', 'inside'])
  // And the next step goes on from there.
  await runStep(player, 'enter')
})

test('a program that hangs, and one that ignores Ctrl-C: both are ended first', async () => {
  await using player = await open('unshare-pid')
  player.write('host', 'sleep 3600\r')
  player.write('inside', "trap '' INT QUIT; sleep 3601\r")
  await expect.poll(() => player.terminal('inside')?.busy).toBeDefined()
  const both = [player.catchUp('break-it'), player.catchUp('break-it')]
  expect(both[0]).toBe(both[1])
  expect(await both[0]).toMatchObject({ state: 'passed' })
  expect(doings(player.told)).toEqual(['mending', 'taking', 'done'])
})

test('the inner shell was killed after the step: only a machine that is new helps', async () => {
  await using player = await open('unshare-pid')
  await runStep(player, 'look-first')
  await runStep(player, 'break-it')
  await vm.exec('pkill -KILL -f "^bash$" -n')
  const outcome = await player.catchUp('break-it')
  expect(outcome).toMatchObject({ state: 'passed' })
  expect(doings(player.told)).toEqual(['mending', 'taking', 'resetting', 'replaying', 'replaying', 'done'])
  expect(failing(player, 'break-it')).toEqual([])
})

test('the cgroup was deleted: the steps before are replayed', async () => {
  await using player = await open('cgroup-memory')
  await runStep(player, 'look-first')
  await runStep(player, 'limit')
  await vm.exec(
    'for p in $(cat /sys/fs/cgroup/demo/cgroup.procs); do echo $p > /sys/fs/cgroup/cgroup.procs; done; rmdir /sys/fs/cgroup/demo',
  )
  expect(await player.catchUp('limit')).toMatchObject({ state: 'passed' })
  expect(failing(player, 'limit')).toEqual([])
  expect((await vm.exec('cat /sys/fs/cgroup/demo/memory.max')).stdout).toBe('52428800\n')
})

test('an exercise is solved', async () => {
  await using player = await open('fork-exec')
  expect(await player.catchUp('your-turn')).toMatchObject({ state: 'passed' })
  expect(failing(player, 'your-turn')).toEqual([])
})

test('a step that cannot be made says why', async () => {
  await using player = await open('fork-exec')
  expect(await player.catchUp('nowhere')).toMatchObject({
    state: 'failed',
    message: 'the lesson has no step nowhere',
  })
})
