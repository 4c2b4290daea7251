// Questions to whoever sits at the terminal.
import { readSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import type { Streams } from './output/streams.ts'

/** @returns whether the answer is yes; the end of the input is a no */
export function confirm(streams: Streams, warning: string): boolean {
  streams.out(`${warning}\nAre you sure you want to continue? [y/N] `)
  return /^y(es)?$/i.test((readLine() ?? '').trim())
}

/** @returns the line without its end; undefined at the end of the input */
export function ask(streams: Streams, question: string): string | undefined {
  streams.err(question)
  return readLine()
}

/** What is typed is not shown. Standard input has to be a terminal. @returns undefined when it was given up */
export function askSecret(streams: Streams, question: string): string | undefined {
  streams.err(question)
  const terminal = new ReadStream(0)
  terminal.setRawMode(true)
  try {
    const typed: number[] = []
    for (;;) {
      const byte = readByte()
      // Enter; Ctrl-C and Ctrl-D, which raw mode hands to us; backspace in its two forms.
      if (byte === 13 || byte === 10) return Buffer.from(typed).toString('utf8')
      if (byte === undefined || byte === 3 || byte === 4) return undefined
      if (byte === 127 || byte === 8) typed.pop()
      else typed.push(byte)
    }
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    streams.err('\n')
  }
}

/** One line of standard input, a byte at a time: what follows it is another's. */
function readLine(): string | undefined {
  const bytes: number[] = []
  for (let byte = readByte(); byte !== 10; byte = readByte()) {
    if (byte === undefined) return bytes.length === 0 ? undefined : Buffer.from(bytes).toString('utf8')
    bytes.push(byte)
  }
  return Buffer.from(bytes).toString('utf8')
}

function readByte(): number | undefined {
  const byte = Buffer.alloc(1)
  for (;;) {
    try {
      return readSync(0, byte, 0, 1, null) === 0 ? undefined : byte[0]
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return undefined
      // A descriptor that somebody made non-blocking, and nothing to read yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}
