// `run` and `exec` with a terminal, typed by hand: no manager plays the terminal, the runtime
// itself does (terminal-relay.ts). Needs root.
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Runtime } from '../suites/bundle.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('by hand (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  /** In a terminal of its own, with that typed into it. */
  const typed = (input: string, ...words: string[]) =>
    execa('script', ['-qec', [runtime.program, '--root', runtime.root, ...words].join(' '), '/dev/null'], {
      ...{ input, reject: false, timeout: 30_000 },
    })

  test('run: a terminal in there, what is typed reaches it, its status comes back', async () => {
    const args = ['sh', '-c', 'tty; read line; echo "got $line"; exit 7']
    const { id, bundle } = await runtime.container({ process: { terminal: true, args } })
    const { stdout, exitCode } = await typed('hello\n', 'run', '--bundle', bundle, id)
    expect([stdout, exitCode]).toEqual([expect.stringContaining('/dev/pts/0'), 7])
    expect(stdout).toContain('got hello')
  })

  test('exec -t likewise', async () => {
    const container = await runtime.container({ process: { args: ['sleep', '60'] } })
    await container.launch()
    const { stdout, exitCode } = await typed('', 'exec', '--tty', container.id, 'tty')
    expect([stdout, exitCode]).toEqual([expect.stringMatching(/^\/dev\/pts\/\d+\r/), 0])
  })
})
