// A program's end of the keeper's socket: finds the keeper, or starts one.
//
// Next: sandbox-vm/keeper/main.ts
import { spawn } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { socketPath, stateDirectory } from './directories.ts'
import {
  type KeeperStatus,
  type Message,
  messageSchema,
  type Request,
  readMessages,
} from './keeper/protocol.ts'
import { keeperVersion } from './keeper/version.ts'
import { withLock } from './lock.ts'
import { packageRoot } from './package-root.ts'
import { SandboxError } from './sandbox.ts'

export type KeeperState = Extract<Message, { type: 'state' }>
type Refusal = Extract<Message, { type: 'refused' }>
type Answer = Extract<Message, { type: 'answer' }>
/** A request without its number. */
type Question = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never

export function machineDirectory(): string {
  return join(stateDirectory(), 'machines', 'default')
}

export class KeeperClient {
  readonly closed: Promise<void>
  /** The keeper's first words: a refusal, or undefined when we are in. */
  readonly #welcome = Promise.withResolvers<Refusal | undefined>()
  readonly #socket: Socket
  readonly #answers = new Map<number, (answer: Answer | undefined) => void>()
  #next = 1

  private constructor(socket: Socket, onState: (state: KeeperState) => void) {
    this.#socket = socket
    readMessages(socket, messageSchema, (message) => {
      if (message.type === 'refused') return this.#welcome.resolve(message)
      this.#welcome.resolve(undefined)
      if (message.type === 'state') return onState(message)
      this.#answers.get(message.id)?.(message)
      this.#answers.delete(message.id)
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#welcome.resolve({ type: 'refused', stopping: true, reason: 'the VM was stopped' })
        for (const settle of this.#answers.values()) settle(undefined)
        resolve()
      })
    })
  }

  /** Connects to a keeper that runs already. */
  static async find(options: {
    lease: boolean
    keep?: boolean
    onState: (state: KeeperState) => void
  }): Promise<KeeperClient | undefined> {
    const socket = connect(socketPath(machineDirectory(), 'keeper'))
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    if (!connected) return undefined
    socket.on('error', () => {})
    const client = new KeeperClient(socket, options.onState)
    const who = `${basename(process.argv[1] ?? 'learn-containers', '.mjs')} (pid ${process.pid})`
    const { keep = false, lease } = options
    client.#send({ type: 'hello', version: await keeperVersion(), who, keep, lease })
    return client
  }

  /** Connects, starting a keeper when there is none. Of two programs that find none, one starts it. */
  static async open(options: {
    keep?: boolean
    onState: (state: KeeperState) => void
    signal?: AbortSignal
  }): Promise<KeeperClient> {
    const directory = machineDirectory()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return withLock(
      join(directory, 'start.lock'),
      options.signal ? { signal: options.signal } : {},
      async () => {
        let started = false
        for (let tries = 0; tries < 400; tries++) {
          options.signal?.throwIfAborted()
          const client = await KeeperClient.find({ lease: true, ...options })
          const refusal = client && (await client.#welcome.promise)
          if (client && !refusal) return client
          // Stopping, or of another version and used by nobody: it goes, and we start another.
          if (refusal?.stopping) await client?.closed
          else if (refusal) throw new SandboxError('busy', refusal.reason)
          else if (started) await sleep(25)
          else start(directory)
          started = !client
        }
        throw new SandboxError(
          'failed',
          `the keeper of the VM did not come up; see ${join(directory, 'keeper.log')}`,
        )
      },
    )
  }

  /** @throws SandboxError with the keeper's reason, or `lost` when it went away */
  async ask(question: Question): Promise<KeeperStatus | undefined> {
    const id = this.#next++
    const answer = await new Promise<Answer | undefined>((resolve) => {
      this.#answers.set(id, resolve)
      this.#send({ ...question, id })
    })
    if (!answer) throw new SandboxError('lost', 'the VM was stopped')
    if (answer.error) throw new SandboxError(answer.error.kind, answer.error.message)
    return answer.status
  }

  /** Gives up the lease. */
  close(): void {
    this.#socket.end()
  }

  #send(request: Request): void {
    this.#socket.write(`${JSON.stringify(request)}\n`)
  }
}

function start(directory: string): void {
  const bundle = join(packageRoot(), 'dist/keeper.mjs')
  if (!existsSync(bundle)) throw new SandboxError('missing', `${bundle} is missing: run 'npm run build'`)
  const log = openSync(join(directory, 'keeper.log'), 'w', 0o600)
  // A session of its own: Ctrl-C in our terminal is for us, and the keeper hears of our end by the socket.
  const child = spawn(process.execPath, [bundle, directory], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  })
  child.unref()
}
