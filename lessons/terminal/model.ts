// The state of the terminal UI, and what each key does to it. Draws nothing:
// app.tsx shows it, ui.tsx feeds it keys, sizes and the player's events.
//
// Enter is the key of a lesson: it reads on until the selected command is in
// sight, runs it, answers, unfolds, and at the end of a step goes to the next.
import type { Entry } from '../format/glossary.ts'
import type { Language } from '../language/language.ts'
import { sandboxWords } from '../language/sandbox.ts'
import { type TerminalWords, terminalWords } from '../language/terminal.ts'
import type { PlayerEvent } from '../player/events.ts'
import type { BlockStatus } from '../player/ledger.ts'
import type { Player } from '../player/player.ts'
import { pressDigit, pressEnter } from './answering.ts'
import { entriesIn } from './glossary.ts'
import { asked, openChecks, openHint, openSolution, terminalOf } from './help.ts'
import { type Layout, layout, type Size } from './layout.ts'
import { LiveViews } from './live-views.ts'
import { Page } from './page.ts'
import { Presenting } from './present/presenting.ts'

export interface ModelOptions {
  player: Player
  language: Language
  /** The glossary, in the language of the lesson. */
  entries: readonly Entry[]
  size: Size
  step?: string
  /** Ids of steps that were done on an earlier visit. */
  before?: readonly string[]
  present?: boolean
  onChange: () => void
  onQuit: () => void
  /** Lets the learner edit a file: resolves with its new text, or undefined when nothing changed. */
  edit: (name: string, text: string) => Promise<string | undefined>
}

export class Model {
  readonly player: Player
  readonly words: TerminalWords
  readonly page: Page
  readonly live: LiveViews
  /** When the lesson is shown to an audience. */
  readonly presenting: Presenting | undefined
  readonly before: ReadonlySet<string>
  readonly statuses: Record<string, BlockStatus>
  readonly done: Record<string, boolean>
  focus: 'lesson' | 'terminal' = 'lesson'
  tab: string
  /** One line at the bottom, until the next key. */
  notice = ''
  sandbox: 'ready' | 'lost' | 'starting' | 'resetting' = 'ready'
  /** What covers the lesson until the next key. */
  sheet: 'none' | 'keys' | 'words' = 'none'
  size: Size
  places: Layout
  readonly #options: ModelOptions
  /** What the same key pressed once more confirms. */
  #armed: '' | 'reset' | 'force' | 'quit' | 'onward' = ''

  constructor(options: ModelOptions) {
    this.#options = options
    this.player = options.player
    this.words = terminalWords[options.language]
    this.before = new Set(options.before)
    this.size = options.size
    this.places = layout(options.size, false)
    this.live = new LiveViews(this.player)
    const { lesson } = this.player
    this.tab = lesson.sandbox.terminals[0] ?? ''
    const state = this.player.state()
    this.statuses = state.blocks
    this.done = state.steps
    this.page = new Page(lesson, {
      words: this.words,
      statuses: this.statuses,
      done: this.done,
      watches: (columns) => (this.places.view ? undefined : this.live.lines(columns)),
      spacious: options.present === true,
    })
    if (options.present)
      this.presenting = new Presenting(this.player, this.page, (text) => {
        this.notice = text
      })
    const asked = lesson.steps.findIndex((step) => step.id === options.step)
    this.#enter(Math.max(0, asked))
    const rest = lesson.steps.findIndex((step) => !this.before.has(step.id))
    // Not there by itself: the machine is new, and the step may need what the ones before it did.
    if (asked < 0 && rest > 0) this.notice = this.words.notices.before(rest, lesson.steps.length)
    else if (lesson.language !== options.language) this.notice = this.words.screen.untranslated
  }

  /** The window has another size. */
  resize(size: Size): void {
    this.size = size
    this.#place()
    this.page.reveal()
    this.#options.onChange()
  }

  #place(): void {
    const view = this.page.step.blocks.some((block) => block.type === 'watch')
    this.places = layout(this.size, view, this.presenting?.notes)
    this.page.size = this.places.text
    this.page.stale()
    const { columns, rows } = this.places.terminal
    if (rows < 2) return
    for (const name of this.player.lesson.sandbox.terminals) this.player.resize(name, columns, rows)
  }

  onEvent(event: PlayerEvent): void {
    if (event.type === 'block') {
      const { id, state, message } = event
      this.statuses[id] = { state, ...(message === undefined ? {} : { message }) }
      // A command of a solution is typed: its terminal is the one to look at.
      if (state === 'running') this.tab = terminalOf(this.page, id) ?? this.tab
      if (state === 'passed' && asked(this.page, id)) this.#advance()
      if (this.#armed === 'onward' && openChecks(this.page, this.statuses).length === 0) this.#disarm()
      this.page.stale()
      // What went wrong is said below the command.
      if (state === 'failed' && (id === this.page.selected || this.#armed === 'onward')) this.page.reveal()
    } else if (event.type === 'step') this.done[event.id] = event.done
    else if (event.type === 'sandbox') {
      this.sandbox = event.state
      this.notice = event.message ?? ''
    } else if (event.type === 'watch') this.live.add(event.id, event.sample)
    else if (event.type === 'catch-up') this.presenting?.tell(event)
    this.page.stale()
    this.#options.onChange()
  }

  key(key: string): void {
    const armed = this.#armed
    this.#disarm()
    const meant = this.presenting ? this.presenting.key(key) : key
    if (this.sheet !== 'none') this.sheet = 'none'
    else if (meant === undefined) this.#place()
    else this.#act(meant, armed)
    this.page.stale()
    this.#options.onChange()
  }

  #disarm(): void {
    this.notice = ''
    this.#armed = ''
  }

  #act(key: string, armed: string): void {
    const page = Math.max(1, this.page.size.rows - 2)
    if (/^[1-9]$/.test(key)) pressDigit(this.player, this.page, Number(key) - 1)
    else if (key === 'enter') this.#go(armed)
    else if (key === 'up' || key === 'k') this.#select(-1)
    else if (key === 'down' || key === 'j') this.#select(1)
    else if (key === 'pageup' || key === 'b') this.page.scroll(-page)
    else if (key === 'pagedown' || key === ' ') this.page.scroll(page)
    else if (key === 'home') this.page.scroll(-1e6)
    else if (key === 'end') this.page.scroll(1e6)
    else if (key === 'right' || key === 'n') this.#enter(this.page.at + 1)
    else if (key === 'left' || key === 'p') this.#enter(this.page.at - 1)
    else if (key === 'tab') this.#nextTab(1)
    else if (key === 'shift-tab') this.#nextTab(-1)
    else if (key === 'ctrl-t') this.focus = 'terminal'
    else if (key === 'h') this.notice = openHint(this.page, this.words)
    else if (key === 's') this.notice = openSolution(this.player, this.page, this.words)
    else if (key === 'r') this.#reset(armed)
    else if (key === 'g') this.#explain()
    else if (key === '?') this.sheet = 'keys'
    else if (key === 'q' || key === 'ctrl-c') this.#quit(armed)
  }

  #enter(index: number): void {
    const { steps } = this.player.lesson
    if (index < 0 || index >= steps.length) {
      this.notice = index < 0 ? this.words.notices.first : this.words.notices.last
      return
    }
    this.page.enter(index)
    this.player.enter(this.page.step.id)
    this.live.watch(this.page.step)
    this.#place()
    this.#followTerminal()
  }

  #advance(): void {
    this.page.advance()
    this.#followTerminal()
  }

  #select(by: 1 | -1): void {
    this.page.select(by)
    this.#followTerminal()
  }

  /** The terminal of the selected command is the one to look at. */
  #followTerminal(): void {
    const block = this.page.block()
    if (block?.type === 'run') this.tab = block.terminal
  }

  #nextTab(by: number): void {
    const { terminals } = this.player.lesson.sandbox
    this.tab = terminals.at((terminals.indexOf(this.tab) + by) % terminals.length) ?? this.tab
  }

  #go(armed: string): void {
    const block = this.page.block()
    if (!this.page.inSight()) this.page.readOn()
    else if (!block) this.#onward(armed)
    else if (block.type === 'run') this.#run(block.id)
    else if (block.type === 'predict') this.notice = pressEnter(this.player, this.page, block, this.words)
    else if (block.type === 'check') this.#check(block.id)
    else if (block.type === 'source') this.#toggle(block.id)
    else if (block.type === 'solution') this.notice = openSolution(this.player, this.page, this.words)
    else if (block.type === 'hint') this.notice = openHint(this.page, this.words)
    else if (block.type === 'exercise') void this.#edit(block.id, block.file)
  }

  /** Past a check that is not true the learner goes knowingly: what is missing is said, and Enter once more goes on. */
  #onward(armed: string): void {
    const open = openChecks(this.page, this.statuses)
    if (open.length > 0 && armed !== 'onward' && !this.presenting) {
      this.#armed = 'onward'
      this.notice = this.words.notices.openChecks(open.length)
      for (const { id } of open) void this.player.check(id)
      return
    }
    if (this.page.at + 1 < this.player.lesson.steps.length) this.#enter(this.page.at + 1)
    else this.#options.onQuit()
  }

  #check(id: string): void {
    if (this.statuses[id]?.state === 'passed') this.#advance()
    else void this.player.check(id)
  }

  #run(id: string): void {
    if (this.statuses[id]?.state === 'running') return
    void this.player.run(id).then((outcome) => {
      // Goes on to what comes next, unless the learner went elsewhere meanwhile.
      if (outcome.state === 'passed' && this.page.selected === id) this.#advance()
      this.#options.onChange()
    })
  }

  async #edit(id: string, file: string): Promise<void> {
    try {
      const edited = await this.#options.edit(file, await this.player.readExercise(id))
      if (edited !== undefined) {
        await this.player.writeExercise(id, edited)
        // Enter leads on, not into the editor once more.
        if (this.page.selected === id) this.page.advance()
      }
      this.notice = edited === undefined ? this.words.notices.unchanged : this.words.notices.saved(file)
    } catch (error) {
      this.notice = error instanceof Error ? error.message : String(error)
    }
    this.#options.onChange()
  }

  #toggle(id: string): void {
    if (!this.page.opened.delete(id)) this.page.opened.add(id)
  }

  /** Opens the sheet with the words that this step uses. */
  #explain(): void {
    if (this.uses().length === 0) this.notice = this.words.notices.noWords
    else this.sheet = 'words'
  }

  /** Words of the glossary in the prose of this step. */
  uses(): Entry[] {
    return entriesIn(this.page.step, this.#options.entries)
  }

  #reset(armed: string): void {
    if (armed !== 'reset' && armed !== 'force') {
      this.#armed = 'reset'
      this.notice = this.words.notices.resetAgain
      return
    }
    this.player.reset({ force: armed === 'force' }).catch((error: Error & { kind?: string }) => {
      const busy = error.kind === 'busy'
      const why = sandboxWords(error.message, this.#options.language)
      this.notice = busy ? this.words.notices.forceAgain(why) : why
      if (busy) this.#armed = 'force'
      this.#options.onChange()
    })
  }

  #quit(armed: string): void {
    const running = Object.values(this.statuses).some(({ state }) => state === 'running')
    if (!running || armed === 'quit') this.#options.onQuit()
    else {
      this.#armed = 'quit'
      this.notice = this.words.notices.quitAgain
    }
  }
}
