// The terminal in Chinese: the list, the help, a lesson on its screen.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import stringWidth from 'string-width'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openScreen } from '../suites/screen.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-chinese-'))
})
afterAll(() => rm(directory, { recursive: true }))

function command(args: readonly string[], env: Record<string, string> = {}) {
  const program = join(packageRoot(), 'dist/learn-containers.mjs')
  return execa(process.execPath, [program, ...args], { reject: false, env })
}

/** One entry a cell: a wide character has an empty one behind it. */
function cells(line: string): string[] {
  return [...line].flatMap((one) => (stringWidth(one) === 2 ? [one, ''] : [one]))
}

test('in Chinese: the list, the help, a word of the glossary, and what is wrong', async () => {
  const list = await command([], { LC_ALL: 'zh_CN.UTF-8' })
  expect(list.stdout).toContain('进程，就是 fork 加 exec')
  expect(list.stdout).toMatch(/接下来：learn-containers \S+|全部课程都学完了/)
  expect((await command(['--help', '--lang', 'zh'])).stdout).toMatch(/^用法： learn-containers/)
  const word = await command(['glossary', '--lang', 'zh', 'pid', 'namespace'])
  expect(word.stdout).toMatch(/^PID 命名空间 {2}PID namespace\n {2}让进程重新从 1 编号/)
  const wrong = await command(['--lang', 'zh', 'fork-exce'])
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('是不是 fork-exec？')])
  expect((await command(['--lang', 'fr'])).exitCode).toBe(2)
  expect((await command(['--lang', 'zh', 'vm', 'status'])).stdout).toMatch(
    /^映像 +\S+.*\n缓存 .*\n状态目录 .*\n虚拟机 /,
  )
  const refused = await command(['--lang', 'zh', '--sandbox', 'nowhere', 'fork-exec', '--run-all'])
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('没有叫 nowhere 的沙箱')])
  const none = await command(['glossary', 'nothing'])
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('the glossary has no nothing')])
})

test('a lesson in Chinese: its words fill their pane, its checks speak, and g explains the words', async () => {
  const screen = openScreen(['--lang', 'zh', 'fork-exec', '--step', 'prove-it'], {
    ...{ size: [140, 40], env: {}, directory },
  })
  await screen.shows(/第 6 步，共 7 步[\s\S]*● 就绪/)
  await screen.shows(/内核怎么说/)
  // Both borders of the text's pane stand in one column: every line is as wide as the terminal thinks.
  const ends = screen
    .text()
    .split('\n')
    .slice(2, -2)
    .map((line) => cells(line).indexOf('│', 1))
  expect(new Set(ends).size).toBe(1)
  await screen.press('\x1b[B', '\x1b[B', '\r')
  await screen.shows(/没有叫 sleep 的子进程/)
  await screen.press('g')
  await screen.shows(/这一步里的术语[\s\S]*正在运行的程序/)
  await screen.press('x', 'q')
  expect(await screen.shell.exited).toBe(0)
})
