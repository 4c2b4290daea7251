// One block of a step -> its lines. A command is a card with a bar at its left;
// the bar of the card that Enter works on is bright.
//
// Called by step-lines.ts. Pure.
import stringWidth from 'string-width'
import type { Block, PredictBlock, RunBlock } from '../format/lesson.ts'
import type { BlockStatus } from '../player/ledger.ts'
import { codeLines, markdownLines } from './markdown.ts'
import { paint } from './paint.ts'
import { onward, type StepView } from './step-view.ts'
import { wrap } from './wrapping.ts'

/** Lines of source that are shown before anybody unfolds it. */
const folded = 12

function mark(state: BlockStatus['state']): string {
  if (state === 'passed') return paint('green', '✓')
  if (state === 'running') return paint('yellow', '◌')
  if (state === 'waiting') return paint('dim', '○')
  return paint('red', state === 'lost' ? '↯' : '✗')
}

/** @param hint how many hints of the step stand before this one, when it is a hint */
export function blockLines(block: Block, view: StepView, width: number, hint: number): string[] {
  const { block: words, keys, screen } = view.words
  const status = view.statuses[block.id] ?? { state: 'waiting' as const }
  const chosen = block.id === view.selected
  const pointer = chosen ? paint(['bold', 'cyan'], '▌') : ' '
  const key = (what: string): string => (chosen ? paint(['bold', 'cyan'], `⏎ ${what}`) : '')
  const text = (markdown: string, indent: string): string[] =>
    markdownLines(markdown, width - stringWidth(indent)).map((line) => indent + line)
  switch (block.type) {
    case 'note':
      return []
    case 'prose':
      return markdownLines(block.markdown, width)
    case 'run':
      return card(block, status, chosen, key(keys.run), width)
    case 'check': {
      const lines = markdownLines(block.title, width - 4)
      const title = lines.map((line) =>
        status.state === 'passed' ? paint('green', line) : paint('bold', line),
      )
      const first = title.map((line, row) => `${pointer} ${row === 0 ? mark(status.state) : ' '} ${line}`)
      const asked = status.state === 'failed' || status.state === 'lost'
      // Nobody asked yet: what is missing is said quietly, where the check is chosen, or the step is at its end.
      if (
        status.message === undefined ||
        status.state === 'passed' ||
        (!asked && !chosen && view.selected !== onward)
      )
        return first
      return [...first, ...said(status.message, pointer, asked ? 'red' : 'dim', width)]
    }
    case 'predict':
      return question(block, status, view, width)
    case 'hint':
      if (hint < view.hints) return bar(markdownLines(block.markdown, width - 6), paint('yellow', '?'))
      return hint === view.hints ? [`${pointer}   ${paint('dim', words.hint)}`] : []
    case 'solution':
      if (!view.opened.has(block.id)) return [`${pointer}   ${paint('dim', words.solution)}`]
      return [
        ...text(block.markdown, `${pointer}   `),
        ...block.runs.flatMap((run) =>
          card(run, view.statuses[run.id] ?? { state: 'waiting' }, chosen, '', width),
        ),
        `${pointer}   ${paint('dim', words.types)}`,
      ]
    case 'exercise':
      return [
        `${pointer} ${mark(status.state)} ${paint('bold', block.title)}  ${key(keys.edit)}`,
        `${pointer}   ${paint('dim', block.file)}`,
        ...text(block.markdown, `${pointer}   `),
      ]
    case 'source': {
      const code = codeLines(block.code, 'typescript', width - 2, block.from)
      const shown = view.opened.has(block.id) ? code : code.slice(0, folded)
      const rest = code.length - shown.length
      const place = `${paint('blue', `${block.file}:${block.from}`)}  ${key(rest > 0 ? keys.unfold : keys.fold)}`
      return [
        ...wrap(place, width - 2).map((line) => `${pointer} ${line}`),
        ...shown.map((line) => `${pointer} ${line}`),
        ...(rest > 0 ? [`${pointer} ${paint('dim', words.moreLines(rest))}`] : []),
      ]
    }
    case 'watch':
      return [
        ...markdownLines(block.markdown, width),
        ...(view.watches === undefined
          ? []
          : [
              paint(
                'dim',
                `── ${words.live(block.view)} ${'─'.repeat(Math.max(0, width - 4 - stringWidth(words.live(block.view))))}`,
              ),
              ...(view.watches[block.id] ?? [paint('dim', screen.looking)]),
            ]),
      ]
  }
}

/** A command: its state, itself, and at the right the terminal that it goes to. */
function card(block: RunBlock, status: BlockStatus, chosen: boolean, key: string, width: number): string[] {
  const edge = chosen ? paint(['bold', 'cyan'], '▌') : paint('dim', '▏')
  const note = [paint('dim', block.terminal), key].filter(Boolean).join('  ')
  const code = codeLines(block.command, 'sh', width - 4)
  const rows = code.map((line, row) => `${edge} ${row === 0 ? mark(status.state) : ' '} ${line}`)
  const end = rows.pop() ?? ''
  const space = width - stringWidth(end) - stringWidth(note)
  // Beside the command's last line, or below it.
  if (space >= 2) rows.push(end + ' '.repeat(space) + note)
  else rows.push(end, edge + ' '.repeat(Math.max(1, width - 1 - stringWidth(note))) + note)
  const bad = status.state === 'failed' || status.state === 'lost'
  return bad && status.message !== undefined ? [...rows, ...said(status.message, edge, 'red', width)] : rows
}

function said(message: string, edge: string, style: 'red' | 'dim', width: number): string[] {
  return wrap(message, width - 4).map((line) => `${edge}   ${paint(style, line)}`)
}

function bar(lines: readonly string[], sign: string): string[] {
  return lines.map((line, row) => `    ${row === 0 ? sign : ' '} ${line}`)
}

function question(block: PredictBlock, status: BlockStatus, view: StepView, width: number): string[] {
  const words = view.words.block
  const here = block.id === view.selected
  const edge = here ? paint(['bold', 'cyan'], '▌') : ' '
  const answered = status.state === 'passed' || status.state === 'failed'
  const mine = view.chosen[block.id] ?? []
  const several = block.options.filter((option) => option.correct).length > 1
  const lines = markdownLines(block.question, width - 6).map(
    (line, row) => `${edge} ${row === 0 ? paint(['bold', 'magenta'], '?') : ' '} ${paint('bold', line)}`,
  )
  for (const [index, option] of block.options.entries()) {
    const pointed = here && !answered && view.option === index
    const sign = optionSign(index, {
      right: answered && option.correct,
      answered,
      pointed,
      mine: mine.includes(index),
    })
    lines.push(
      ...markdownLines(option.text, width - 8).map((line, row) => {
        const words = answered && option.correct ? paint('green', line) : pointed ? paint('bold', line) : line
        return `${edge}   ${row === 0 ? sign : ' '} ${words}`
      }),
    )
  }
  if (answered) {
    const verdict = status.state === 'passed' ? paint('green', words.right) : paint('red', words.wrong)
    const why = wrap(`${verdict} ${markdownLines(block.explanation, 10_000).join('\n')}`, width - 6)
    return [...lines, ...why.map((line) => `${edge}   ${line}`)]
  }
  const how = several ? words.several : words.one
  return here ? [...lines, `${edge}   ${paint('dim', how)}`] : lines
}

function optionSign(
  index: number,
  is: { right: boolean; answered: boolean; pointed: boolean; mine: boolean },
): string {
  if (is.right) return paint('green', '✓')
  if (is.mine) return is.answered ? paint('red', '✗') : paint(['bold', 'cyan'], '●')
  return paint(is.pointed ? ['bold', 'cyan', 'inverse'] : 'cyan', String(index + 1))
}
