// The daemon's end of protocol.ts: requests as promises, attach streams as sockets.
//
// Whoever is the client may die at any moment: nothing here is needed by the other end.
//
// Next: engine/daemon/supervisor/protocol.ts
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { sinkHere } from '../../trace/scope.ts'
import {
  type AttachRequest,
  answerSchema,
  type End,
  type Event,
  endSchema,
  eventSchema,
  type failureSchema,
  type Listed,
  listedSchema,
  longestLine,
  type Request,
  socketName,
  traceSchema,
} from './protocol.ts'

type Failure = z.infer<typeof failureSchema>
type Asked<V extends Request['verb']> = Omit<Extract<Request, { verb: V }>, 'verb'>

const listSchema = z.array(listedSchema)
const pidSchema = z.object({ pid: z.number() })
const traceAnswerSchema = z.object({ trace: traceSchema })
/** Of an exec alone. */
const startedSchema = z.nullish(z.object({ pid: z.optional(z.number()) }))
const pidsSchema = z.array(z.number())

export class SupervisorClient implements Disposable {
  readonly #directory: string
  readonly #socket: Socket
  readonly #waiting = new Map<number, { resolve: (ok: unknown) => void; reject: (error: Error) => void }>()
  #next = 1
  /** Hears of every end, once events() was called. */
  onEvent: (event: Event) => void = () => {}
  /** The supervisor is gone, or we are. */
  onClose: () => void = () => {}

  private constructor(directory: string, socket: Socket) {
    this.#directory = directory
    this.#socket = socket
    onLines(socket, (line) => this.#hear(line))
    socket.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(gone())
      this.#waiting.clear()
      this.onClose()
    })
  }

  /** @param directory the exec-root. @throws EngineError `unavailable` when no supervisor is there */
  static async connect(directory: string): Promise<SupervisorClient> {
    return new SupervisorClient(directory, await dial(directory))
  }

  async create(request: Asked<'create'>): Promise<{ pid: number }> {
    return pidSchema.parse(await this.#traced({ verb: 'create', ...request }))
  }

  async exec(request: Asked<'exec'>): Promise<void> {
    await this.#ask({ verb: 'exec', ...request })
  }

  /** @returns the PID of an exec; that of a container is known since create() */
  async start(request: Asked<'start'>): Promise<number | undefined> {
    return startedSchema.parse(await this.#traced({ verb: 'start', ...request }))?.pid
  }

  /** The X-ray of a job goes on in the other process: its answer brings along what it asked of the kernel. */
  async #traced(request: Extract<Request, { verb: 'create' | 'start' }>): Promise<unknown> {
    const sink = sinkHere()
    if (sink === undefined) return await this.#ask(request)
    const answer = await this.#ask({ ...request, trace: true })
    for (const record of traceAnswerSchema.parse(answer).trace) sink(record)
    return answer
  }

  async kill(request: Asked<'kill'>): Promise<void> {
    await this.#ask({ verb: 'kill', ...request })
  }

  async pause(container: string): Promise<void> {
    await this.#ask({ verb: 'pause', container })
  }

  async resume(container: string): Promise<void> {
    await this.#ask({ verb: 'resume', container })
  }

  async update(request: Asked<'update'>): Promise<void> {
    await this.#ask({ verb: 'update', ...request })
  }

  async resize(request: Asked<'resize'>): Promise<void> {
    await this.#ask({ verb: 'resize', ...request })
  }

  /** How it ended, once it has. */
  async wait(request: Asked<'wait'>): Promise<End> {
    return endSchema.parse(await this.#ask({ verb: 'wait', ...request }))
  }

  async closeInput(request: Asked<'stdin'>): Promise<void> {
    await this.#ask({ verb: 'stdin', ...request })
  }

  async list(): Promise<Listed[]> {
    return listSchema.parse(await this.#ask({ verb: 'list' }))
  }

  async pids(container: string): Promise<number[]> {
    return pidsSchema.parse(await this.#ask({ verb: 'pids', container }))
  }

  /** As libcontainer/cgroups/stats.ts has them; parsed by who asks. */
  stats(container: string): Promise<unknown> {
    return this.#ask({ verb: 'stats', container })
  }

  /** An id whose container starts soonest; undefined when there is none just now. */
  async reserve(): Promise<string | undefined> {
    const id = await this.#ask({ verb: 'reserve' })
    return typeof id === 'string' ? id : undefined
  }

  async delete(request: Asked<'delete'>): Promise<void> {
    await this.#ask({ verb: 'delete', ...request })
  }

  async events(): Promise<void> {
    await this.#ask({ verb: 'events' })
  }

  async shutdown(force = false): Promise<void> {
    await this.#ask({ verb: 'shutdown', force })
  }

  /** A connection of its own, paused, from which the output comes. Ending it ends the input. @throws EngineError */
  async attach(request: Omit<AttachRequest, 'verb'>): Promise<{ stream: Socket; framed: boolean }> {
    const socket = await dial(this.#directory)
    socket.write(`${JSON.stringify({ verb: 'attach', ...request })}\n`)
    const line = await firstLine(socket)
    const { ok, error } = answerSchema.parse(JSON.parse(line))
    if (error) {
      socket.destroy()
      throw failed(error)
    }
    return { stream: socket, framed: z.object({ framed: z.boolean() }).parse(ok).framed }
  }

  #ask(request: Request): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(gone())
    const id = this.#next++
    const line = JSON.stringify({ id, ...request })
    // The other side would hang up, and on everybody else who waits for an answer.
    if (line.length > longestLine)
      return Promise.reject(
        new EngineError('invalid', `the request to ${request.verb} is longer than ${longestLine} bytes`),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.write(`${line}\n`)
    })
  }

  #hear(line: string): void {
    const value: unknown = JSON.parse(line)
    const event = eventSchema.safeParse(value)
    if (event.success) {
      this.onEvent(event.data)
      return
    }
    const { id = 0, ok, error } = answerSchema.parse(value)
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) waiting?.reject(failed(error))
    else waiting?.resolve(ok)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

function failed({ kind, message, exitStatus }: Failure): EngineError {
  return new EngineError(kind, message, { exitStatus })
}

function gone(): EngineError {
  return new EngineError('unavailable', 'the supervisor is gone')
}

function dial(directory: string): Promise<Socket> {
  const path = join(directory, socketName)
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('error', (cause) =>
      reject(new EngineError('unavailable', `connect to the supervisor at ${path}`, { cause })),
    )
    socket.once('connect', () => {
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

function onLines(socket: Socket, hear: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(line)
    if (rest.length > longestLine) socket.destroy()
  })
  socket.once('end', () => socket.destroy())
}

/** What follows it stays in the socket, which is paused. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let pending: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      pending = Buffer.concat([pending, chunk])
      const end = pending.indexOf(10)
      if (end < 0) return
      socket.off('data', take)
      socket.pause()
      const rest = pending.subarray(end + 1)
      if (rest.length > 0) socket.unshift(rest)
      resolve(pending.toString('utf8', 0, end))
    }
    socket.on('data', take)
    // Half-open, so the end of the other side is not the end of this one: killed, a supervisor gives an end only.
    for (const event of ['end', 'close']) socket.once(event, () => reject(gone()))
  })
}
