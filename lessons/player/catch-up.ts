// A step that breaks in front of a class is skipped: the player makes the state
// that it should have left, while the audience looks at something else.
//
//   mend     what hangs is interrupted; a terminal that does not listen gets a new shell
//   take     the commands that did not run yet, the exercises, the checks and
//            their solutions: enough when somebody was only late, or mistyped
//   replay   else the machine goes back to its first state, and every step up to
//            this one is taken again: whatever was broken, this does not know it
//
// Owned by the player, which asks hides() before it tells its listeners something.
import type { Step } from '../format/lesson.ts'
import type { Outcome, PlayerEvent } from './events.ts'
import type { Player } from './player.ts'
import { takeBlock } from './run-all.ts'

type CatchUpEvent = Extract<PlayerEvent, { type: 'catch-up' }>

/** How long a program may take to end by Ctrl-C, in milliseconds. */
const patience = 1500

export class CatchUp {
  readonly #player: Player
  readonly #emit: (event: PlayerEvent) => void
  #running: Promise<Outcome> | undefined

  constructor(player: Player, emit: (event: PlayerEvent) => void) {
    this.#player = player
    this.#emit = emit
  }

  /** Whether an event is kept from the listeners: what the terminals say meanwhile is drawn at the end, at once. */
  hides(event: PlayerEvent): boolean {
    return this.#running !== undefined && (event.type === 'output' || event.type === 'terminal')
  }

  /** Makes the end of a step. Asked twice, it is one occasion. */
  to(stepId: string): Promise<Outcome> {
    this.#running ??= this.#make(stepId).finally(() => {
      this.#running = undefined
      this.#redraw()
    })
    return this.#running
  }

  async #make(stepId: string): Promise<Outcome> {
    const { steps } = this.#player.lesson
    const index = steps.findIndex((one) => one.id === stepId)
    const step = steps[index]
    const before = performance.now()
    const end = (outcome: Outcome): Outcome => ({ ...outcome, seconds: (performance.now() - before) / 1000 })
    if (!step) return { state: 'failed', message: `the lesson has no step ${stepId}`, seconds: 0 }
    const tell = (event: Omit<CatchUpEvent, 'type' | 'step'>): void =>
      this.#emit({ type: 'catch-up', step: stepId, ...event })
    try {
      tell({ state: 'running', doing: 'mending' })
      await this.#mend()
      tell({ state: 'running', doing: 'taking' })
      let outcome = await this.#take(step, (id) => this.#state(id) !== 'passed')
      if (outcome.state !== 'passed') {
        tell({ state: 'running', doing: 'resetting', ...said(outcome) })
        await this.#player.reset()
        for (const [at, one] of steps.slice(0, index + 1).entries()) {
          tell({ state: 'running', doing: 'replaying', at: at + 1, of: index + 1 })
          // An earlier step that fails may not matter to this one; its checks decide.
          outcome = await this.#take(one, () => true)
        }
      }
      tell({ state: outcome.state === 'passed' ? 'done' : 'failed', ...said(outcome) })
      return end(outcome)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      tell({ state: 'failed', message })
      return end({ state: 'failed', message, seconds: 0 })
    }
  }

  /** Every terminal waits for a command again, or has a new shell. */
  async #mend(): Promise<void> {
    await Promise.all(
      this.#player.lesson.sandbox.terminals.map(async (name) => {
        const terminal = this.#player.terminal(name)
        if (!terminal) return
        // Ctrl-C, then Ctrl-\: some programs keep the first for themselves.
        for (const key of ['\x03', '\x1c']) {
          if (!terminal.isOpen || terminal.busy === undefined) break
          this.#player.write(name, key)
          await terminal.idle(patience)
        }
        if (terminal.busy !== undefined) terminal.close()
        await this.#player.reopen(name)
      }),
    )
  }

  /** Takes what `wanted` names of the commands, and everything else, up to the first failure. */
  async #take(step: Step, wanted: (runId: string) => boolean): Promise<Outcome> {
    let last: Outcome = { state: 'passed', seconds: 0 }
    for (const block of step.blocks) {
      if (block.type === 'run' && !wanted(block.id)) continue
      await takeBlock(this.#player, step, block, (_label, outcome) => {
        last = outcome
      })
      if (last.state !== 'passed') return last
    }
    return last
  }

  #state(id: string): string | undefined {
    return this.#player.state().blocks[id]?.state
  }

  #redraw(): void {
    for (const [terminal, screen] of Object.entries(this.#player.state().screens)) {
      this.#emit({ type: 'terminal', terminal, state: 'open' })
      this.#emit({ type: 'output', terminal, data: Buffer.from(screen) })
    }
  }
}

function said({ state, message }: Outcome): { message?: string } {
  return state === 'passed' || message === undefined ? {} : { message }
}
