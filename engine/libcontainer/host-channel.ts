// The host's end of the handshake: asks, waits for answers, and passes on what
// init may say at any moment. handshake.ts has the drawing.
//
// Next: engine/libcontainer/init.ts
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { PassThrough, type Readable } from 'node:stream'
import { EngineError, hasCode } from '../errors.ts'
import type { TraceRecord } from '../trace/trace.ts'
import type { CreateRequest, ExecRequest, InitMessage, Opened } from './handshake.ts'

export interface Listener {
  onTrace?: (record: TraceRecord) => void
  onWarning?: (message: string) => void
}

/** The host's end. */
export class HostChannel {
  readonly #fd: number
  readonly #socket: Socket
  readonly #lines: AsyncIterator<string>
  /** Who hears what may come at any moment. */
  listener: Listener

  /** @param fd our end of the socket; close() closes it */
  constructor(fd: number, listener: Listener) {
    const socket = new Socket({ fd, readable: true, writable: true })
    // EPIPE: init's last words are on their way, or never come.
    socket.on('error', () => {})
    // What Node has read and not handed out goes with a socket that breaks: it is kept here.
    const kept = new PassThrough()
    kept.setEncoding('utf8')
    socket.on('data', (chunk) => kept.write(chunk))
    socket.once('close', () => kept.end())
    this.#fd = fd
    this.#socket = socket
    this.listener = listener
    this.#lines = linesOf(kept)
  }

  send(message: CreateRequest | ExecRequest | Opened): void {
    this.#write(`${JSON.stringify(message)}\n`)
  }

  go(): void {
    this.#write('go\n')
  }

  /** By write(2) itself: one of Node's that fails, since init has gone, would take along what init said before. */
  #write(text: string, whole: () => void = () => {}): void {
    let rest = Buffer.from(text)
    try {
      if (!this.#socket.destroyed && this.#socket.writableLength === 0)
        rest = rest.subarray(writeSync(this.#fd, rest))
    } catch (error) {
      // It has gone, and nobody reads the rest.
      if (hasCode(error, 'EPIPE') || hasCode(error, 'ECONNRESET')) rest = Buffer.alloc(0)
      else if (!hasCode(error, 'EAGAIN')) throw error
    }
    if (rest.length === 0) whole()
    else this.#socket.write(rest, () => whole())
  }

  /** The last `go`. Resolves when it is on its way: whoever exits earlier takes it along. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.#write('go\n', resolve))
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

  /** Waits for the first word of an init of a pool. @returns false when it ended without one */
  async ready(): Promise<boolean> {
    try {
      const { value } = await this.#lines.next()
      return value !== undefined && (JSON.parse(value) as InitMessage).type === 'ready'
    } catch {
      // Half a line: it was killed while it said it.
      return false
    }
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
      if (!hear(message, this.listener)) return message
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
