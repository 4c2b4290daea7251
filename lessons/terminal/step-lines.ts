// A step of a lesson -> the lines of the text pane. Pure: what is shown depends
// on the step, on what was done in it, and on the width, and on nothing else.
//
// Called by page.ts whenever one of these changed.
// Next: lessons/terminal/block-lines.ts
import type { Block, Lesson, Step } from '../format/lesson.ts'
import type { TerminalWords } from '../language/terminal.ts'
import { blockLines } from './block-lines.ts'
import type { Span } from './layout.ts'
import { markdownLines } from './markdown.ts'
import { paint } from './paint.ts'
import { onward, type StepView } from './step-view.ts'
import { wrap } from './wrapping.ts'

export interface StepLines {
  lines: string[]
  /** First and last line of each block. */
  anchors: Map<string, Span>
}

/** What the selection stops at, in order. */
export function selectable(step: Step, hints: number): (Block | typeof onward)[] {
  let seen = 0
  const blocks = step.blocks.filter((block) => {
    // One hint at a time, and the solution after a hint: help is asked for in this order.
    if (block.type === 'hint') return seen++ === hints
    return ['run', 'predict', 'solution', 'exercise', 'source', 'check'].includes(block.type)
  })
  return [...blocks, onward]
}

export function stepLines(lesson: Lesson, step: Step, view: StepView, width: number): StepLines {
  const lines: string[] = []
  const anchors = new Map<string, Span>()
  const index = lesson.steps.indexOf(step)
  const last = index === lesson.steps.length - 1
  const prose = (blocks: readonly Block[]): void => {
    for (const block of blocks)
      if (block.type === 'prose') lines.push(...markdownLines(block.markdown, width), '')
  }
  const air = view.spacious ? [''] : []
  if (index === 0) prose(lesson.intro)
  lines.push(...air, ...markdownLines(`# ${step.title}`, width), '', ...air)
  let hint = 0
  for (const block of step.blocks) {
    const from = lines.length
    lines.push(...blockLines(block, view, width, block.type === 'hint' ? hint++ : 0))
    anchors.set(block.id, { from, to: Math.max(from, lines.length - 1) })
    if (lines.length > from) lines.push('', ...air)
  }
  if (last) prose(lesson.outro)
  const from = lines.length
  const [chosen, done] = [view.selected === onward, view.done[step.id] === true]
  lines.push(...onwardLines(view.words, lesson.steps[index + 1], { chosen, done }, width))
  anchors.set(onward, { from, to: lines.length - 1 })
  return { lines, anchors }
}

function onwardLines(
  { block }: TerminalWords,
  next: Step | undefined,
  { chosen, done }: { chosen: boolean; done: boolean },
  width: number,
): string[] {
  const pointer = chosen ? paint(['bold', 'cyan'], '▌') : ' '
  const words = next ? block.next(next.title.replaceAll('`', '')) : block.end
  const key = chosen ? paint(['bold', 'cyan'], '  ⏎') : ''
  const mark = done ? paint('green', '✓') : paint('dim', '→')
  return wrap(words, width - 7).map((line, row, { length }) => {
    const text = chosen || done ? line : paint('dim', line)
    return `${pointer} ${row === 0 ? mark : ' '} ${text}${row === length - 1 ? key : ''}`
  })
}
