// Answering a question with the keyboard, and what Enter means where one is.
//
// A digit answers at once; where more than one answer is right it marks one, and
// Enter answers. Enter also takes the answer that the arrows point at.
// Called by model.ts.
import type { Block, PredictBlock } from '../format/lesson.ts'
import type { TerminalWords } from '../language/terminal.ts'
import type { Player } from '../player/player.ts'
import type { Page } from './page.ts'

export function pressDigit(player: Player, page: Page, index: number): void {
  const here = page.block()
  const block =
    here?.type === 'predict'
      ? here
      : page.step.blocks.find((one) => one.type === 'predict' && !page.answered(one))
  if (block?.type !== 'predict' || page.answered(block) || index >= block.options.length) return
  page.choose(block)
  if (several(block)) mark(page, block, index)
  else give(player, page, block, [index])
}

/** @returns what to tell the learner, if anything */
export function pressEnter(player: Player, page: Page, block: PredictBlock, words: TerminalWords): string {
  if (page.answered(block)) {
    page.advance()
    return ''
  }
  const marked = page.chosen[block.id] ?? []
  const choice = marked.length === 0 && page.option >= 0 ? [page.option] : marked
  if (choice.length === 0) return words.notices.chooseFirst
  give(player, page, block, choice)
  return ''
}

function several(block: PredictBlock): boolean {
  return block.options.filter((option) => option.correct).length > 1
}

function mark(page: Page, block: PredictBlock, index: number): void {
  const marked = page.chosen[block.id] ?? []
  const off = marked.includes(index)
  page.chosen[block.id] = off ? marked.filter((one) => one !== index) : [...marked, index]
}

function give(player: Player, page: Page, block: PredictBlock, choice: number[]): void {
  page.chosen[block.id] = choice
  player.answer(block.id, choice)
  page.reveal()
}

/** What Enter would do now, for the footer. @param last whether the lesson ends with this step */
export function enterDoes(page: Page, { keys }: TerminalWords, last: boolean): string {
  if (!page.inSight()) return keys.readOn
  const block = page.block()
  if (!block) return last ? keys.leave : keys.nextStep
  if (block.type === 'predict') return page.answered(block) ? keys.on : keys.answer
  if (block.type === 'solution' && page.opened.has(block.id)) return keys.type
  const words: Partial<Record<Block['type'], string>> = {
    run: keys.run,
    exercise: keys.edit,
    source: keys.fold,
    check: keys.check,
  }
  return words[block.type] ?? keys.open
}
