// The step that is open, as a page: its lines, how far it is scrolled, and what
// in it is selected.
//
// Owned by model.ts, which tells it when something changed. Draws nothing.
import type { Block, Lesson, PredictBlock, Step } from '../format/lesson.ts'
import type { TerminalWords } from '../language/terminal.ts'
import type { BlockStatus } from '../player/ledger.ts'
import { clampTop, inSight, reveal, type Size, type Span } from './layout.ts'
import { type StepLines, selectable, stepLines } from './step-lines.ts'
import { onward } from './step-view.ts'

/** What was done in the lesson, and what its live views show: the model's, read here. */
export interface PageFacts {
  words: TerminalWords
  statuses: Record<string, BlockStatus>
  done: Record<string, boolean>
  /** Lines of live views that stand in the text; undefined when they stand elsewhere. */
  watches(columns: number): Record<string, string[]> | undefined
  /** More air, for those who sit far away. */
  spacious?: boolean
}

export class Page {
  readonly #lesson: Lesson
  readonly #facts: PageFacts
  /** Index of the step. */
  at = 0
  hints = 0
  readonly opened = new Set<string>()
  /** Solutions that were typed. */
  readonly typed = new Set<string>()
  /** The one that is being typed. */
  typing: string | undefined
  readonly chosen: Record<string, number[]> = {}
  size: Size = { columns: 76, rows: 10 }
  #selected: string = onward
  #option = -1
  #top = 0
  #text: StepLines | undefined

  constructor(lesson: Lesson, facts: PageFacts) {
    this.#lesson = lesson
    this.#facts = facts
  }

  get step(): Step {
    const step = this.#lesson.steps[this.at]
    if (!step) throw new RangeError(`the lesson has no step ${this.at}`)
    return step
  }

  get selected(): string {
    return this.#selected
  }

  /** The option of a question that the arrows point at; -1 for none. */
  get option(): number {
    return this.#option
  }

  /** First line in sight. */
  get top(): number {
    return this.#top
  }

  /** Something that the lines show has changed. */
  stale(): void {
    this.#text = undefined
  }

  text(): StepLines {
    this.#text ??= stepLines(
      this.#lesson,
      this.step,
      {
        words: this.#facts.words,
        statuses: this.#facts.statuses,
        done: this.#facts.done,
        selected: this.#selected,
        hints: this.hints,
        opened: this.opened,
        option: this.#option,
        chosen: this.chosen,
        watches: this.#facts.watches(this.size.columns),
        spacious: this.#facts.spacious === true,
      },
      this.size.columns,
    )
    return this.#text
  }

  /** The lines in sight, and how many come after them. */
  shown(): { lines: string[]; after: number } {
    const { lines } = this.text()
    this.#top = clampTop(this.#top, this.size.rows, lines.length)
    const shown = lines.slice(this.#top, this.#top + this.size.rows)
    return { lines: shown, after: Math.max(0, lines.length - this.#top - this.size.rows) }
  }

  enter(index: number): void {
    this.at = index
    this.hints = 0
    this.opened.clear()
    this.typed.clear()
    this.#top = 0
    this.#pick(this.#open(0))
  }

  scroll(by: number): void {
    this.#top = clampTop(this.#top + by, this.size.rows, this.text().lines.length)
  }

  /** Scrolls until a block is in sight: the selected one, when none is named. */
  reveal(id = this.#selected): void {
    this.stale()
    const span = this.text().anchors.get(id)
    if (span) this.#top = reveal(this.#top, this.#rows(span), span)
  }

  inSight(): boolean {
    const span = this.text().anchors.get(this.#selected)
    return !span || inSight(this.#top, this.#rows(span), span)
  }

  /** The last row says how many lines follow, unless none does. */
  #rows(span: Span): number {
    return span.to + 1 < this.text().lines.length ? this.size.rows - 1 : this.size.rows
  }

  /** One screen further, and no further than to the selection. */
  readOn(): void {
    const span = this.text().anchors.get(this.#selected)
    if (!span) return
    const goal = reveal(this.#top, this.#rows(span), span)
    const page = this.size.rows - 2
    this.#top = goal > this.#top ? Math.min(goal, this.#top + page) : Math.max(goal, this.#top - page)
  }

  block(): Block | undefined {
    return this.step.blocks.find((block) => block.id === this.#selected)
  }

  answered(block: PredictBlock): boolean {
    return ['passed', 'failed'].includes(this.#state(block))
  }

  /** The selection to what stands before or after it; inside a question through its answers first. */
  select(by: 1 | -1): void {
    const block = this.block()
    const options = block?.type === 'predict' && !this.answered(block) ? block.options.length : 0
    if (by === 1 ? this.#option < options - 1 : this.#option > 0) this.#option += by
    else {
      const all = selectable(this.step, this.hints)
      this.#pick(all[Math.max(0, Math.min(all.length - 1, this.#index(all) + by))] ?? onward)
    }
    this.reveal()
  }

  /** The selection to a block by name. */
  choose(block: Block): void {
    if (block.id !== this.#selected) this.#pick(block)
    this.reveal()
  }

  /** From what was just done to what comes next. */
  advance(): void {
    this.#pick(this.#open(this.#index(selectable(this.step, this.hints)) + 1))
    this.reveal()
  }

  #index(all: readonly (Block | typeof onward)[]): number {
    return all.findIndex((one) => (one === onward ? onward : one.id) === this.#selected)
  }

  /**
   * The first thing to do from `index` on: what was done already is passed over. A check that is
   * open is something to do where commands follow: they come after a task of the learner's own.
   * Whoever presents goes past it.
   */
  #open(index: number): Block | typeof onward {
    const waits = (block: Block | typeof onward): boolean =>
      block !== onward &&
      ['run', 'predict', 'exercise'].includes(block.type) &&
      this.#state(block) !== 'passed' &&
      !(block.type === 'predict' && this.answered(block))
    const rest = selectable(this.step, this.hints).slice(index)
    const next = rest.findIndex(waits)
    if (next < 0) return onward
    const open = (block: Block | typeof onward): boolean =>
      block !== onward && block.type === 'check' && this.#state(block) !== 'passed'
    const task = this.#facts.spacious ? undefined : rest.slice(0, next).find(open)
    return task ?? rest[next] ?? onward
  }

  #pick(block: Block | typeof onward): void {
    this.#selected = block === onward ? onward : block.id
    this.#option = -1
    this.stale()
  }

  #state(block: Block): BlockStatus['state'] {
    return this.#facts.statuses[block.id]?.state ?? 'waiting'
  }
}
