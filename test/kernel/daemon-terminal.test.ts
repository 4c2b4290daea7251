// A person at a terminal: `run -it`, `attach` and `exec -it` in a real PTY, by `tocker` and by the stock
// client. Sizes follow the window, and the detach keys leave what runs running. Needs root.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openPty } from '../../sandbox-vm/pty.ts'
import type { Shell } from '../../sandbox-vm/sandbox.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const clients = {
  tocker: [process.execPath, join(packageRoot(), 'dist/tocker.mjs')],
  docker: ['docker'],
} as const
const patience = { interval: 50 }
const [ctrlP, ctrlQ, ctrlX] = ['\u0010', '\u0011', '\u0018']

describe.runIf(isRoot)('terminals (needs root)', () => {
  let tockerd: Tockerd
  beforeAll(async () => {
    tockerd = await Tockerd.open()
  })
  afterAll(() => tockerd[Symbol.asyncDispose]())

  class Terminal {
    readonly shell: Shell
    #shown = ''
    constructor(client: keyof typeof clients, ...words: string[]) {
      const environment = { ...process.env, ...tockerd.environment }
      const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined))
      this.shell = openPty({
        cols: 91,
        rows: 31,
        command: [...clients[client], ...words],
        env: env as Record<string, string>,
      })
      this.shell.onData((chunk) => {
        this.#shown += chunk.toString()
      })
    }
    /** What it has shown since this was asked last. */
    async shows(pattern: RegExp): Promise<void> {
      await expect.poll(() => this.#shown, patience).toMatch(pattern)
      this.#shown = ''
    }
    /** @param answer what the command prints, and the line that was typed does not have */
    async asks(line: string, answer: RegExp): Promise<void> {
      this.shell.write(`${line}\r`)
      await this.shows(answer)
    }
    /** The program gets SIGWINCH some time after the window has changed. */
    async hasSize(rows: number, columns: number): Promise<void> {
      await expect
        .poll(async () => {
          this.#shown = ''
          this.shell.write('stty size\r')
          await new Promise((resolve) => setTimeout(resolve, 200))
          return this.#shown
        }, patience)
        .toMatch(new RegExp(`\\b${rows} ${columns}\\r`))
    }
  }
  const running = (name: string): Promise<string> => tockerd.ok('inspect', '-f', '{{.State.Running}}', name)
  const run = ['run', '-it', '--network', 'none', '--stop-timeout', '0']

  test.each(Object.keys(clients) as (keyof typeof clients)[])('%s', async (client) => {
    const name = `by-${client}`
    const first = new Terminal(client, ...run, '--name', name, 'busybox', 'sh')
    await first.shows(/# /)
    await first.hasSize(31, 91)
    first.shell.resize(77, 22)
    await first.hasSize(22, 77)
    // One of the two keys alone is the program's, and comes with the next one.
    first.shell.write(`${ctrlP}x\u0015`)
    await first.asks('echo $((6 * 7))', /42/)
    first.shell.write(ctrlP)
    first.shell.write(ctrlQ)
    expect(await first.shell.exited).toBe(0)
    expect(await running(name)).toBe('true')

    const second = new Terminal(client, 'attach', '--detach-keys', 'ctrl-x,x', name)
    await second.asks('echo $((6 * 8))', /48/)
    await second.hasSize(31, 91)
    second.shell.write(`${ctrlP}${ctrlQ}\u0015`)
    await second.asks('echo $((6 * 9))', /54/)
    second.shell.write(`${ctrlX}x`)
    await second.shows(/read escape sequence/)
    expect(await second.shell.exited).toBe(1)
    expect(await running(name)).toBe('true')

    const third = new Terminal(client, 'exec', '-it', '--detach-keys', 'ctrl-x', name, 'sh')
    await third.shows(/# /)
    await third.hasSize(31, 91)
    third.shell.resize(55, 44)
    await third.hasSize(44, 55)
    await third.asks('sleep 876 & exit 7', /exit 7/)
    expect(await third.shell.exited).toBe(7)
    const fourth = new Terminal(client, 'exec', '-it', '--detach-keys', 'ctrl-x', name, 'sh')
    await fourth.asks('echo $((6 * 11))', /66/)
    fourth.shell.write(ctrlX)
    await fourth.shell.exited
    expect((await tockerd.ok('top', name)).match(/ sh$/gm)).toHaveLength(2)

    const fifth = new Terminal(client, 'attach', name)
    await fifth.asks('exit 9', /exit 9/)
    expect(await fifth.shell.exited).toBe(9)
    expect(await running(name)).toBe('false')

    const sixth = new Terminal(client, 'start', '-ai', '--detach-keys', 'a,b', name)
    await sixth.shows(/# /)
    await sixth.hasSize(31, 91)
    sixth.shell.write('ab')
    await sixth.shell.exited
    expect(await running(name)).toBe('true')
    await tockerd.ok('rm', '-f', name)
  })

  test.each(Object.keys(clients) as (keyof typeof clients)[])('%s: keys of config.json', async (client) => {
    const [name, path] = [`config-${client}`, join(tockerd.directory, 'config/config.json')]
    writeFileSync(path, '{ "detachKeys": "ctrl-x,y" }')
    const terminal = new Terminal(client, ...run, '--name', name, 'busybox', 'sh')
    await terminal.shows(/# /)
    terminal.shell.write(`${ctrlP}${ctrlQ}\u0015`)
    await terminal.asks('echo $((6 * 7))', /42/)
    terminal.shell.write(`${ctrlX}y`)
    expect(await terminal.shell.exited).toBe(0)
    expect(await running(name)).toBe('true')
    writeFileSync(path, '{}')
    await tockerd.ok('rm', '-f', name)
  })

  test('keys that are none are refused before anything is made', async () => {
    const terminal = new Terminal('tocker', ...run, '--detach-keys', 'ctrl-?', 'busybox', 'sh')
    await terminal.shows(/[Ii]nvalid detach keys/)
    expect(await terminal.shell.exited).not.toBe(0)
    expect(await tockerd.ok('ps', '-aq', '--filter', 'status=running')).toBe('')
  })
})
