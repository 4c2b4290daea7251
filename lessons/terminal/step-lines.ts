// A step of a lesson -> the lines of the text pane. Pure: what is shown depends
// on the step, on what was done in it, and on the width, and on nothing else.
import type { Block, Lesson, PredictBlock, Step } from '../format/lesson.ts'
import type { BlockStatus } from '../player/ledger.ts'
import { codeLines, markdownLines, paint } from './markdown.ts'

export interface StepView {
  statuses: Readonly<Record<string, BlockStatus>>
  selected: string | undefined
  /** How many hints are open, and whether solutions and sources are. */
  hints: number
  opened: ReadonlySet<string>
  /** Lines of live views, by block. */
  watches: Readonly<Record<string, readonly string[]>>
}

export interface StepLines {
  lines: string[]
  /** First and last line of each block that can be selected. */
  anchors: Map<string, [number, number]>
}

/** Blocks that the cursor stops at. */
export function selectable(step: Step, hints: number): Block[] {
  let seen = 0
  return step.blocks.filter((block) => {
    if (block.type === 'hint') return seen++ === hints
    return ['run', 'predict', 'solution', 'exercise', 'source', 'check'].includes(block.type)
  })
}

const marks = {
  waiting: paint('dim', '○'),
  running: paint('yellow', '◌'),
  passed: paint('green', '✓'),
  failed: paint('red', '✗'),
  lost: paint('red', '↯'),
}

export function stepLines(lesson: Lesson, step: Step, view: StepView, width: number): StepLines {
  const lines: string[] = []
  const anchors = new Map<string, [number, number]>()
  const index = lesson.steps.indexOf(step)
  if (index === 0)
    for (const block of lesson.intro)
      if (block.type === 'prose') lines.push(...markdownLines(block.markdown, width), '')
  lines.push(paint(['bold', 'underline'], step.title), '')
  let hint = 0
  for (const block of step.blocks) {
    const start = lines.length
    lines.push(...blockLines(block, view, width, block.type === 'hint' ? hint++ : 0))
    anchors.set(block.id, [start, Math.max(start, lines.length - 1)])
    if (lines.length > start) lines.push('')
  }
  if (index === lesson.steps.length - 1)
    for (const block of lesson.outro)
      if (block.type === 'prose') lines.push(...markdownLines(block.markdown, width), '')
  return { lines, anchors }
}

function blockLines(block: Block, view: StepView, width: number, hint: number): string[] {
  const status = view.statuses[block.id] ?? { state: 'waiting' as const }
  const chosen = block.id === view.selected
  const pointer = chosen ? paint(['bold', 'cyan'], '▌') : ' '
  const message = (style: 'red' | 'yellow' | 'dim'): string[] =>
    status.message === undefined
      ? []
      : markdownLines(status.message, width - 4).map((line) => `${pointer}   ${paint(style, line)}`)
  switch (block.type) {
    case 'prose':
      return markdownLines(block.markdown, width)
    case 'run': {
      const note = [block.terminal, chosen ? paint(['bold', 'cyan'], '⏎ run') : ''].filter(Boolean).join('  ')
      const code = codeLines(block.command, 'sh', width - 4).map((line) => `${pointer} ${line}`)
      return [
        `${pointer} ${marks[status.state]} ${paint('dim', note)}`,
        ...code,
        ...(status.state === 'failed' || status.state === 'lost' ? message('red') : []),
      ]
    }
    case 'check': {
      const title = markdownLines(block.title, width - 4).map(
        (line, index) =>
          `${pointer} ${index === 0 ? marks[status.state] : ' '} ${status.state === 'passed' ? paint('green', line) : line}`,
      )
      if (status.state === 'failed') return [...title, ...message('red')]
      return status.state === 'waiting' ? [...title, ...(chosen ? message('dim') : [])] : title
    }
    case 'predict':
      return predictLines(block, status, chosen, pointer, width)
    case 'hint':
      if (hint < view.hints)
        return markdownLines(block.markdown, width - 4).map((line) => `  ${paint('yellow', '?')} ${line}`)
      return hint === view.hints ? [`${pointer} ${paint('dim', 'a hint: press h')}`] : []
    case 'solution':
      if (!view.opened.has(block.id)) return [`${pointer} ${paint('dim', 'the solution: press s to see it')}`]
      return [
        ...markdownLines(block.markdown, width - 4).map((line) => `${pointer} ${line}`),
        ...block.runs.flatMap((run) => [
          `${pointer} ${paint('dim', `${run.terminal}  press s again to type it`)}`,
          ...codeLines(run.command, 'sh', width - 4).map((line) => `${pointer} ${line}`),
        ]),
      ]
    case 'exercise':
      return [
        `${pointer} ${marks[status.state]} ${paint('bold', block.title)} ${paint('dim', block.file)}${chosen ? paint(['bold', 'cyan'], '  ⏎ edit') : ''}`,
        ...markdownLines(block.markdown, width - 4).map((line) => `${pointer}   ${line}`),
      ]
    case 'source': {
      const code = codeLines(block.code, 'typescript', width - 2, block.from)
      const shown = view.opened.has(block.id) ? code : code.slice(0, 12)
      const more =
        code.length > shown.length
          ? [`${pointer} ${paint('dim', `… ${code.length - shown.length} more lines: ⏎`)}`]
          : []
      return [
        `${pointer} ${paint('blue', `${block.file}:${block.from}`)}`,
        ...shown.map((line) => `${pointer}${line}`),
        ...more,
      ]
    }
    case 'watch':
      return [
        ...markdownLines(block.markdown, width),
        paint('dim', `── live: ${block.view} ${'─'.repeat(Math.max(0, width - 10 - block.view.length))}`),
        ...(view.watches[block.id] ?? [paint('dim', 'looking …')]),
      ]
  }
}

function predictLines(
  block: PredictBlock,
  status: BlockStatus,
  chosen: boolean,
  pointer: string,
  width: number,
): string[] {
  const answered = status.state === 'passed' || status.state === 'failed'
  const question = markdownLines(block.question, width - 6).map(
    (line, index) => `${pointer} ${index === 0 ? paint('magenta', '?') : ' '} ${paint('bold', line)}`,
  )
  const options = block.options.flatMap((option, index) => {
    const mark =
      answered && option.correct
        ? paint('green', '✓')
        : chosen
          ? paint('cyan', String(index + 1))
          : String(index + 1)
    return markdownLines(option.text, width - 8).map(
      (line, row) =>
        `${pointer}   ${row === 0 ? mark : ' '} ${answered && option.correct ? paint('green', line) : line}`,
    )
  })
  if (!answered)
    return [
      ...question,
      ...options,
      ...(chosen ? [`${pointer}   ${paint('dim', 'press the number of your answer')}`] : []),
    ]
  const verdict = status.state === 'passed' ? paint('green', 'Right.') : paint('red', 'Not quite.')
  return [
    ...question,
    ...options,
    `${pointer}   ${verdict}`,
    ...markdownLines(block.explanation, width - 6).map((line) => `${pointer}   ${line}`),
  ]
}
