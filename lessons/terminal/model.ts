// The state of the terminal UI, and what each key does to it. Draws nothing:
// app.tsx shows it, ui.tsx feeds it keys and the player's events.
import type { Block, Step } from '../format/lesson.ts'
import type { PlayerEvent } from '../player/events.ts'
import type { BlockStatus } from '../player/ledger.ts'
import type { Player } from '../player/player.ts'
import type { CgroupSample, NamespacesSample } from '../player/watch.ts'
import { type StepView, selectable } from './step-lines.ts'
import { cgroupLines, namespacesLines } from './views.ts'

export interface ModelOptions {
  player: Player
  step?: string
  onChange: () => void
  onQuit: () => void
  /** Lets the learner edit a file: resolves with its new text, or undefined when nothing changed. */
  edit: (name: string, text: string) => Promise<string | undefined>
}

export class Model {
  readonly player: Player
  focus: 'lesson' | 'terminal' = 'lesson'
  /** Index of the step that is shown. */
  at: number
  tab: string
  /** One line at the bottom, until the next key. */
  notice = ''
  sandbox: 'ready' | 'lost' | 'starting' | 'resetting' = 'ready'
  help = false
  /** Lines that the text is scrolled by, on top of what keeps the selection in sight. */
  scroll = 0
  done: Record<string, boolean>
  readonly #options: ModelOptions
  #selected: string | undefined
  #hints = 0
  #opened = new Set<string>()
  #statuses: Record<string, BlockStatus>
  #history = new Map<string, CgroupSample[]>()
  #watches: Record<string, string[]> = {}
  #armed = ''
  #width = 76

  constructor(options: ModelOptions) {
    this.#options = options
    this.player = options.player
    const { lesson } = this.player
    this.at = Math.max(
      0,
      lesson.steps.findIndex((step) => step.id === options.step),
    )
    this.tab = lesson.sandbox.terminals[0] ?? ''
    const state = this.player.state()
    this.#statuses = state.blocks
    this.done = state.steps
    this.#enter(this.at)
  }

  get step(): Step {
    const step = this.player.lesson.steps[this.at]
    if (!step) throw new RangeError(`the lesson has no step ${this.at}`)
    return step
  }

  view(): StepView {
    return {
      statuses: this.#statuses,
      selected: this.#selected,
      hints: this.#hints,
      opened: this.#opened,
      watches: this.#watches,
    }
  }

  set width(value: number) {
    this.#width = value
  }

  onEvent(event: PlayerEvent): void {
    if (event.type === 'block') {
      this.#statuses[event.id] = {
        state: event.state,
        ...(event.message === undefined ? {} : { message: event.message }),
      }
    } else if (event.type === 'step') this.done[event.id] = event.done
    else if (event.type === 'sandbox') {
      this.sandbox = event.state
      this.notice = event.message ?? ''
    } else if (event.type === 'watch') this.#watch(event.id, event.sample)
    this.#options.onChange()
  }

  #watch(id: string, sample: NamespacesSample | CgroupSample): void {
    if ('host' in sample) this.#watches[id] = namespacesLines(sample, this.#width)
    else {
      const history = [...(this.#history.get(id) ?? []), sample].slice(-80)
      this.#history.set(id, history)
      this.#watches[id] = cgroupLines(history, this.#width)
    }
  }

  key(key: string): void {
    this.notice = ''
    const armed = this.#armed
    this.#armed = ''
    if (this.help) this.help = false
    else this.#act(key, armed)
    this.#options.onChange()
  }

  #act(key: string, armed: string): void {
    const digit = /^[1-9]$/.exec(key)
    if (digit) this.#answer(Number(key) - 1)
    else if (key === 'enter') this.#run()
    else if (key === 'up' || key === 'k') this.#select(-1)
    else if (key === 'down' || key === 'j') this.#select(1)
    else if (key === 'pageup') this.scroll -= 8
    else if (key === 'pagedown' || key === ' ') this.scroll += 8
    else if (key === 'right' || key === 'n') this.#enter(this.at + 1)
    else if (key === 'left' || key === 'p') this.#enter(this.at - 1)
    else if (key === 'tab' || key === 'shift-tab') this.#nextTab()
    else if (key === 'ctrl-t') this.focus = 'terminal'
    else if (key === 'h') this.#hints++
    else if (key === 's') this.#solve()
    else if (key === 'r') this.#reset(armed)
    else if (key === '?') this.help = true
    else if (key === 'q' || key === 'ctrl-c') this.#options.onQuit()
  }

  #enter(index: number): void {
    const { steps } = this.player.lesson
    if (index < 0 || index >= steps.length) {
      this.notice = index < 0 ? 'this is the first step' : 'this was the last step: q leaves the lesson'
      return
    }
    for (const block of this.step.blocks) if (block.type === 'watch') void this.player.watch(block.id, false)
    this.at = index
    this.#hints = 0
    this.#opened = new Set()
    this.scroll = 0
    this.player.enter(this.step.id)
    for (const block of this.step.blocks) if (block.type === 'watch') void this.player.watch(block.id, true)
    // Nothing selected yet shows the top of the text; the first ↓ or Enter finds the first command.
    this.#selected = this.#open()?.id
    if (this.#selected) this.#followTerminal()
  }

  /** The first block of the step that still waits to be done. */
  #open(): Block | undefined {
    const blocks = selectable(this.step, this.#hints)
    const waiting = (block: Block): boolean => this.#statuses[block.id]?.state !== 'passed'
    return (
      blocks.find((block) => ['run', 'predict', 'exercise'].includes(block.type) && waiting(block)) ??
      blocks[0]
    )
  }

  #select(by: number): void {
    const blocks = selectable(this.step, this.#hints)
    const now = blocks.findIndex((block) => block.id === this.#selected)
    const next = blocks[Math.max(0, Math.min(blocks.length - 1, now + by))]
    this.scroll = 0
    this.#selected = next?.id
    this.#followTerminal()
  }

  #followTerminal(): void {
    const block = this.#block()
    if (block?.type === 'run') this.tab = block.terminal
  }

  #block(): Block | undefined {
    return this.step.blocks.find((block) => block.id === this.#selected)
  }

  #nextTab(): void {
    const { terminals } = this.player.lesson.sandbox
    this.tab = terminals[(terminals.indexOf(this.tab) + 1) % terminals.length] ?? this.tab
  }

  #run(): void {
    const block = this.#block()
    if (block?.type === 'run') {
      this.tab = block.terminal
      const { id } = block
      void this.player.run(id).then((outcome) => {
        // Goes on to what comes next, unless the learner went elsewhere meanwhile.
        if (outcome.state === 'passed' && this.#selected === id) this.#select(1)
        this.#options.onChange()
      })
    } else if (block?.type === 'check') void this.player.check(block.id)
    else if (block?.type === 'source') this.#toggle(block.id)
    else if (block?.type === 'solution') this.#solve()
    else if (block?.type === 'hint') this.#hints++
    else if (block?.type === 'exercise') void this.#edit(block.id, block.file)
    else if (!block) this.#enter(this.at + 1)
  }

  async #edit(id: string, file: string): Promise<void> {
    try {
      const edited = await this.#options.edit(file, await this.player.readExercise(id))
      if (edited !== undefined) await this.player.writeExercise(id, edited)
      this.notice = edited === undefined ? 'nothing was changed' : `${file} is in the sandbox`
    } catch (error) {
      this.notice = error instanceof Error ? error.message : String(error)
    }
    this.#options.onChange()
  }

  #toggle(id: string): void {
    if (!this.#opened.delete(id)) this.#opened.add(id)
  }

  #answer(choice: number): void {
    const chosen = this.#block()
    const block =
      chosen?.type === 'predict'
        ? chosen
        : this.step.blocks.find((one) => one.type === 'predict' && !this.#statuses[one.id])
    if (block?.type !== 'predict' || choice >= block.options.length) return
    this.#selected = block.id
    this.player.answer(block.id, [choice])
  }

  #solve(): void {
    const block = this.step.blocks.find((one) => one.type === 'solution' || one.type === 'exercise')
    if (!block) this.notice = 'this step has no solution: it says everything already'
    else if (!this.#opened.has(block.id)) {
      this.#opened.add(block.id)
      if (block.type === 'exercise') this.notice = 'press s again to write the solution into the file'
    } else void this.player.solve(block.id)
  }

  #reset(armed: string): void {
    if (armed === '') {
      this.#armed = 'reset'
      this.notice = 'put the sandbox back to its first state? press r again'
      return
    }
    this.player.reset({ force: armed === 'force' }).catch((error: Error & { kind?: string }) => {
      this.notice =
        error.kind === 'busy' ? `${error.message}: press r again to reset it all the same` : error.message
      if (error.kind === 'busy') this.#armed = 'force'
      this.#options.onChange()
    })
  }
}
