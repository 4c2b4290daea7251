// Our terminal, and a process in a container, over one raw connection: `run`, `attach`, `exec`.
//
//   keyboard ──> detach keys? ──> connection ──> its standard input
//   screen   <── frames apart <── connection <── its output
//
// With a terminal on both sides, ours is made raw: Ctrl-C is a byte like any, and it is the
// terminal in the container that makes a signal of it.
import type { Duplex } from 'node:stream'
import { detachKeys } from '../../api/detach-keys.ts'
import { configText } from '../../client/config-file.ts'
import { readOutput } from '../../client/frames.ts'
import type { Flags } from '../flags.ts'
import type { Streams } from '../output/streams.ts'

export interface Conversation {
  connection: Duplex
  /** The process has a terminal: one stream each way, and no frames. */
  terminal: boolean
  /** Our standard input is the process's. */
  input: boolean
  /** `ctrl-p,ctrl-q`; empty for the usual ones. */
  detachKeys: string
  streams: Streams
}

/** @returns `detached` when the user left by the keys; the process goes on then */
export async function converse(conversation: Conversation): Promise<'ended' | 'detached'> {
  const { connection, terminal, input, streams } = conversation
  // Whoever ends first, the other sees the stream close, and that is enough.
  connection.on('error', () => {})
  using _ = input && terminal && process.stdin.isTTY ? await rawTerminal() : undefined
  using keyboard = input ? new Keyboard(conversation) : undefined
  const output = readOutput(connection, terminal, (stream, bytes) =>
    stream === 'stderr' ? streams.err(bytes) : streams.out(bytes),
  ).then(
    () => 'ended' as const,
    (error: unknown) => {
      if (keyboard?.isDetached) return 'detached' as const
      // A daemon that is killed resets the connection: its end is the end of what there is to see.
      if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return 'ended' as const
      throw error
    },
  )
  return await Promise.race([output, ...(keyboard ? [keyboard.detached] : [])])
}

/** Loaded now: it takes the door to the kernel. */
async function rawTerminal(): Promise<Disposable> {
  const { makeRaw } = await import('../local/raw-terminal.ts')
  return makeRaw()
}

class Keyboard implements Disposable {
  readonly detached: Promise<'detached'>
  isDetached = false

  constructor({ connection, terminal, detachKeys: spec }: Conversation) {
    const { stdin } = process
    const watch = terminal ? detachKeys(spec) : undefined
    const { promise, resolve } = Promise.withResolvers<'detached'>()
    this.detached = promise
    stdin.on('data', (chunk: Buffer) => {
      const { pass, detach } = watch?.(chunk) ?? { pass: chunk, detach: false }
      if (pass.length > 0 && !connection.write(pass)) {
        stdin.pause()
        connection.once('drain', () => stdin.resume())
      }
      if (!detach) return
      this.isDetached = true
      connection.destroy()
      resolve('detached')
    })
    // Half a close: the process reads the end of its input, and we what it still says.
    stdin.once('end', () => connection.end())
    stdin.on('error', () => connection.end())
  }

  [Symbol.dispose](): void {
    // Nothing else reads it, and a terminal that is waited for keeps the process.
    process.stdin.destroy()
  }
}

/** @returns those of --detach-keys, or of config.json; empty for the usual ones */
export function detachKeysOf(flags: Flags): string {
  return flags.text('detach-keys') ?? configText('detachKeys') ?? ''
}

/** Tells the size of our terminal now and whenever it changes. @param tell errors are nobody's business: the process may have ended */
export function followSize(
  streams: Streams,
  tell: (rows: number, columns: number) => Promise<unknown>,
): Disposable {
  const send = (): void => {
    const size = streams.terminal()
    if (size) tell(size.rows, size.columns).catch(() => {})
  }
  send()
  process.on('SIGWINCH', send)
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', send) }
}

const forwarded = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
] as const

/** `--sig-proxy`: signals that we get are the container's. */
export function proxySignals(kill: (signal: string) => Promise<unknown>): Disposable {
  const handlers = forwarded.map((signal) => [signal, () => void kill(signal).catch(() => {})] as const)
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return {
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    },
  }
}
