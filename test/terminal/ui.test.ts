// The terminal UI on a real PTY, read back through a terminal emulator.
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { KeeperClient } from '../../sandbox-vm/keeper-client.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox, Shell } from '../../sandbox-vm/sandbox.ts'
import { openScreen, type Screen } from '../suites/screen.ts'
import { openVm } from '../suites/vm.ts'

const program = join(packageRoot(), 'dist/learn-containers.mjs')
// Held open, so that the VM does not come and go with each test.
let vm: Sandbox
let shell: Shell | undefined
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-terminal-'))
  vm = await openVm()
})
afterAll(async () => {
  await vm.close()
  await rm(directory, { recursive: true })
})
afterEach(async () => {
  shell?.close()
  await shell?.exited
})

function start(
  args: readonly string[],
  size: readonly [cols: number, rows: number] = [140, 40],
  env: Record<string, string> = {},
): Screen {
  const screen = openScreen(args, { size, env, directory })
  shell = screen.shell
  return screen
}

async function signal(name: NodeJS.Signals): Promise<void> {
  process.kill(Number(await readFile(join(directory, 'pid'), 'utf8')), name)
}

/** The normal screen, with a cursor, and a keyboard that makes lines. */
async function expectRestored(screen: Screen): Promise<void> {
  expect(screen.raw.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(screen.raw.lastIndexOf('\x1b[?1049h'))
  expect(screen.raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.raw.lastIndexOf('\x1b[?25l'))
  expect(await readFile(join(directory, 'modes'), 'utf8')).toMatch(/ icanon[\s\S]* echo /)
}

test('a lesson with one key: Enter runs what is chosen, checks tick, and at the end of a step comes the next', async () => {
  await command(['forget', 'unshare-pid'])
  const screen = start(['unshare-pid'])
  await screen.shows(/step 1 of \d[\s\S]*● ready/)
  await screen.press('\r')
  await screen.shows(/✓ ps -e --no-headers/)
  await screen.press('\r')
  await screen.shows(/pid:\[\d+\]/)
  await screen.press('\r')
  await screen.shows(/choose an answer first/)
  await screen.press('\x1b[B', '\x1b[B', '\r')
  await screen.shows(/Right\./)
  await screen.press('\r')
  await screen.shows(/▌ ✓ Next: Half a namespace/)
  await screen.press('\r')
  await screen.shows(/step 2 of[\s\S]*Half a namespace/)
  await screen.press('\r')
  await screen.shows(/✓ The shell in inside is in a PID namespace/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
  await expectRestored(screen)
})

test('24 rows: the beginning is read first, and Enter reads on before it runs anything', async () => {
  await command(['forget', 'unshare-pid'])
  const screen = start(['unshare-pid'], [80, 24])
  await screen.shows(/In a container, ps shows[\s\S]*↓ \d+ more lines[\s\S]*⏎ read on/)
  await screen.press('\r')
  await screen.shows(/▌ ○ ps -e --no-headers[\s\S]*⏎ run/)
  await screen.press('\r')
  await screen.shows(/✓ ps -e --no-headers/)
  screen.terminal.resize(50, 10)
  screen.shell.resize(50, 10)
  await screen.shows(/A lesson needs 60 columns and 16 rows/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
  await expectRestored(screen)
})

test('in the terminal all keys are the shell’s: Ctrl-C ends its program, not the UI; vi draws; a new size reaches it', async () => {
  const screen = start(['unshare-pid'])
  await screen.shows(/● ready/)
  await screen.press('\x14')
  await screen.shows(/your keys go here/)
  // What is typed is shown at once, and a shell that has not begun the program yet ignores Ctrl-C.
  await screen.press('sh -c "echo $((20 + 1)) sleeps; sleep 600"\r')
  await screen.shows(/21 sleeps/)
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
  await screen.shows(/✓ ps -e --no-headers/)
  await screen.press('q')
  await screen.shell.exited
})

test('an exercise is edited in $EDITOR, and what was saved is in the sandbox; the solution ticks the check', async () => {
  const editor = join(directory, 'editor.sh')
  // As an editor does: its own screen, the keyboard as it was before us, a change.
  await writeFile(editor, `stty -a | grep -q ' icanon' && echo '# edited' >> "$1"\n`)
  const screen = start(['fork-exec', '--step', 'your-turn'], [120, 40], { EDITOR: `sh ${editor}` })
  await screen.shows(/▌ ○ A small launcher {2}⏎ edit/)
  const before = (await readdir(tmpdir())).filter((name) => /^learn-containers-\w{6}$/.test(name))
  await screen.press('\r')
  await screen.shows(/\/root\/launch\.sh is in the sandbox/)
  // Saved: Enter leads on from there, and not into the editor again.
  await screen.shows(/✓ A small launcher(?! {2}⏎)/)
  expect((await vm.get('/root/launch.sh')).toString()).toMatch(/# edited\n$/)
  expect((await readdir(tmpdir())).filter((name) => /^learn-containers-\w{6}$/.test(name))).toEqual(before)
  await screen.press('s')
  await screen.shows(/press s again/)
  await screen.press('s')
  await screen.shows(/✓ \/root\/launch\.sh prints/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
})

test('Enter stops where something is open: at a task of the learner’s own, and at the end of a step', async () => {
  const screen = start(['fork-exec', '--step', 'prove-it'], [120, 40])
  await screen.shows(/▌ ○ sleep 300 &[\s\S]*⏎ run/)
  // Past both commands, and past the check.
  await screen.press(...Array.from({ length: 9 }, () => 'j'))
  await screen.shows(/▌ → Next: .*⏎/)
  await screen.press('\r')
  await screen.shows(/✗ A sleep of yours is running[\s\S]*a check of this step is still open/)
  await screen.press('\r')
  await screen.shows(/step 7 of 7/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
})

test('before a task of the learner’s own Enter does not run what comes after it; its solution leads on', async () => {
  const screen = start(['unshare-user', '--step', 'map'], [140, 44])
  await vm.exec('id nora || useradd --create-home --shell /bin/bash nora')
  await screen.shows(/▌ ○ id -u nora/)
  await screen.press('\t', '\x14', 'runuser -m nora\r')
  await screen.shows(/nora@lab/)
  await screen.press('unshare --user bash\r')
  await screen.shows(/nobody@lab/)
  await screen.press('\x14', '\r')
  await screen.shows(/▌ ○ Inside user 0, outside nora[\s\S]*is still empty/)
  await screen.press('s', 's')
  await screen.shows(/✓ Inside user 0, outside nora[\s\S]*▌ ○ id -un/)
  await screen.press('q')
  expect(await screen.shell.exited).toBe(0)
})

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s restores the screen', async (name) => {
  const screen = start(['fork-exec'])
  await screen.shows(/● ready/)
  await signal(name)
  await screen.shell.exited
  await expectRestored(screen)
})

test('NO_COLOR: no colours anywhere, neither ours nor the shell’s', async () => {
  const screen = start(['unshare-pid'], [120, 40], { NO_COLOR: '1' })
  await screen.shows(/root@lab[\s\S]*⏎ run/)
  await screen.press('\r')
  await screen.shows(/✓ ps -e --no-headers/)
  expect(screen.raw).not.toMatch(/\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])[;m]/)
  await screen.press('q')
  await screen.shell.exited
})

test('Ctrl-C while the sandbox is opened ends it with 130, and quietly', async () => {
  // A host that accepts and never answers.
  const deaf = createServer(() => {})
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
  const address = deaf.address()
  const port = typeof address === 'object' ? address?.port : 0
  const [key, known] = [join(directory, 'key'), join(directory, 'known_hosts')]
  await rm(key, { force: true })
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  await writeFile(known, `[127.0.0.1]:${port} ${await readFile(`${key}.pub`, 'utf8')}`)
  const screen = start(['unshare-pid', '--sandbox', `ssh://root@127.0.0.1:${port}`], [120, 40], {
    LEARN_CONTAINERS_SSH_KEY: key,
    LEARN_CONTAINERS_KNOWN_HOSTS: known,
  })
  await once(deaf, 'connection')
  await screen.press('\x03')
  expect(await screen.shell.exited).toBe(130)
  expect(screen.raw).not.toMatch(/Error|learn-containers:/)
  deaf.close()
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
