// A step of a lesson -> the lines of the text pane. Pure: what is shown depends
// on the step, on what was done in it, and on the width, and on nothing else.
//
// Called by model.ts whenever one of these changed.
// Next: lessons/terminal/block-lines.ts
import type { Block, Lesson, Step } from '../format/lesson.ts'
import { blockLines } from './block-lines.ts'
import type { Span } from './layout.ts'
import { markdownLines } from './markdown.ts'
import { paint } from './paint.ts'
import { onward, type StepView } from './step-view.ts'

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
  lines.push(...onwardLine(lesson.steps[index + 1], view.selected === onward, view.done[step.id] === true))
  anchors.set(onward, { from: lines.length - 1, to: lines.length - 1 })
  return { lines, anchors }
}

function onwardLine(next: Step | undefined, chosen: boolean, done: boolean): string[] {
  const pointer = chosen ? paint(['bold', 'cyan'], '▌') : ' '
  const words = next ? `Next: ${next.title.replaceAll('`', '')}` : 'The end of the lesson'
  const key = chosen ? paint(['bold', 'cyan'], '  ⏎') : ''
  const mark = done ? paint('green', '✓') : paint('dim', '→')
  return [`${pointer} ${mark} ${chosen || done ? words : paint('dim', words)}${key}`]
}
