// A lesson presented in the terminal: what a clicker's keys mean, and what only an
// instructor has: notes, a timer, a step that is skipped, a screen that is blank.
//
// Owned by the model, which asks it first what a key means.

import { languageOfCommand } from '../../language/language.ts'
import { presentWords } from '../../language/present.ts'
import type { PlayerEvent } from '../../player/events.ts'
import type { Player } from '../../player/player.ts'
import type { Page } from '../page.ts'

/** What clickers send works while the terminal has the keys, too. */
export const clickerKeys = /(\x1b\[[56]~)/

/** Keys that mean another key of the model here. */
const meant: Readonly<Record<string, string>> = {
  pagedown: 'right',
  pageup: 'left',
  ' ': 'right',
  r: 'enter',
  R: 'r',
}

export class Presenting {
  readonly words = presentWords[languageOfCommand(process.argv, process.env)]
  notes = false
  blank = false
  readonly #player: Player
  readonly #page: Page
  readonly #say: (text: string) => void
  readonly #began = performance.now()

  constructor(player: Player, page: Page, say: (text: string) => void) {
    this.#player = player
    this.#page = page
    this.#say = say
  }

  /** The key that the model should take instead; undefined when nothing is left to do. */
  key(key: string): string | undefined {
    if (key === 'b') {
      this.blank = !this.blank
      return undefined
    }
    // Whoever goes on wants to be seen.
    this.blank = false
    if (key === 'n') this.notes = !this.notes
    else if (key === 's') void this.#player.catchUp(this.#page.step.id)
    else if (key === 'v' || key === '.') return this.#reveal()
    else return meant[key] ?? key
    return undefined
  }

  /** Notes of the step that is open, as Markdown; undefined while they are not shown. */
  note(): string | undefined {
    if (!this.notes) return undefined
    const notes = this.#page.step.blocks.flatMap((block) => (block.type === 'note' ? [block.markdown] : []))
    return notes.length === 0 ? this.words.notes.none : notes.join('\n\n')
  }

  /** `7:05 of 10 min`. */
  time(): string {
    const seconds = Math.floor((performance.now() - this.#began) / 1000)
    const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    return `${elapsed} ${this.words.timer.planned(this.#player.lesson.minutes)}`
  }

  help(): readonly (readonly [string, string])[] {
    return this.words.terminalHelp
  }

  tell(event: Extract<PlayerEvent, { type: 'catch-up' }>): void {
    const { skip } = this.words
    if (event.state === 'done') {
      // Nothing of the step is left to do: to its end, where its checks are.
      this.#page.advance()
      this.#say(skip.done)
    } else if (event.state === 'failed') this.#say(skip.failed(event.message ?? ''))
    else if (event.doing === 'replaying') this.#say(skip.replaying(event.at ?? 1, event.of ?? 1))
    else this.#say(skip[event.doing ?? 'taking'])
  }

  /** The answer of a question, then hints, then the solution: the model has keys for the latter two. */
  #reveal(): string | undefined {
    const { blocks } = this.#page.step
    const question = blocks.find((block) => block.type === 'predict' && !this.#page.answered(block))
    if (question?.type === 'predict') {
      const right = question.options.flatMap((option, index) => (option.correct ? [index] : []))
      this.#page.chosen[question.id] = right
      this.#page.choose(question)
      this.#player.answer(question.id, right)
      this.#page.reveal()
      return undefined
    }
    if (blocks.filter((block) => block.type === 'hint').length > this.#page.hints) return 'h'
    const help = blocks.find((block) => block.type === 'solution' || block.type === 'exercise')
    if (help && !this.#page.opened.has(help.id)) return 's'
    this.#say(this.words.allRevealed)
    return undefined
  }
}
