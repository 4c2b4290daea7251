// The terminal UI, drawn: the lesson beside its terminals, or above them where
// the screen is narrow. Everything that it shows is in the model.
//
// Called by ui.tsx, at most thirty times a second.
// Next: lessons/terminal/screen-lines.ts
import { Box, Text } from 'ink'
import type { ReactNode } from 'react'
import stringWidth from 'string-width'
import type { Block } from '../format/lesson.ts'
import { type Size, smallest } from './layout.ts'
import type { Model } from './model.ts'
import { coloured, paint } from './paint.ts'
import { noteLines } from './present/notes-pane.ts'
import { screenLines } from './screen-lines.ts'

export function App({ model }: { model: Model }): ReactNode {
  const { size, places } = model
  if (size.columns < smallest.columns || size.rows < smallest.rows) {
    const wanted = `${smallest.columns} columns and ${smallest.rows} rows`
    return (
      <Text>{`A lesson needs ${wanted}, this window has ${size.columns} and ${size.rows}. Make it larger, or leave with q.`}</Text>
    )
  }
  if (model.presenting?.blank) return <Box width={size.columns} height={size.rows} />
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      <Header model={model} />
      {model.help ? (
        <Help rows={size.rows - 2} keys={model.presenting?.help() ?? help} />
      ) : (
        <Box flexDirection={places.wide ? 'row' : 'column'} flexGrow={1}>
          <Box flexDirection="column">
            <TextPane model={model} />
            {places.notes && model.presenting && (
              <Pane
                lines={noteLines(model.presenting, places.notes.columns)}
                size={places.notes}
                bright={false}
                padding={1}
              />
            )}
          </Box>
          <Box flexDirection="column">
            <TerminalPane model={model} />
            {places.view && <ViewPane model={model} size={places.view} />}
          </Box>
        </Box>
      )}
      <Footer model={model} />
    </Box>
  )
}

/** Lines in a box. The box that takes the keys has a bright edge, or a thick one where there are no colours. */
function Pane({
  lines,
  size,
  bright,
  padding,
  head,
}: {
  lines: readonly string[]
  size: Size
  bright: boolean
  padding: 0 | 1
  head?: string
}): ReactNode {
  const rows = size.rows + (head === undefined ? 2 : 3)
  return (
    <Box
      borderStyle={bright && !coloured() ? 'bold' : 'round'}
      {...(coloured() ? { borderColor: bright ? 'cyan' : 'gray' } : {})}
      paddingX={padding}
      width={size.columns + 2 + 2 * padding}
      height={rows}
      flexShrink={0}
      flexDirection="column"
    >
      {head !== undefined && <Text wrap="truncate">{head}</Text>}
      {lines.slice(0, size.rows).map((line, row) => (
        <Text key={row} wrap="truncate">
          {line || ' '}
        </Text>
      ))}
    </Box>
  )
}

const states = {
  ready: ['green', '● ready'],
  lost: ['red', '↯ lost'],
  starting: ['yellow', '◌ starting'],
  resetting: ['yellow', '◌ resetting'],
} as const

function Header({ model }: { model: Model }): ReactNode {
  const { steps, title } = model.player.lesson
  const { at } = model.page
  const dots = steps.map((step, index) => {
    if (index === at) return paint(['bold', 'cyan'], model.done[step.id] ? '◉' : '◎')
    if (model.done[step.id]) return paint('cyan', '●')
    return paint('dim', model.before.has(step.id) ? '●' : '○')
  })
  const [colour, state] = states[model.sandbox]
  const time = model.presenting ? `${paint('dim', model.presenting.time())}  ` : ''
  const right = `${time}${paint('dim', `step ${at + 1} of ${steps.length}`)}  ${dots.join(' ')}  ${paint(colour, state)}`
  return <Line left={paint('bold', title)} right={right} columns={model.size.columns} />
}

/** One row with something at both ends; the left gives way. */
function Line({ left, right, columns }: { left: string; right: string; columns: number }): ReactNode {
  const room = columns - stringWidth(right) - 4
  return (
    <Box width={columns} paddingX={1} justifyContent="space-between">
      <Box width={Math.max(0, room)}>
        <Text wrap="truncate">{left}</Text>
      </Box>
      <Text wrap="truncate">{right}</Text>
    </Box>
  )
}

function TextPane({ model }: { model: Model }): ReactNode {
  const { lines, after } = model.page.shown()
  const bright = model.focus === 'lesson'
  const size = model.places.text
  if (after === 0) return <Pane lines={lines} size={size} bright={bright} padding={1} />
  const more = paint('dim', `↓ ${after} more ${after === 1 ? 'line' : 'lines'}`)
  return <Pane lines={[...lines.slice(0, -1), more]} size={size} bright={bright} padding={1} />
}

function TerminalPane({ model }: { model: Model }): ReactNode {
  const here = model.focus === 'terminal'
  const terminal = model.player.terminal(model.tab)
  const tabs = model.player.lesson.sandbox.terminals.map((name) =>
    name === model.tab ? paint(['bold', 'inverse'], ` ${name} `) : paint('dim', ` ${name} `),
  )
  const size = model.places.terminal
  const hint = paint('dim', here ? 'your keys go here · Ctrl-T back' : 'Ctrl-T to type here')
  const space = size.columns - stringWidth(tabs.join(' ')) - stringWidth(hint) - 2
  const head = ` ${tabs.join(' ')}${' '.repeat(Math.max(1, space))}${hint}`
  const lines = terminal ? screenLines(terminal.screen, { cursor: here }) : []
  return <Pane lines={lines} size={size} bright={here} padding={0} head={head} />
}

function ViewPane({ model, size }: { model: Model; size: Size }): ReactNode {
  const views = Object.values(model.live.lines(size.columns))
  const lines = views.length === 0 ? [paint('dim', 'looking …')] : views.flat()
  return <Pane lines={lines} size={size} bright={false} padding={1} />
}

function Footer({ model }: { model: Model }): ReactNode {
  const { columns } = model.size
  if (model.notice) return <Line left={paint('yellow', model.notice)} right="" columns={columns} />
  const key = (name: string, what: string): string => `${paint('bold', name)} ${paint('dim', what)}`
  if (model.focus === 'terminal')
    return <Line left={key('Ctrl-T', 'back to the lesson')} right="" columns={columns} />
  if (model.presenting)
    return <Line left={paint('dim', model.presenting.words.terminalKeys)} right="" columns={columns} />
  const has = (...types: Block['type'][]): boolean =>
    model.page.step.blocks.some((block) => types.includes(block.type))
  const keys = [
    key('⏎', model.enterDoes()),
    key('↑↓', 'choose'),
    key('←→', 'step'),
    key('^T', 'terminal'),
    ...(has('hint') ? [key('h', 'hint')] : []),
    ...(has('solution', 'exercise') ? [key('s', 'solution')] : []),
    key('Space', 'page'),
    key('Tab', 'next terminal'),
    key('r', 'reset'),
  ]
  const right = `${key('?', 'keys')}  ${key('q', 'leave')}`
  // As many as fit whole: a key that is cut in the middle helps nobody.
  let left = ''
  for (const one of keys) {
    const longer = left === '' ? one : `${left}  ${one}`
    if (stringWidth(longer) + stringWidth(right) + 4 > columns) break
    left = longer
  }
  return <Line left={left} right={right} columns={columns} />
}

const help: readonly (readonly [string, string])[] = [
  ['⏎', 'read on; run, answer, edit, unfold what is chosen; the next step'],
  ['↑ ↓', 'choose a command, a question, a source (also k, j)'],
  ['Space b', 'a page of the text on, or back (also PgDn, PgUp)'],
  ['← →', 'the step before, the step after (also p, n)'],
  ['1 … 9', 'answer the question'],
  ['h', 'open a hint, one at a time'],
  ['s', 'show the solution; once more types it'],
  ['Ctrl-T', 'into the terminal, and back: other keys are the shell’s there'],
  ['Tab', 'the next terminal'],
  ['r r', 'put the sandbox back to its first state'],
  ['q', 'leave; what you did is kept'],
]

function Help({ rows, keys }: { rows: number; keys: readonly (readonly [string, string])[] }): ReactNode {
  const lines = [
    ...keys.map(([name, what]) => `${paint('cyan', name.padEnd(9))} ${what}`),
    '',
    paint('dim', `Checks (○) tick by themselves once what they ask for is true.`),
    paint('dim', 'Any key closes this.'),
  ]
  return (
    <Box borderStyle="round" flexDirection="column" paddingX={2} height={rows} overflow="hidden">
      {lines.map((line, row) => (
        <Text key={row} wrap="truncate">
          {line || ' '}
        </Text>
      ))}
    </Box>
  )
}
