// The instructor’s notes as lines, for the pane below the text.
//
// Called by app.tsx.
import { markdownLines } from '../markdown.ts'
import { paint } from '../paint.ts'
import type { Presenting } from './presenting.ts'

/** The notes as lines of a pane, the first of which says what they are. */
export function noteLines(presenting: Presenting, columns: number): string[] {
  const { notes } = presenting.words
  return [paint(['bold', 'yellow'], notes.title), ...markdownLines(presenting.note() ?? '', columns)]
}
