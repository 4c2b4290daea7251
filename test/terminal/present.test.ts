// A lesson presented in a terminal, on a real PTY: a clicker's keys, notes, a step
// that breaks.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openPty } from '../../sandbox-vm/pty.ts'
import type { Sandbox, Shell } from '../../sandbox-vm/sandbox.ts'
import { Screen } from '../suites/screen.ts'
import { openVm } from '../suites/vm.ts'

const program = join(packageRoot(), 'dist/learn-containers.mjs')
let vm: Sandbox
let shell: Shell | undefined
let content: string

beforeAll(async () => {
  content = await mkdtemp(join(tmpdir(), 'lc-present-'))
  await cp(join(packageRoot(), 'lessons/content'), content, { recursive: true })
  const lesson = join(content, 'namespaces/unshare-pid/lesson.md')
  const text = await readFile(lesson, 'utf8')
  await writeFile(
    lesson,
    text.replace('::::: step look-first "What the host sees"\n', '$&::: note\nWait for two hands.\n:::\n\n'),
  )
  // Its words are those of the lesson without that note.
  await rm(join(content, 'namespaces/unshare-pid/lesson.zh.md'))
  vm = await openVm()
})
afterAll(async () => {
  await vm.close()
  await rm(content, { recursive: true })
})
afterEach(async () => {
  shell?.close()
  await shell?.exited
})

function present(
  args: readonly string[],
  [cols, rows] = [140, 40],
  env: Record<string, string> = {},
): Screen {
  const state = process.env.LEARN_CONTAINERS_STATE
  shell = openPty({
    ...{ cols, rows, cwd: packageRoot() },
    command: [process.execPath, program, 'present', ...args, '--terminal'],
    env: {
      ...(state ? { LEARN_CONTAINERS_STATE: state } : {}),
      ...{ CI: '', LEARN_CONTAINERS_CONTENT: content, LC_ALL: 'C.UTF-8', ...env },
    },
  })
  return new Screen(shell, cols, rows)
}

test('a clicker goes through the steps, also from the terminal; v reveals, n shows the notes, b blanks', async () => {
  const screen = present(['unshare-pid'])
  await screen.shows(/0:\d\d of 10 min[\s\S]*step 1 of 7[\s\S]*PgDn PgUp step/)
  expect(screen.text()).not.toContain('Wait for two hands')
  await screen.press('n')
  await screen.shows(/Notes\s[\s\S]*Wait for two hands\./)
  await screen.press('n')
  await screen.shows(/What the host sees(?![\s\S]*Wait for two hands)/)
  await screen.press('\x1b[6~')
  await screen.shows(/step 2 of 7[\s\S]*Half a namespace/)
  await screen.press('\x14', '\x1b[5~')
  await screen.shows(/step 1 of 7/)
  await screen.press('\x14', 'r')
  await screen.shows(/✓ ps -e --no-headers/)
  await screen.press('v')
  await screen.shows(/Right\./)
  await screen.press('v')
  await screen.shows(/Nothing more to reveal/)
  await screen.press('b')
  await screen.shows(/^\s*$/)
  await screen.press('b', 'q')
  expect(await screen.shell.exited).toBe(0)
})

test('a step that broke is skipped', async () => {
  const screen = present(['unshare-pid', '--step', 'break-it'])
  await screen.shows(/step 2 of 7/)
  await screen.press('\x14', 'sleep 3600\r', '\x14', 's')
  await screen.shows(/Skipping/)
  await screen.shows(/The step is as it should be/, 120_000)
  await screen.shows(/✓ The shell in inside is in a PID namespace/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
})

test('in Chinese for who speaks it, and small', async () => {
  const screen = present(['fork-exec'], [80, 24], { LC_ALL: 'zh_CN.UTF-8' })
  await screen.shows(/翻步/)
  await screen.press('?')
  await screen.shows(/揭示/)
  await screen.press('?', 'q')
  expect(await screen.shell.exited).toBe(0)
})

test('a lesson or a step that does not exist ends with 2, and a class without a network with 1', async () => {
  const run = (...args: string[]) => execa(process.execPath, [program, 'present', ...args], { reject: false })
  expect(await run('unshare-pdi')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean unshare-pid'),
  })
  expect(await run('unshare-pid', '--step', 'x')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('it has look-first'),
  })
  expect(await run('unshare-pid', '--class', '--host', '127.0.0.1')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('this machine alone'),
  })
})
