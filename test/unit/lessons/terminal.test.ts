// A terminal and a shell that tells nothing of itself: what the kernel says of it counts.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Terminal } from '../../../lessons/player/terminal.ts'
import type { Sandbox, Shell } from '../../../sandbox-vm/sandbox.ts'

const mark = (body: string): string => `\x1b]133;${body}\x07`
const prompt = `${mark('D;0')}${mark('A')}$ ${mark('B')}`

let say: (text: string) => void
let waits: string
let prompts: number
let terminal: Terminal

beforeEach(async () => {
  vi.useFakeTimers()
  waits = ''
  prompts = 0
  const shell: Shell = {
    write: () => {},
    resize: () => {},
    onData: (listener) => {
      say = (text) => listener(Buffer.from(text))
      return () => {}
    },
    exited: new Promise(() => {}),
    close: () => {},
  }
  const sandbox: Pick<Sandbox, 'shell' | 'exec'> = {
    shell: async () => shell,
    exec: async () => ({ status: 0, stdout: waits, stderr: '' }),
  }
  terminal = new Terminal('host', 80, 24, { onData: () => {}, onPrompt: () => prompts++, onExit: () => {} })
  const opening = terminal.open(sandbox as Sandbox, 'session')
  await vi.advanceTimersByTimeAsync(0)
  say(prompt)
  await opening
})
afterEach(() => {
  terminal.dispose()
  vi.useRealTimers()
})

test('a shell without marks ends the command that started it, and lets its checks be tried', async () => {
  const end = terminal.run('busybox sh', { interactive: false, timeout: 30_000 })
  say(`busybox sh\r\n${mark('C')}/ # `)
  waits = 'shell\n'
  prompts = 0
  await vi.advanceTimersByTimeAsync(2000)
  expect(await end).toMatchObject({ type: 'ended', status: undefined })
  expect([prompts, terminal.busy]).toEqual([1, undefined])
})

test('the shell that has not taken the line yet does not count as a new one', async () => {
  const end = terminal.run('mount; ls', { interactive: false, timeout: 30_000 })
  // So slow a machine that the old shell still stands at its prompt.
  waits = 'shell\n'
  await vi.advanceTimersByTimeAsync(8000)
  expect(terminal.busy).toBe('mount; ls')
  waits = ''
  say(`mount; ls\r\n${mark('C')}a file\r\n${prompt}`)
  expect(await end).toEqual({ type: 'ended', status: 0, output: 'a file\n' })
})

test('a program that passes all keys on counts as a shell only where a prompt stands', async () => {
  const end = terminal.run('attach', { interactive: false, timeout: 30_000 })
  waits = 'raw\n'
  say(`attach\r\n${mark('C')}starting`)
  await vi.advanceTimersByTimeAsync(5000)
  expect(terminal.busy).toBe('attach')
  say('\r\n/ # ')
  await vi.advanceTimersByTimeAsync(2000)
  expect(await end).toMatchObject({ type: 'ended' })
})
