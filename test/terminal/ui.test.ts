// The terminal UI on a real PTY, read back through a terminal emulator.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import xterm from '@xterm/headless'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { KeeperClient } from '../../sandbox-vm/keeper-client.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openPty } from '../../sandbox-vm/pty.ts'
import type { Sandbox, Shell } from '../../sandbox-vm/sandbox.ts'
import { openVm } from '../suites/vm.ts'

const program = join(packageRoot(), 'dist/learn-containers.mjs')
// Held open, so that the VM does not come and go with each test.
let vm: Sandbox
let shell: Shell | undefined
beforeAll(async () => {
  vm = await openVm()
})
afterAll(async () => {
  await vm.close()
})
afterEach(async () => {
  shell?.close()
  await shell?.exited
})

class Screen {
  readonly shell: Shell
  readonly terminal: InstanceType<typeof xterm.Terminal>
  raw = ''
  constructor(shell: Shell, cols: number, rows: number) {
    this.shell = shell
    this.terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true })
    shell.onData((chunk) => {
      this.raw += chunk.toString()
      this.terminal.write(chunk)
    })
  }
  text(): string {
    const buffer = this.terminal.buffer.active
    return Array.from(
      { length: this.terminal.rows },
      (_, row) => buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? '',
    ).join('\n')
  }
  async shows(pattern: RegExp, timeout = 40_000): Promise<void> {
    await expect.poll(() => this.text(), { timeout, interval: 100 }).toMatch(pattern)
  }
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.shell.write(key)
      // A person's fingers need a moment too; the UI reads keys one by one.
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
  }
}

function start(args: readonly string[], cols = 140, rows = 40): Screen {
  const state = process.env.LEARN_CONTAINERS_STATE
  shell = openPty({
    cols,
    rows,
    command: [process.execPath, program, ...args],
    cwd: packageRoot(),
    env: { ...(state ? { LEARN_CONTAINERS_STATE: state } : {}), CI: '' },
  })
  return new Screen(shell, cols, rows)
}

test('a lesson: Enter runs, checks tick, questions are answered, the next step comes', async () => {
  const screen = start(['unshare-pid'])
  await screen.shows(/What the host sees[\s\S]*● ready|● ready[\s\S]*What the host sees/)
  await screen.press('\r')
  await screen.shows(/✓ host\s/)
  await screen.press('\r')
  await screen.shows(/readlink \/proc\/self\/ns\/pid[\s\S]*pid:\[\d+\]|pid:\[\d+\]/)
  await screen.press('2')
  await screen.shows(/Right\./)
  await screen.press('n')
  await screen.shows(/Half a namespace/)
  await screen.press('\r')
  await screen.shows(/✓ The shell in inside is in a PID namespace/)
  await screen.press('h')
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
  // Back on the normal screen, with a cursor.
  expect(screen.raw.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(screen.raw.lastIndexOf('\x1b[?1049h'))
  expect(screen.raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.raw.lastIndexOf('\x1b[?25l'))
})

test('in the terminal all keys are the shell’s: Ctrl-C ends its program, not the UI; vi draws; a new size reaches it', async () => {
  const screen = start(['unshare-pid'])
  await screen.shows(/● ready/)
  await screen.press('\x14')
  await screen.shows(/your keys go here/)
  await screen.press('sleep 600\r')
  await screen.shows(/# sleep 600/)
  await screen.press('\x03', 'echo $((40 + 2)) lives\r')
  await screen.shows(/42 lives/)
  await screen.press('vi /tmp/x\r')
  await screen.shows(/~\s*│?\n[\s\S]*~/)
  await screen.press('i', 'typed in vi', '\x1b')
  await screen.shows(/typed in vi/)
  await screen.press(':q!\r')
  await screen.press('clear; stty size\r')
  await screen.shows(/\b35 71\b/)
  screen.terminal.resize(90, 30)
  screen.shell.resize(90, 30)
  await screen.press('clear; stty size\r')
  await screen.shows(/\b8 88\b/)
  await screen.press('\x14', 'q')
  expect(await screen.shell.exited).toBe(0)
})

test('a VM that dies in the middle is said, and the lesson goes on', async () => {
  const screen = start(['unshare-pid'])
  await screen.shows(/● ready/)
  const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
  process.kill((await keeper?.ask({ type: 'status' }))?.qemuPid ?? 0, 'SIGKILL')
  keeper?.close()
  await screen.shows(/↯ lost/)
  await screen.shows(/● ready/)
  await screen.press('\r')
  await screen.shows(/✓ host\s/)
  await screen.press('q')
  await screen.shell.exited
})

test('SIGTERM restores the screen', async () => {
  const screen = start(['fork-exec'])
  await screen.shows(/● ready/)
  await execa('pkill', ['-TERM', '-f', `${program} fork-exec`])
  await screen.shell.exited
  expect(screen.raw.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(screen.raw.lastIndexOf('\x1b[?1049h'))
})

function command(args: readonly string[], env: Record<string, string> = {}, input = '') {
  return execa(process.execPath, [program, ...args], { reject: false, env, input })
}

test('the list shows every lesson and what is next', async () => {
  const { stdout, exitCode } = await command([])
  expect(exitCode).toBe(0)
  for (const slug of ['fork-exec', 'unshare-pid', 'cgroup-memory']) expect(stdout).toContain(slug)
  expect(stdout).toMatch(/Next: learn-containers \S+/)
})

test.each([
  [['unshare-pdi'], /there is no lesson unshare-pdi\. Did you mean unshare-pid\?/],
  [['--rnu-all'], /unknown option '--rnu-all'\n\(Did you mean --run-all\?\)/],
  [['unshare-pid', '--step', 'nope'], /unshare-pid has no step nope: it has look-first/],
  [['vm', 'sttaus'], /unknown command 'sttaus'\n\(Did you mean status\?\)/],
])('%j ends with 2 and a suggestion', async (args, message) => {
  const { exitCode, stderr } = await command(args)
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(2)
})

test('--run-all prints a line per step and check, and ends with 1 when one fails', async () => {
  const content = await mkdtemp(join(tmpdir(), 'lc-content-'))
  await mkdir(join(content, 'm/broken'), { recursive: true })
  await writeFile(join(content, 'modules.yaml'), '- { id: m, title: M, summary: S, lessons: [broken] }\n')
  await writeFile(
    join(content, 'm/broken/lesson.md'),
    '---\nslug: broken\ntitle: T\nsummary: S\nmodule: m\nminutes: 1\nsandbox: { terminals: [host] }\n---\n::::: step one "One"\n```sh run status=3\nexit_with() { return "$1"; }; exit_with 3\n```\n::: check "Never true"\n```sh\ntest -e /nowhere || lab fail "There is no /nowhere."\n```\n:::\n:::::\n',
  )
  const { exitCode, stdout } = await command(['broken', '--run-all'], { LEARN_CONTAINERS_CONTENT: content })
  expect(stdout).toMatch(
    /1\/1 One\n {2}✓ run .*\n {2}✗ check {2}Never true.*\n {6}There is no \/nowhere\.\nbroken: 1 passed, 1 failed/,
  )
  expect(exitCode).toBe(1)
  await rm(content, { recursive: true })
})

test('without a terminal a lesson is lines, and the end of input goes through it', async () => {
  const { stdout, exitCode } = await command(['unshare-pid'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('A process that thinks it is alone')
  expect(stdout).toMatch(/\[done\] The shell in `?inside`? is in a PID namespace/)
  expect(stdout).not.toContain('\x1b')
})
