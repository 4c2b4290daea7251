// One process that the supervisor looks after: the first of a container, or one of exec.
//
//   created ── start ──> running ── it ends ──> ended
//                                     1. its output to the end, the log closed
//                                     2. end.json on the disk, of a container's first
//                                     3. who waits is told
//
// The order of the end is the promise that the protocol makes: who hears of an end finds
// everything of it.
//
// Called by supervisor.ts. Next: engine/daemon/supervisor/output.ts

import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, errorLine } from '../../errors.ts'
import { identify, isAlive, type ProcessIdentity } from '../../libcontainer/process-identity.ts'
import type { LogDriver } from '../logs/driver.ts'
import { Output } from './output.ts'
import type { End, Listed } from './protocol.ts'
import type { ProcessDirectory } from './records.ts'
import type { Ends } from './stdio.ts'

/** What the runtime gave: a process that waits, or, by an earlier supervisor, one that runs. */
export interface Birth {
  pid: number
  ended: Promise<number>
  ends: Ends
}

export interface SupervisedOptions {
  container: string
  exec?: string
  terminal: boolean
  stdinOnce: boolean
  directory: ProcessDirectory
  log?: LogDriver
  adopted?: boolean
  /** How often the OOM killer struck in its container; asked at its end. */
  oomKills: () => Promise<number>
  /** Its first process is gone: whoever it left behind in the container follows. */
  endOthers: () => Promise<void>
  onWarning: (line: string) => void
}

/** Milliseconds for viewers to read what is left, when the process has ended. */
const patience = 5000
/** And then for the rest of the output, unless others hold it open. */
const forTheRest = 1000

export class Supervised {
  readonly container: string
  readonly exec: string | undefined
  readonly directory: ProcessDirectory
  readonly output: Output
  /** Resolves when all three steps are done. */
  readonly ended: Promise<End>
  /** Resolves when there is a process, or when there will be none. */
  readonly ready: Promise<void>
  readonly #options: SupervisedOptions
  readonly #settled = Promise.withResolvers<End>()
  readonly #ready = Promise.withResolvers<void>()
  #input: Writable | undefined
  #resize: Ends['resize']
  #identity: ProcessIdentity | undefined
  #startedAt: string | undefined
  #end: End | undefined

  constructor(options: SupervisedOptions) {
    this.#options = options
    this.container = options.container
    this.exec = options.exec
    this.directory = options.directory
    this.output = new Output(options.log, options.onWarning)
    this.ended = this.#settled.promise
    this.ready = this.#ready.promise
  }

  /** There is a process: what it prints has a place to go from here on. @param startedAt of one that runs already */
  born(birth: Birth, startedAt?: string): void {
    this.#resize = birth.ends.resize
    this.#input = birth.ends.input
    this.#identity = identify(birth.pid)
    this.#startedAt = startedAt
    const pumps = birth.ends.outputs.map(({ stream, from }) => this.output.pump(stream, from))
    this.#watch(birth, pumps).catch((error: unknown) => {
      // Whoever waits for its end must not wait for ever.
      this.#options.onWarning(`the end of ${this.container}: ${errorLine(error)}`)
      return this.#settle({
        ...{ status: 255, oomKilled: false, at: new Date().toISOString() },
        reason: `nobody could wait for it: ${errorLine(error)}`,
      })
    })
    this.#ready.resolve()
    if (!this.#options.adopted) this.#writeDown()
  }

  /** There will be none: the runtime could not make it. */
  async stillborn(status: number, reason: string): Promise<void> {
    await this.output.close()
    await this.#settle({ status, oomKilled: false, at: new Date().toISOString(), reason })
  }

  /** It has ended already, as an earlier supervisor wrote down, or as this one must conclude. */
  async known(end: End, startedAt: string | undefined): Promise<void> {
    this.#startedAt = startedAt
    await this.output.close()
    await this.#settle(end)
  }

  async #watch(birth: Birth, pumps: readonly Promise<void>[]): Promise<void> {
    const status = await birth.ended
    const at = new Date().toISOString()
    await this.#unlessItFails(this.#options.endOthers(), undefined)
    const drained = Promise.all(pumps).then(() => true)
    const inTime = (milliseconds: number): Promise<boolean> =>
      Promise.race([drained, sleep(milliseconds, false, { ref: false })])
    if (!(await inTime(patience))) this.output.hurry()
    if (!(await inTime(forTheRest))) {
      this.#options.onWarning(`${this.container}: it has ended, and others hold its output open`)
      for (const { from } of birth.ends.outputs) from.destroy()
      await drained
    }
    await this.output.close()
    for (const { from } of birth.ends.outputs) from.destroy()
    const kills = await this.#unlessItFails(this.#options.oomKills(), 0)
    await this.#settle({ status, oomKilled: kills > 0, at, ...this.#reason() })
  }

  async #settle(end: End): Promise<void> {
    if (this.exec === undefined) await this.#unlessItFails(this.directory.ended(end), undefined)
    this.#end = end
    this.closeInput()
    this.#ready.resolve()
    this.#settled.resolve(end)
  }

  async #unlessItFails<T>(work: Promise<T>, otherwise: T): Promise<T> {
    return work.catch((error: unknown) => {
      // Deleted, and so ended: the runtime has forgotten it already.
      if (!(error instanceof EngineError && error.kind === 'not-found'))
        this.#options.onWarning(`the end of ${this.container}: ${errorLine(error)}`)
      return otherwise
    })
  }

  #reason(): { reason?: string } {
    return this.#options.adopted
      ? this.terminal
        ? { reason: 'its terminal was lost with a supervisor that was killed' }
        : { reason: 'its exit status was for a supervisor that had been killed' }
      : {}
  }

  /** It has become the user's program. */
  started(): void {
    this.#startedAt = new Date().toISOString()
    if (this.#end === undefined) this.#writeDown()
  }

  #writeDown(): void {
    if (this.#identity === undefined) return
    const startedAt = this.#startedAt
    this.directory.born({ ...this.#identity, ...(startedAt === undefined ? {} : { startedAt }) })
  }

  get hasStarted(): boolean {
    return this.#startedAt !== undefined
  }

  get end(): End | undefined {
    return this.#end
  }

  get terminal(): boolean {
    return this.#options.terminal
  }

  get input(): Writable | undefined {
    return this.#input
  }

  /** Who was attached with the input has gone. */
  inputLeft(): void {
    if (this.#options.stdinOnce && !this.terminal) this.closeInput()
  }

  /** The end of the input, once what was written is on its way. A terminal has none. */
  closeInput(): void {
    if (this.terminal && this.#end === undefined) return
    const input = this.#input
    this.#input = undefined
    if (input === undefined) return
    input.end(() => input.destroy())
    // Nobody will read it any more.
    if (this.#end !== undefined) input.destroy()
  }

  resize(size: { rows: number; columns: number }): void {
    if (this.#end !== undefined || this.#resize === undefined)
      throw new EngineError('conflict', 'it has no terminal')
    this.#resize(size)
  }

  /** Of exec: the runtime knows containers. @throws EngineError `conflict` when it has ended */
  signal(signal: number): void {
    // By pid and start time: after its end the number is somebody else's.
    if (this.#identity === undefined || this.#end !== undefined || !isAlive(this.#identity))
      throw new EngineError('conflict', 'the process has ended')
    process.kill(this.#identity.pid, signal)
  }

  describe(paused: boolean): Listed {
    const phase = this.#end ? 'ended' : !this.hasStarted ? 'created' : paused ? 'paused' : 'running'
    return {
      container: this.container,
      ...(this.exec === undefined ? {} : { exec: this.exec }),
      phase,
      pid: this.#end ? 0 : (this.#identity?.pid ?? 0),
      terminal: this.terminal,
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      adopted: this.#options.adopted ?? false,
    }
  }
}
