// The player: takes a lesson through a sandbox.
//
// Both readers drive it: the terminal UI in its own process, the site through
// its server. It owns the lesson's terminals and what was done; how it looks is
// not its business. What happens it tells as events (events.ts).
//
//   enter(step)  the learner looks at a step: from now on its checks are tried
//                by themselves, after each command that ends
//   run, check, answer, solve     the blocks of a step
//   lost, ready  the sandbox died and is back: terminals open again, what was
//                done stays done
//
// Next: lessons/player/terminal.ts
import { randomBytes } from 'node:crypto'
import { type Sandbox, SandboxError } from '../../sandbox-vm/sandbox.ts'
import type { ExerciseBlock, Lesson, RunBlock } from '../format/lesson.ts'
import type { Language } from '../language/language.ts'
import { type LessonWords, lessonWords } from '../language/lesson.ts'
import { sandboxWords } from '../language/sandbox.ts'
import { CatchUp } from './catch-up.ts'
import { tryCheck } from './check.ts'
import type { Outcome, PlayerEvent } from './events.ts'
import { type BlockStatus, Ledger } from './ledger.ts'
import type { Progress } from './progress.ts'
import { typeBlock } from './run-block.ts'
import { freshMachine, removeSession, setUpSession } from './session.ts'
import { StepChecks } from './step-checks.ts'
import { Terminal } from './terminal.ts'
import { Watches } from './watches.ts'

export interface PlayerOptions {
  lesson: Lesson
  sandbox: Sandbox
  progress?: Progress
  /** In which it tells how commands and checks ended; English when left out. */
  language?: Language
  /** Begin in the machine's first state also where this very lesson was left. */
  fresh?: boolean
  cols?: number
  rows?: number
}

export class Player implements AsyncDisposable {
  readonly lesson: Lesson
  /** Names this player's directory in the sandbox: eight hexadecimal digits. */
  readonly session = randomBytes(4).toString('hex')
  readonly #sandbox: Sandbox
  readonly #terminals: Map<string, Terminal>
  readonly #listeners = new Set<(event: PlayerEvent) => void>()
  readonly #ledger: Ledger
  /** Terminals whose shell is coming up. */
  readonly #opening = new Map<string, Promise<void>>()
  readonly #watches: Watches
  readonly #forget: () => void
  readonly #words: LessonWords
  readonly #checks: StepChecks
  readonly #catchUp = new CatchUp(this, (event) => this.#emit(event))
  /** Under way when the sandbox is back and the terminals are not yet. */
  #beginning: Promise<void> = Promise.resolve()
  #closed = false

  private constructor({ lesson, sandbox, progress, language = 'en', cols = 80, rows = 24 }: PlayerOptions) {
    this.#words = lessonWords[language]
    this.lesson = lesson
    this.#sandbox = sandbox
    this.#ledger = new Ledger(lesson, (event) => this.#emit(event), progress)
    this.#watches = new Watches(sandbox, this.session, (event) => this.#emit(event))
    this.#checks = new StepChecks(sandbox, this.session, this.#ledger, this.#words)
    this.#terminals = new Map(
      lesson.sandbox.terminals.map((name) => [
        name,
        new Terminal(name, cols, rows, {
          onData: (data) => {
            this.#checks.disturb()
            this.#emit({ type: 'output', terminal: name, data })
          },
          onPrompt: () => this.#checks.soon(),
          onExit: () => void this.reopen(name),
        }),
      ]),
    )
    this.#forget = sandbox.on((event) => {
      if (event.type === 'lost') this.#lost(sandboxWords(event.reason, language))
      if (event.type === 'ready')
        this.#beginning = this.#begin().catch((error: Error) => this.#lost(error.message))
    })
  }

  static async open(options: PlayerOptions): Promise<Player> {
    await freshMachine(options.sandbox, options.fresh ? undefined : options.lesson.slug)
    const player = new Player(options)
    await player.#begin()
    return player
  }

  /** Sets up the session and opens every terminal: at the start, and whenever the sandbox is back. */
  async #begin(): Promise<void> {
    await setUpSession(this.#sandbox, this.session, this.lesson.slug)
    await Promise.all([...this.#terminals.values()].map((terminal) => this.#openTerminal(terminal)))
    this.#emit({ type: 'sandbox', state: 'ready' })
    this.#watches.resume()
  }

  async #openTerminal(terminal: Terminal): Promise<void> {
    this.#emit({ type: 'terminal', terminal: terminal.name, state: 'open' })
    const opening = terminal.open(this.#sandbox, this.session)
    this.#opening.set(
      terminal.name,
      opening.catch(() => {}),
    )
    await opening
  }

  /** The learner left the shell (exit): a terminal always has one. */
  async reopen(name: string): Promise<void> {
    const terminal = this.#terminals.get(name)
    if (this.#closed || !terminal || terminal.isOpen) return
    await this.#openTerminal(terminal).catch(() =>
      this.#emit({ type: 'terminal', terminal: name, state: 'closed' }),
    )
  }

  #lost(message: string): void {
    if (this.#closed) return
    this.#checks.discard()
    this.#watches.suspend()
    for (const terminal of this.#terminals.values()) terminal.close()
    this.#emit({ type: 'sandbox', state: 'lost', message })
  }

  on(listener: (event: PlayerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #emit(event: PlayerEvent): void {
    if (this.#closed || this.#catchUp.hides(event)) return
    for (const listener of this.#listeners) listener(event)
  }

  /** The step that the learner looks at. */
  enter(stepId: string): void {
    const step = this.lesson.steps.find((one) => one.id === stepId)
    if (!step) return
    this.#ledger.look(step)
    this.#checks.look(step)
  }

  /** The learner's keys. */
  write(terminal: string, data: string): void {
    this.#terminals.get(terminal)?.write(data)
  }

  resize(terminal: string, cols: number, rows: number): void {
    this.#terminals.get(terminal)?.resize(cols, rows)
  }

  /** For readers in this process: the emulator behind a terminal. */
  terminal(name: string): Terminal | undefined {
    return this.#terminals.get(name)
  }

  async run(blockId: string): Promise<Outcome> {
    const block = this.#ledger.block(blockId)
    if (block?.type !== 'run') return this.#missing(blockId)
    const before = performance.now()
    this.#ledger.set(blockId, 'running')
    return this.#ledger.settle(blockId, {
      ...(await this.#type(block)),
      seconds: (performance.now() - before) / 1000,
    })
  }

  async #type(block: RunBlock): Promise<Omit<Outcome, 'seconds'>> {
    await this.#beginning
    await this.#opening.get(block.terminal)
    return typeBlock(this.#terminals.get(block.terminal), block, this.#words)
  }

  /** Runs a check out of the learner's sight. */
  async check(blockId: string): Promise<Outcome> {
    const block = this.#ledger.block(blockId)
    if (block?.type !== 'check') return this.#missing(blockId)
    this.#ledger.set(blockId, 'running')
    return this.#ledger.settle(
      blockId,
      await tryCheck(this.#sandbox, this.session, block.script, this.#words),
    )
  }

  /** @param choices indexes of the options that the learner chose */
  answer(blockId: string, choices: readonly number[]): Outcome {
    const block = this.#ledger.block(blockId)
    if (block?.type !== 'predict') return this.#missing(blockId)
    const right = block.options.every((option, index) => option.correct === choices.includes(index))
    return this.#ledger.settle(blockId, { state: right ? 'passed' : 'failed', seconds: 0 })
  }

  /** Types a solution, or writes an exercise's. */
  async solve(blockId: string): Promise<Outcome> {
    const block = this.#ledger.block(blockId)
    if (block?.type === 'exercise') {
      await this.writeExercise(blockId, block.solution)
      return { state: 'passed', seconds: 0 }
    }
    if (block?.type !== 'solution') return this.#missing(blockId)
    let last: Outcome = { state: 'passed', seconds: 0 }
    for (const run of block.runs) {
      // Told like any other command: whoever looks on sees the terminal that it is typed into.
      this.#ledger.set(run.id, 'running')
      last = this.#ledger.settle(run.id, { ...(await this.#type(run)), seconds: 0 })
      if (last.state !== 'passed') break
    }
    return last
  }

  /** The exercise's file as the sandbox has it; its starter before anybody wrote it. */
  async readExercise(blockId: string): Promise<string> {
    const block = this.#exercise(blockId)
    const content = await this.#sandbox.get(block.file).catch((error: unknown) => {
      if (error instanceof SandboxError && error.kind === 'failed') return undefined
      throw error
    })
    return content?.toString() ?? block.starter
  }

  async writeExercise(blockId: string, text: string): Promise<void> {
    await this.#sandbox.put(this.#exercise(blockId).file, text, { mode: 0o755 })
    this.#ledger.settle(blockId, { state: 'passed', seconds: 0 })
    this.#checks.soon()
  }

  /** Starts or stops a live view; its samples come as events. */
  async watch(blockId: string, on: boolean): Promise<void> {
    const block = this.#ledger.block(blockId)
    if (!on) this.#watches.stop(blockId)
    else if (block?.type === 'watch') await this.#watches.start(block)
  }

  /** For readers that come late: what was done, and what the terminals show. */
  state(): {
    blocks: Record<string, BlockStatus>
    steps: Record<string, boolean>
    screens: Record<string, string>
  } {
    const screens = Object.fromEntries(
      [...this.#terminals].map(([name, terminal]) => [name, terminal.serialize()]),
    )
    return { ...this.#ledger.state(), screens }
  }

  /** Makes the state that a step should leave, whatever went wrong in it; told by `catch-up` events. */
  catchUp(stepId: string): Promise<Outcome> {
    return this.#catchUp.to(stepId)
  }

  /** Back to the lesson's first state. @throws SandboxError `busy` or `unsupported` */
  async reset(options: { force?: boolean } = {}): Promise<void> {
    this.#emit({ type: 'sandbox', state: 'resetting' })
    try {
      await this.#sandbox.reset(options)
      this.#checks.discard()
      this.#ledger.clear()
      await this.#beginning
    } catch (error) {
      this.#emit({ type: 'sandbox', state: 'ready' })
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#forget()
    this.#checks.stop()
    this.#watches.suspend()
    for (const terminal of this.#terminals.values()) terminal.dispose()
    await removeSession(this.#sandbox, this.session).catch(() => {
      // The sandbox is gone, and the session with it.
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #exercise(blockId: string): ExerciseBlock {
    const block = this.#ledger.block(blockId)
    if (block?.type !== 'exercise') throw new Error(this.#words.noExercise(blockId))
    return block
  }

  #missing(blockId: string): Outcome {
    return { state: 'failed', message: this.#words.noBlock(blockId), seconds: 0 }
  }
}
