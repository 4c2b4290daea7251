// The terminal UI, drawn: the lesson beside its terminals, or above them where
// the screen is narrow. Everything that it shows is in the model.
import { Box, Text } from 'ink'
import type { ReactNode } from 'react'
import type { Model } from './model.ts'
import { screenLines } from './screen-lines.ts'
import { stepLines } from './step-lines.ts'

export interface Size {
  columns: number
  rows: number
}

export interface Layout {
  wide: boolean
  /** Cells of the text and of the terminal, inside their borders. */
  text: Size
  terminal: Size
}

/** Where things go. Pure. */
export function layout({ columns, rows }: Size): Layout {
  // Header and footer take a row each, borders two more per pane.
  const body = rows - 2
  if (columns >= 110) {
    const left = Math.min(78, Math.floor(columns * 0.48))
    return {
      wide: true,
      text: { columns: left - 4, rows: body - 2 },
      terminal: { columns: columns - left - 2, rows: body - 3 },
    }
  }
  const below = Math.max(6, Math.floor(body * 0.42))
  return {
    wide: false,
    text: { columns: columns - 4, rows: body - below - 2 },
    terminal: { columns: columns - 2, rows: below - 3 },
  }
}

export function App({ model, size }: { model: Model; size: Size }): ReactNode {
  if (size.columns < 60 || size.rows < 18) {
    return <Text>This lesson needs 60 columns and 18 rows: make the window larger (q leaves).</Text>
  }
  const places = layout(size)
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      <Header model={model} columns={size.columns} />
      {model.help ? (
        <Help rows={size.rows - 2} />
      ) : (
        <Box flexDirection={places.wide ? 'row' : 'column'} flexGrow={1}>
          <TextPane model={model} size={places.text} />
          <TerminalPane model={model} size={places.terminal} />
        </Box>
      )}
      <Footer model={model} columns={size.columns} />
    </Box>
  )
}

function Header({ model, columns }: { model: Model; columns: number }): ReactNode {
  const { lesson } = model.player
  const state = { ready: '● ready', lost: '↯ lost', starting: '◌ starting', resetting: '◌ resetting' }[
    model.sandbox
  ]
  const dots = lesson.steps
    .map((step, index) => (model.done[step.id] ? '●' : index === model.at ? '◉' : '○'))
    .join(' ')
  return (
    <Box width={columns} justifyContent="space-between" paddingX={1}>
      <Text bold wrap="truncate">
        {lesson.title}
      </Text>
      <Text>
        <Text color="cyan">{dots}</Text>
        {'  '}
        <Text color={model.sandbox === 'ready' ? 'green' : 'yellow'}>{state}</Text>
      </Text>
    </Box>
  )
}

function TextPane({ model, size }: { model: Model; size: Size }): ReactNode {
  model.width = size.columns
  const { lines, anchors } = stepLines(model.player.lesson, model.step, model.view(), size.columns)
  const [from, to] = anchors.get(model.view().selected ?? '') ?? [0, 0]
  // The selection stays in sight, with some lines before it: the text that explains it.
  const wanted = to < size.rows ? 0 : Math.min(from - 2, to - Math.floor(size.rows * 0.7))
  const last = Math.max(0, lines.length - size.rows)
  const top = Math.max(0, Math.min(last, wanted + model.scroll))
  model.scroll = top - wanted
  const shown = lines.slice(top, top + size.rows)
  const more = top < last ? ` ↓ ${last - top} more lines ` : ''
  return (
    <Box
      borderStyle="round"
      borderColor={model.focus === 'lesson' ? 'cyan' : 'gray'}
      paddingX={1}
      width={size.columns + 4}
      height={size.rows + 2}
      flexShrink={0}
      flexDirection="column"
    >
      {shown.map((line, index) => (
        <Text key={index} wrap="truncate">
          {index === size.rows - 1 && more ? more : line || ' '}
        </Text>
      ))}
    </Box>
  )
}

function TerminalPane({ model, size }: { model: Model; size: Size }): ReactNode {
  const { terminals } = model.player.lesson.sandbox
  for (const name of terminals) model.player.resize(name, size.columns, size.rows)
  const terminal = model.player.terminal(model.tab)
  const lines = terminal ? screenLines(terminal.screen, { cursor: model.focus === 'terminal' }) : []
  return (
    <Box
      borderStyle="round"
      borderColor={model.focus === 'terminal' ? 'cyan' : 'gray'}
      width={size.columns + 2}
      height={size.rows + 3}
      flexShrink={0}
      flexDirection="column"
    >
      <Box paddingX={1}>
        {terminals.map((name) => (
          <Text key={name} inverse={name === model.tab} bold={name === model.tab}>
            {` ${name} `}
          </Text>
        ))}
        <Text dimColor>
          {model.focus === 'terminal' ? '  your keys go here · Ctrl-T back' : '  Ctrl-T to type'}
        </Text>
      </Box>
      {lines.map((line, index) => (
        <Text key={index} wrap="truncate">
          {line || ' '}
        </Text>
      ))}
    </Box>
  )
}

function Footer({ model, columns }: { model: Model; columns: number }): ReactNode {
  const keys = '⏎ run  ↑↓ choose  ← → step  Ctrl-T terminal  h hint  s solution  r reset  ? help  q quit'
  return (
    <Box width={columns} paddingX={1}>
      {model.notice ? (
        <Text color="yellow" wrap="truncate">
          {model.notice}
        </Text>
      ) : (
        <Text dimColor wrap="truncate">
          {`${model.at + 1}/${model.player.lesson.steps.length}  ${keys}`}
        </Text>
      )}
    </Box>
  )
}

const help: readonly [string, string][] = [
  ['Enter', 'run the chosen command, open what is folded, edit an exercise'],
  ['↑ ↓', 'choose what is next (also k, j)'],
  ['PgUp PgDn', 'scroll the text (also space)'],
  ['← →', 'the step before, the step after (also p, n)'],
  ['1 … 9', 'answer the question'],
  ['h', 'open a hint, one at a time'],
  ['s', 'see the solution; once more types it'],
  ['Ctrl-T', 'into the terminal, and back; all other keys are the shell’s there, Ctrl-C too'],
  ['Tab', 'the next terminal'],
  ['r r', 'put the sandbox back to its first state'],
  ['q', 'leave; what you did is kept'],
]

function Help({ rows }: { rows: number }): ReactNode {
  return (
    <Box flexDirection="column" borderStyle="round" borderColor="cyan" paddingX={2} height={rows}>
      <Text bold>Keys</Text>
      <Text> </Text>
      {help.map(([key, what]) => (
        <Box key={key}>
          <Box width={12}>
            <Text color="cyan">{key}</Text>
          </Box>
          <Text wrap="truncate">{what}</Text>
        </Box>
      ))}
      <Text> </Text>
      <Text dimColor>Checks (○) tick by themselves when what they ask for is true. Any key closes this.</Text>
    </Box>
  )
}
