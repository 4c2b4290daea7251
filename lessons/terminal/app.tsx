// The terminal UI, drawn: the lesson beside its terminals, or above them where
// the screen is narrow. Everything that it shows is in the model.
//
// Called by ui.tsx, at most thirty times a second.
// Next: lessons/terminal/screen-lines.ts
import { Box, Text } from 'ink'
import type { ReactNode } from 'react'
import stringWidth from 'string-width'
import type { Block } from '../format/lesson.ts'
import { enterDoes } from './answering.ts'
import { entryLines } from './glossary.ts'
import { type Size, smallest } from './layout.ts'
import type { Model } from './model.ts'
import { coloured, paint } from './paint.ts'
import { noteLines } from './present/notes-pane.ts'
import { screenLines } from './screen-lines.ts'

export function App({ model }: { model: Model }): ReactNode {
  const { size, places } = model
  if (size.columns < smallest.columns || size.rows < smallest.rows) {
    return <Text>{model.words.screen.tooSmall(size.columns, size.rows, smallest)}</Text>
  }
  if (model.presenting?.blank) return <Box width={size.columns} height={size.rows} />
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      <Header model={model} />
      {model.sheet === 'keys' ? (
        <Sheet lines={helpLines(model)} rows={size.rows - 2} />
      ) : model.sheet === 'words' ? (
        <Sheet lines={wordLines(model)} rows={size.rows - 2} />
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
  ready: ['green', '●'],
  lost: ['red', '↯'],
  starting: ['yellow', '◌'],
  resetting: ['yellow', '◌'],
} as const

function Header({ model }: { model: Model }): ReactNode {
  const { steps, title } = model.player.lesson
  const { at } = model.page
  const dots = steps.map((step, index) => {
    if (index === at) return paint(['bold', 'cyan'], model.done[step.id] ? '◉' : '◎')
    if (model.done[step.id]) return paint('cyan', '●')
    return paint('dim', model.before.has(step.id) ? '●' : '○')
  })
  const { screen } = model.words
  const [colour, sign] = states[model.sandbox]
  const state = `${sign} ${screen.states[model.sandbox]}`
  const time = model.presenting ? `${paint('dim', model.presenting.time())}  ` : ''
  const right = `${time}${paint('dim', screen.step(at + 1, steps.length))}  ${dots.join(' ')}  ${paint(colour, state)}`
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
  const more = paint('dim', model.words.screen.more(after))
  return <Pane lines={[...lines.slice(0, -1), more]} size={size} bright={bright} padding={1} />
}

function TerminalPane({ model }: { model: Model }): ReactNode {
  const words = model.words.screen
  const here = model.focus === 'terminal'
  const terminal = model.player.terminal(model.tab)
  const tabs = model.player.lesson.sandbox.terminals.map((name) =>
    name === model.tab ? paint(['bold', 'inverse'], ` ${name} `) : paint('dim', ` ${name} `),
  )
  const size = model.places.terminal
  const hint = paint('dim', here ? words.keysGoHere : words.typeHere)
  const space = size.columns - stringWidth(tabs.join(' ')) - stringWidth(hint) - 2
  const head = ` ${tabs.join(' ')}${' '.repeat(Math.max(1, space))}${hint}`
  const lines = terminal ? screenLines(terminal.screen, { cursor: here }) : []
  return <Pane lines={lines} size={size} bright={here} padding={0} head={head} />
}

function ViewPane({ model, size }: { model: Model; size: Size }): ReactNode {
  const views = Object.values(model.live.lines(size.columns))
  const lines = views.length === 0 ? [paint('dim', model.words.screen.looking)] : views.flat()
  return <Pane lines={lines} size={size} bright={false} padding={1} />
}

function Footer({ model }: { model: Model }): ReactNode {
  const { columns } = model.size
  const words = model.words.keys
  if (model.notice) return <Line left={paint('yellow', model.notice)} right="" columns={columns} />
  const key = (name: string, what: string): string => `${paint('bold', name)} ${paint('dim', what)}`
  if (model.focus === 'terminal') return <Line left={key('Ctrl-T', words.back)} right="" columns={columns} />
  if (model.presenting)
    return <Line left={paint('dim', model.presenting.words.terminalKeys)} right="" columns={columns} />
  const has = (...types: Block['type'][]): boolean =>
    model.page.step.blocks.some((block) => types.includes(block.type))
  const last = model.page.at + 1 === model.player.lesson.steps.length
  const keys = [
    key('⏎', enterDoes(model.page, model.words, last)),
    key('↑↓', words.choose),
    key('←→', words.step),
    key('^T', words.terminal),
    ...(has('hint') ? [key('h', words.hint)] : []),
    ...(has('solution', 'exercise') ? [key('s', words.solution)] : []),
    key('Space', words.page),
    key('g', words.words),
    key('Tab', words.nextTerminal),
    key('r', words.reset),
  ]
  const right = `${key('?', words.all)}  ${key('q', words.leave)}`
  // As many as fit whole: a key that is cut in the middle helps nobody.
  let left = ''
  for (const one of keys) {
    const longer = left === '' ? one : `${left}  ${one}`
    if (stringWidth(longer) + stringWidth(right) + 4 > columns) break
    left = longer
  }
  return <Line left={left} right={right} columns={columns} />
}

function helpLines({ words, presenting }: Model): string[] {
  const keys = presenting?.help() ?? words.help
  return [
    ...keys.map(([name, what]) => `${paint('cyan', name.padEnd(9))} ${what}`),
    '',
    ...words.helpEnd.map((line) => paint('dim', line)),
  ]
}

function wordLines(model: Model): string[] {
  const lines = model.uses().flatMap((entry) => [...entryLines(entry, model.size.columns - 6), ''])
  return [paint('bold', model.words.glossary.title), '', ...lines]
}

function Sheet({ lines, rows }: { lines: readonly string[]; rows: number }): ReactNode {
  return (
    <Box borderStyle="round" flexDirection="column" paddingX={2} height={rows} overflow="hidden">
      {lines.slice(0, rows - 2).map((line, row) => (
        <Text key={row} wrap="truncate">
          {line || ' '}
        </Text>
      ))}
    </Box>
  )
}
