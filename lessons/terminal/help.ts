// What a learner who is stuck asks for: a hint, one at a time, then the solution;
// and what is missing still, for one who would go on.
//
// Called by model.ts. Each returns what to tell the learner, if anything.
import type { Block } from '../format/lesson.ts'
import type { TerminalWords } from '../language/terminal.ts'
import type { BlockStatus } from '../player/ledger.ts'
import type { Player } from '../player/player.ts'
import type { Page } from './page.ts'

export function openHint(page: Page, { notices }: TerminalWords): string {
  const hints = page.step.blocks.filter((block) => block.type === 'hint')
  const next = hints[page.hints]
  if (!next) return hints.length === 0 ? notices.noHint : notices.lastHint
  page.hints++
  page.reveal(next.id)
  return ''
}

/** Shows the solution; asked once more, types it. Then comes the next, where a step has a file to write and a command. */
export function openSolution(player: Player, page: Page, { notices }: TerminalWords): string {
  const all = page.step.blocks.filter((one) => one.type === 'solution' || one.type === 'exercise')
  const fresh = all.filter(({ id }) => !page.typed.has(id))
  const chosen = (of: Block[]): Block | undefined => of.find(({ id }) => id === page.selected)
  const block = chosen(fresh) ?? fresh[0] ?? chosen(all) ?? all.at(-1)
  if (!block) return notices.noSolution
  if (page.opened.has(block.id)) {
    // Typed twice, it might be done twice.
    if (page.typing === block.id) return ''
    page.typed.add(block.id)
    page.typing = block.id
    void player.solve(block.id).then(({ state }) => {
      page.typing = undefined
      if (state === 'passed' && page.selected === block.id) page.advance()
    })
    return block.type === 'exercise' ? notices.saved(block.file) : ''
  }
  page.opened.add(block.id)
  page.choose(block)
  return block.type === 'exercise' ? notices.writeAgain : notices.typeAgain
}

/** Checks of the step that are not true yet, as far as anybody knows. */
export function openChecks(page: Page, statuses: Record<string, BlockStatus>): Block[] {
  return page.step.blocks.filter(({ type, id }) => type === 'check' && statuses[id]?.state !== 'passed')
}

/** Whether that check is what the learner stands at, or its solution: once it is true, the way leads on. */
export function asked(page: Page, checkId: string): boolean {
  const block = page.block()
  const isCheck = page.step.blocks.some(({ type, id }) => type === 'check' && id === checkId)
  return isCheck && (block?.id === checkId || block?.type === 'solution')
}

/** The terminal of a command of the step's solutions. */
export function terminalOf(page: Page, runId: string): string | undefined {
  const runs = page.step.blocks.flatMap((block) => (block.type === 'solution' ? block.runs : []))
  return runs.find(({ id }) => id === runId)?.terminal
}
