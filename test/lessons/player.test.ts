// The player and a learner who does not keep to the text: types in between,
// leaves things running, closes shells, looks in late.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Lesson } from '../../lessons/format/lesson.ts'
import { parseLesson } from '../../lessons/format/parser.ts'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import { Player } from '../../lessons/player/player.ts'
import { Progress } from '../../lessons/player/progress.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

const text = `---
slug: demo
title: T
summary: S
module: m
minutes: 5
sandbox: { terminals: [host, inside] }
---
::::: step one "One"
\`\`\`sh run expect=/^4$/ status=0
echo $((2 + 2))
\`\`\`
\`\`\`sh run expect=/never said/
echo something else
\`\`\`
\`\`\`sh run status=0
false
\`\`\`
\`\`\`sh run timeout=2
sleep 60
\`\`\`
\`\`\`sh run expect=/^a\\nb$/
for word in a b
do echo $word
done
\`\`\`
\`\`\`sh run interactive
cat
\`\`\`
\`\`\`sh run expect=/^one\\ntwo$/ status=0
echo one
echo two
\`\`\`
\`\`\`sh run interactive
sh
\`\`\`
\`\`\`sh run expect=/^still 4$/
echo still $((2 + 2))
\`\`\`
\`\`\`sh run
exec env -i busybox sh
\`\`\`
::: check "There is a /root/proof"
\`\`\`sh
test -e /root/proof || lab fail "There is no /root/proof: make it."
\`\`\`
:::
:::::
::::: step two "Two"
\`\`\`sh run terminal=inside interactive
unshare --pid --fork --mount-proc bash
\`\`\`
::: watch namespaces pid=$(lab shell-pid inside)
:::
:::::
`

let vm: Sandbox
let lesson: Lesson
let directory: string
let player: Player
let events: PlayerEvent[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-player-'))
  await mkdir(join(directory, 'demo'))
  await writeFile(join(directory, 'demo/lesson.md'), text)
  lesson = await parseLesson(join(directory, 'demo/lesson.md'))
  vm = await openVm()
})
afterAll(async () => {
  await vm?.close()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  await vm.exec('rm -f /root/proof')
  player = await Player.open({
    lesson,
    sandbox: vm,
    progress: new Progress(join(directory, 'progress.json')),
  })
  events = []
  player.on((event) => void events.push(event))
  return () => player.close()
})

const screen = (): string => player.state().screens.host ?? ''
const blockEvent = (id: string, state: string) =>
  events.find((event) => event.type === 'block' && event.id === id && event.state === state)

test('a command is judged by its output and its status, and a message says what was found', async () => {
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed', status: 0 })
  expect(await player.run('one/run-2')).toMatchObject({
    state: 'failed',
    message: 'the output should match /never said/, and was: something else',
  })
  expect(await player.run('one/run-3')).toMatchObject({
    state: 'failed',
    message: 'it ended with status 1, not 0',
  })
  expect(await player.run('one/run-5')).toMatchObject({ state: 'passed' })
})

test('what takes too long is said to, keeps the terminal, and ends by the learner’s Ctrl-C', async () => {
  expect(await player.run('one/run-4')).toMatchObject({ state: 'failed', message: 'no end within 2 s' })
  expect(await player.run('one/run-1')).toMatchObject({
    state: 'failed',
    message: 'the terminal host is busy with `sleep 60`: end it first (Ctrl-C)',
  })
  player.write('host', '\x03')
  await expect.poll(() => player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('something that waits for input is started, not waited for', async () => {
  expect(await player.run('one/run-6')).toMatchObject({ state: 'passed' })
  player.write('host', 'echoed by cat\r')
  await expect.poll(() => screen().match(/echoed by cat/g)?.length).toBe(2)
  player.write('host', '\x04')
  await expect.poll(() => player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('several lines are one command, however often: a prompt that is drawn again is not the next one', async () => {
  for (let round = 0; round < 8; round++) {
    expect(await player.run('one/run-5')).toMatchObject({ state: 'passed' })
    expect(await player.run('one/run-7')).toMatchObject({ state: 'passed' })
  }
})

test('a shell that tells less than bash is understood too, and shows a prompt for people', async () => {
  expect(await player.run('one/run-8')).toMatchObject({ state: 'passed' })
  expect(await player.run('one/run-9')).toMatchObject({ state: 'passed' })
  expect(screen()).not.toContain('133')
  player.write('host', 'exit\r')
  await expect.poll(() => player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('a shell without any marks: where the lesson starts it, its command ends', async () => {
  expect(await player.run('one/run-10')).toMatchObject({ state: 'passed' })
  expect(await player.run('one/run-9')).toMatchObject({ state: 'passed' })
})

test('and where the learner starts it, checks tick in it, and the next command is typed into it', async () => {
  player.enter('one')
  player.write('host', 'env -i sh\r')
  await expect.poll(() => player.terminal('host')?.busy).toBeDefined()
  await expect.poll(() => player.terminal('host')?.busy).toBeUndefined()
  player.write('host', 'touch /root/proof\r')
  await expect.poll(() => blockEvent('one/check-1', 'passed')).toBeTruthy()
  expect(await player.run('one/run-9')).toMatchObject({ state: 'passed' })
})

test('a program that only reads is no shell: it keeps the terminal', async () => {
  player.write('host', 'cat\r')
  await new Promise((resolve) => setTimeout(resolve, 4000))
  expect(player.terminal('host')?.busy).toBeDefined()
})

test('a lesson begins on a machine in its first state, unless another is being taken there', async () => {
  const next = { ...lesson, slug: 'next' }
  await vm.exec('mkdir /sys/fs/cgroup/left && touch /root/left')
  const beside = await Player.open({ lesson: next, sandbox: vm })
  expect((await vm.exec('test -e /root/left')).status).toBe(0)
  await Promise.all([beside.close(), player.close()])
  // Who comes back goes on where things were left.
  const back = await Player.open({ lesson: next, sandbox: vm })
  expect((await vm.exec('test -e /root/left')).status).toBe(0)
  await back.close()
  player = await Player.open({ lesson, sandbox: vm })
  expect((await vm.exec('test -e /root/left || test -e /sys/fs/cgroup/left')).status).toBe(1)
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('a half-typed line does not end up before the command', async () => {
  player.write('host', 'rm -rf /important')
  await expect.poll(screen).toContain('/important')
  player.write('host', '\x1b[D\x1b[D')
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('nor does an open quote swallow it', async () => {
  player.write('host', 'echo "open\r')
  await expect.poll(screen).toMatch(/open[\s\S]*\n> /)
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('the learner’s own command keeps the terminal: the message names no other', async () => {
  await player.run('one/run-1')
  player.write('host', 'sleep 61\r')
  await expect.poll(() => player.run('one/run-1')).toMatchObject({ state: 'failed' })
  expect((await player.run('one/run-1')).message).toBe(
    'the terminal host is busy with `a command`: end it first (Ctrl-C)',
  )
  player.write('host', '\x03')
})

test('two runs at once in one terminal: the second is refused, the first is not disturbed', async () => {
  const both = await Promise.all([player.run('one/run-1'), player.run('one/run-5')])
  expect(both).toMatchObject([{ state: 'passed' }, { state: 'failed' }])
})

test('a shell that was left is followed by another', async () => {
  player.write('host', 'exit\r')
  await expect
    .poll(() => events.some((event) => event.type === 'terminal' && event.terminal === 'host'))
    .toBe(true)
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('a check ticks by itself when the learner found an own way, and the step is kept', async () => {
  player.enter('one')
  await expect.poll(() => player.state().blocks['one/check-1']?.message).toMatch(/There is no \/root\/proof/)
  player.write('host', 'touch /root/proof\r')
  await expect.poll(() => blockEvent('one/check-1', 'passed')).toBeTruthy()
  expect(blockEvent('one/check-1', 'failed')).toBeUndefined()
  await expect.poll(() => new Progress(join(directory, 'progress.json')).read()).toEqual({ demo: ['one'] })
})

test('a live view shows the inner shell with both its numbers, and leaves nothing running', async () => {
  await player.run('two/run-1')
  void player.watch('two/watch-1', true)
  const latest = () => events.findLast((event) => event.type === 'watch')?.sample
  await expect
    .poll(latest)
    .toMatchObject({ processes: expect.arrayContaining([expect.objectContaining({ terminal: 'inside' })]) })
  const sample = latest()
  const inner =
    sample && 'host' in sample ? sample.processes.find((process) => process.pid === sample.focus) : undefined
  expect(inner?.nspid).toEqual([inner?.pid, 1])
  expect(inner?.namespaces.pid).not.toBe(sample && 'host' in sample ? sample.host.pid : '')
  await player.watch('two/watch-1', false)
  const samplers = async () => (await vm.exec("pgrep -fc '[-]-- frame'")).stdout.trim()
  await expect.poll(samplers).toBe('0')
})

test('reset: the machine, the terminals and the lesson are as at the beginning', async () => {
  player.enter('one')
  await player.run('one/run-1')
  await vm.put('/root/proof', '')
  expect(await player.check('one/check-1')).toMatchObject({ state: 'passed' })
  await player.reset({ force: true })
  expect(player.state().blocks['one/check-1']).toMatchObject({ state: 'waiting' })
  expect(await player.check('one/check-1')).toMatchObject({ state: 'failed' })
  expect(await player.run('one/run-1')).toMatchObject({ state: 'passed' })
})

test('closing leaves nothing of the session in the sandbox', async () => {
  const mine = `/run/lab/${player.session}`
  expect((await vm.exec(`test -d ${mine}`)).status).toBe(0)
  await player.close()
  expect((await vm.exec(`test -e ${mine}`)).status).toBe(1)
})
