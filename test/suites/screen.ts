// The terminal UI on a real PTY, read back through a terminal emulator.
import { join } from 'node:path'
import xterm from '@xterm/headless'
import { expect } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openPty } from '../../sandbox-vm/pty.ts'
import type { Shell } from '../../sandbox-vm/sandbox.ts'

const program = join(packageRoot(), 'dist/learn-containers.mjs')

export class Screen {
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

export function openScreen(
  args: readonly string[],
  {
    size: [cols, rows],
    env,
    directory,
  }: { size: readonly [cols: number, rows: number]; env: Record<string, string>; directory: string },
): Screen {
  const state = process.env.LEARN_CONTAINERS_STATE
  const shell = openPty({
    cols,
    rows,
    // Its number, for those who signal it; the modes of its terminal afterwards.
    command: [
      'sh',
      '-c',
      `sh -c 'echo $$ > ${directory}/pid; exec "$@"' sh "$@"; status=$?; stty -a > ${directory}/modes; exit $status`,
      'sh',
      process.execPath,
      program,
      ...args,
    ],
    cwd: packageRoot(),
    env: { ...(state ? { LEARN_CONTAINERS_STATE: state } : {}), CI: '', ...env },
  })
  return new Screen(shell, cols, rows)
}
