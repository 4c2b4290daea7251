// A program on a PTY, read back through a terminal emulator: what the suites of the
// terminal UI look at.
import xterm from '@xterm/headless'
import { expect } from 'vitest'
import type { Shell } from '../../sandbox-vm/sandbox.ts'

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
