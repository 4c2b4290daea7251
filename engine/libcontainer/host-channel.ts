// The host's end of the handshake: asks, waits for answers, and passes on what
// init may say at any moment. handshake.ts has the drawing.
//
// Next: engine/libcontainer/init.ts
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import type { TraceRecord } from '../trace/trace.ts'
import type { CreateRequest, ExecRequest, InitMessage } from './handshake.ts'

export interface Listener {
  onTrace?: (record: TraceRecord) => void
  onWarning?: (message: string) => void
}

/** The host's end. */
export class HostChannel {
  readonly #socket: Duplex
  readonly #lines: AsyncIterator<string>
  readonly #listener: Listener

  /** @param fd which of the child's descriptors is the socket */
  constructor(child: ChildProcess, fd: number, listener: Listener) {
    const socket = child.stdio[fd]
    if (child.pid === undefined || !isSocket(socket))
      throw new EngineError('internal', 'start init: no process could be made')
    // ENOENT of a stepping stone, and EPIPE: init's last words are on their way, or never come.
    child.on('error', () => {})
    socket.on('error', () => {})
    socket.setEncoding('utf8')
    this.#socket = socket
    this.#listener = listener
    this.#lines = linesOf(socket)
  }

  send(request: CreateRequest | ExecRequest): void {
    this.#socket.write(`${JSON.stringify(request)}\n`)
  }

  go(): void {
    this.#socket.write('go\n')
  }

  /** The last `go`. Resolves when it is on its way: whoever exits earlier takes it along. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end('go\n', resolve))
    this.#socket.destroy()
  }

  /** Waits for what init says next. @throws EngineError what init failed by */
  async expect<T extends InitMessage['type']>(type: T): Promise<Extract<InitMessage, { type: T }>> {
    const message = await this.#next()
    if (message?.type === type) return message as Extract<InitMessage, { type: T }>
    throw new EngineError(
      'internal',
      message ? `init said ${message.type} in place of ${type}` : 'init was killed',
    )
  }

  /** Waits until init has become something else, or died. @throws EngineError what init failed by */
  async untilEnd(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async #next(): Promise<InitMessage | undefined> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) return undefined
      const message: InitMessage = JSON.parse(value)
      if (!hear(message, this.#listener)) return message
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Passes on what can be said at any moment. @throws EngineError for `failed` */
export function hear(message: InitMessage, listener: Listener): boolean {
  if (message.type === 'failed')
    throw new EngineError(message.kind, message.message, { exitStatus: message.exitStatus })
  if (message.type === 'trace') listener.onTrace?.(message.record)
  else if (message.type === 'warning') listener.onWarning?.(message.message)
  // `ready` of an init that was taken before it was.
  return ['trace', 'warning', 'ready'].includes(message.type)
}

/** Lines of a stream, as they come. readline would do it too, and takes 3 ms to load. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function isSocket(stream: unknown): stream is Duplex {
  return typeof stream === 'object' && stream !== null && 'read' in stream && 'write' in stream
}
