// What the lines of a step depend on, besides the step and the width.
//
// Made by page.ts, read by step-lines.ts and block-lines.ts.
import type { TerminalWords } from '../language/terminal.ts'
import type { BlockStatus } from '../player/ledger.ts'

export interface StepView {
  words: TerminalWords
  statuses: Readonly<Record<string, BlockStatus>>
  done: Readonly<Record<string, boolean>>
  selected: string | undefined
  /** How many hints are open, and whether solutions and sources are. */
  hints: number
  opened: ReadonlySet<string>
  /** The option of a question that the arrows point at; those that were chosen, by question. */
  option: number
  chosen: Readonly<Record<string, readonly number[]>>
  /** Lines of live views, by block; undefined when they are shown elsewhere. */
  watches: Readonly<Record<string, readonly string[]>> | undefined
  /** More air, for those who sit far away. */
  spacious?: boolean
}

/** The last line of a step, which leads to the next: the selection stops there too. */
export const onward = 'onward'
