// The supervisor's socket: lines in, lines out; protocol.ts has the drawing.
//
// A client may be wrong, slow, or gone at any moment. None of that reaches a container:
// a line that cannot be read is answered and changes nothing, and answers for who has
// left go nowhere.
//
// Next: engine/daemon/supervisor/supervisor.ts
import { chmodSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { EngineError, errorLine } from '../../errors.ts'
import { attach } from './attach.ts'
import { attachSchema, longestLine, type Request, requestSchema, socketName } from './protocol.ts'
import type { Supervisor } from './supervisor.ts'

/** Bytes of answers and events that a client has not read. */
const mostUnread = 4 * longestLine

export class SupervisorServer {
  readonly #supervisor: Supervisor
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  readonly #over = Promise.withResolvers<void>()
  readonly #path: string

  private constructor(directory: string, supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#path = join(directory, socketName)
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#serve(socket),
    )
  }

  /** Listens in this directory, in place of a supervisor that is gone. */
  static async listen(directory: string, supervisor: Supervisor): Promise<SupervisorServer> {
    const server = new SupervisorServer(directory, supervisor)
    // Beside, then renamed: a socket of this name is one that answers.
    const beside = `${server.#path}.new`
    rmSync(beside, { force: true })
    await new Promise<void>((resolve, reject) => {
      // Later ones, as EMFILE of accept(2), cost a client its connection, and nobody else anything.
      server.#server.on('error', reject)
      server.#server.listen(beside, resolve)
    })
    // Who may speak to us is root in all but name.
    chmodSync(beside, 0o600)
    renameSync(beside, server.#path)
    return server
  }

  /** Resolves after a `shutdown`. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#connections.delete(socket))
    let pending: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      for (let end = pending.indexOf(10); end >= 0; end = pending.indexOf(10)) {
        const line = pending.toString('utf8', 0, end)
        pending = pending.subarray(end + 1)
        if (this.#attach(socket, line, () => stop(pending))) return
        void this.#answer(socket, line)
      }
      if (pending.length > longestLine) socket.destroy()
    }
    /** From here on it is bytes. @param rest what came with the line */
    const stop = (rest: Buffer): void => {
      socket.pause()
      socket.off('data', take)
      socket.off('end', leave)
      if (rest.length > 0) socket.unshift(rest)
    }
    const leave = (): void => void socket.end()
    socket.on('data', take)
    socket.on('end', leave)
    socket.resume()
  }

  /** @returns whether the line asked for it; then it is answered, and the connection is no longer of lines */
  #attach(socket: Socket, line: string, stop: () => void): boolean {
    const request = attachSchema.safeParse(parse(line))
    if (!request.success) return false
    stop()
    try {
      const process = this.#supervisor.process(request.data)
      say(socket, { ok: { framed: !process.terminal } })
      attach(socket, process, request.data)
    } catch (error) {
      say(socket, { error: describe(error) })
      socket.end()
    }
    return true
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const value = parse(line)
    const id = typeof value === 'object' && value !== null && 'id' in value ? Number(value.id) : 0
    try {
      const ok = await this.#handle(socket, readRequest(value))
      say(socket, { id, ok: ok ?? {} })
    } catch (error) {
      say(socket, { id, error: describe(error) })
    }
  }

  async #handle(socket: Socket, request: Request): Promise<unknown> {
    if (request.verb === 'events') {
      const listening = this.#supervisor.listen((event) => say(socket, event))
      socket.once('close', () => listening[Symbol.dispose]())
      return undefined
    }
    if (request.verb === 'shutdown') {
      await this.#supervisor.shutdown(request.force ?? false)
      // After the answer is on its way.
      setImmediate(() => this.#close())
      return undefined
    }
    return await this.#supervisor.handle(request)
  }

  #close(): void {
    rmSync(this.#path, { force: true })
    this.#server.close()
    for (const socket of this.#connections) socket.end()
    this.#over.resolve()
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function readRequest(value: unknown): Request {
  const result = requestSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new EngineError(
    'invalid',
    `the request is wrong at ${issue?.path.join('.') || 'its verb'}: ${issue?.message}`,
  )
}

function describe(error: unknown) {
  const { kind, exitStatus } =
    error instanceof EngineError ? error : ({ kind: 'internal', exitStatus: 125 } as const)
  return { kind, exitStatus, message: errorLine(error) }
}

function say(socket: Socket, value: unknown): void {
  if (!socket.writable) return
  // Who asks and does not read the answers takes memory, up to here.
  if (socket.writableLength > mostUnread) socket.destroy()
  else socket.write(`${JSON.stringify(value)}\n`)
}
