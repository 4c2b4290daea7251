// What was done in a lesson: the state of each block, and which steps are complete.
//
// A step is done when every check of it passes and every question is answered; a
// step with neither, when its commands ran. Owned by one player.
import type { Block, Lesson, Step } from '../format/lesson.ts'
import type { BlockState, Outcome, PlayerEvent } from './events.ts'
import type { Progress } from './progress.ts'

export interface BlockStatus {
  state: BlockState
  message?: string
}

export class Ledger {
  readonly #lesson: Lesson
  readonly #emit: (event: PlayerEvent) => void
  readonly #progress: Progress | undefined
  readonly #blocks = new Map<string, BlockStatus>()
  readonly #done = new Set<string>()

  constructor(lesson: Lesson, emit: (event: PlayerEvent) => void, progress: Progress | undefined) {
    this.#lesson = lesson
    this.#emit = emit
    this.#progress = progress
  }

  /** The block of this name, in whichever step. */
  block(id: string): Block | undefined {
    return this.#lesson.steps.flatMap((step) => step.blocks).find((block) => block.id === id)
  }

  get(id: string): BlockStatus {
    return this.#blocks.get(id) ?? { state: 'waiting' }
  }

  set(id: string, state: BlockState, message?: string): void {
    const before = this.get(id)
    if (before.state === state && before.message === message) return
    const status = { state, ...(message === undefined ? {} : { message }) }
    this.#blocks.set(id, status)
    this.#emit({ type: 'block', id, ...status })
  }

  /** Records how a block ended, and whether that completes its step. */
  settle(id: string, outcome: Outcome): Outcome {
    this.#blocks.set(id, {
      state: outcome.state,
      ...(outcome.message === undefined ? {} : { message: outcome.message }),
    })
    this.#emit({ type: 'block', id, ...outcome })
    const step = this.#lesson.steps.find((one) => one.blocks.some((block) => block.id === id))
    if (step) this.look(step)
    return outcome
  }

  /** Ticks the step when nothing of it is left to do: at once, when it is there to be read. */
  look(step: Step): void {
    if (this.#done.has(step.id) || !this.#complete(step)) return
    this.#done.add(step.id)
    this.#emit({ type: 'step', id: step.id, done: true })
    // Losing a tick on a full disk must not lose the lesson.
    void this.#progress?.markDone(this.#lesson.slug, step.id).catch(() => {})
  }

  clear(): void {
    this.#done.clear()
    for (const id of [...this.#blocks.keys()]) this.set(id, 'waiting')
    for (const step of this.#lesson.steps) this.#emit({ type: 'step', id: step.id, done: false })
  }

  state(): { blocks: Record<string, BlockStatus>; steps: Record<string, boolean> } {
    return {
      blocks: Object.fromEntries(this.#blocks),
      steps: Object.fromEntries(this.#lesson.steps.map((step) => [step.id, this.#done.has(step.id)])),
    }
  }

  #complete(step: Step): boolean {
    const is =
      (...states: BlockState[]) =>
      (block: Block): boolean =>
        states.includes(this.get(block.id).state)
    const checks = step.blocks.filter((block) => block.type === 'check')
    const questions = step.blocks.filter((block) => block.type === 'predict')
    const runs = step.blocks.filter((block) => block.type === 'run')
    if (checks.length + questions.length === 0) return runs.every(is('passed'))
    return checks.every(is('passed')) && questions.every(is('passed', 'failed'))
  }
}
