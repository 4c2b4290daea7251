// The checks that tick by themselves: those of the step that the learner looks at,
// tried again after each command that ends.
//
// Owned by the player. A check that was passed stays passed; one that is not yet
// says quietly what is missing, since nobody asked for it.
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import type { Step } from '../format/lesson.ts'
import type { LessonWords } from '../language/lesson.ts'
import { tryCheck } from './check.ts'
import type { Ledger } from './ledger.ts'

/** Milliseconds after a prompt: three commands pasted at once are one occasion. */
const debounce = 250

export class StepChecks {
  readonly #sandbox: Sandbox
  readonly #session: string
  readonly #ledger: Ledger
  readonly #words: LessonWords
  #step: Step | undefined
  #timer: NodeJS.Timeout | undefined
  #trying = false
  /** A terminal said something while we were trying. */
  #disturbed = false
  /** Something happened while we were trying: what we found may be old already. */
  #again = false
  /** Counts resets and losses: a result from before one says nothing about the machine after it. */
  #age = 0
  #stopped = false

  constructor(sandbox: Sandbox, session: string, ledger: Ledger, words: LessonWords) {
    this.#sandbox = sandbox
    this.#session = session
    this.#ledger = ledger
    this.#words = words
  }

  /** From now on these are the checks to try. */
  look(step: Step): void {
    this.#step = step
    this.soon()
  }

  /** Something happened that may have made a check true. */
  soon(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#try(), debounce)
  }

  /** A terminal says something: what a check looks at right now may end under it. */
  disturb(): void {
    this.#disturbed = true
  }

  /** The machine is another one: what is being tried right now does not count. */
  discard(): void {
    this.#age++
  }

  stop(): void {
    this.#stopped = true
    this.#age++
    clearTimeout(this.#timer)
  }

  async #try(): Promise<void> {
    if (this.#trying) {
      this.#again = true
      return
    }
    this.#trying = true
    this.#again = false
    const age = this.#age
    for (const block of this.#step?.blocks ?? []) {
      if (block.type !== 'check' || this.#settled(block.id)) continue
      this.#disturbed = false
      let outcome = await tryCheck(this.#sandbox, this.#session, block.script, this.#words)
      // A shell that was left meanwhile has no namespaces any more, and so not the host's: look once more.
      if (outcome.state === 'passed' && this.#disturbed && age === this.#age)
        outcome = await tryCheck(this.#sandbox, this.#session, block.script, this.#words)
      if (age !== this.#age) break
      // Asked for meanwhile: then the answer to that counts.
      if (this.#settled(block.id)) continue
      if (outcome.state === 'passed') this.#ledger.settle(block.id, outcome)
      else if (outcome.state === 'failed') this.#ledger.set(block.id, 'waiting', outcome.message)
    }
    this.#trying = false
    if (this.#again) this.soon()
  }

  #settled(id: string): boolean {
    return ['passed', 'running'].includes(this.#ledger.get(id).state)
  }
}
