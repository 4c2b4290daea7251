// What the terminal UI draws, without a terminal: lines in, lines out.

import { stripVTControlCharacters } from 'node:util'
import xterm from '@xterm/headless'
import stringWidth from 'string-width'
import { afterEach, expect, test, vi } from 'vitest'
import { modules } from '../../../lessons/format/catalogue.ts'
import { terminalWords } from '../../../lessons/language/terminal.ts'
import { blockLines } from '../../../lessons/terminal/block-lines.ts'
import { forProgram, readKeys } from '../../../lessons/terminal/keys.ts'
import { inSight, layout, reveal } from '../../../lessons/terminal/layout.ts'
import { markdownLines } from '../../../lessons/terminal/markdown.ts'
import { screenLines } from '../../../lessons/terminal/screen-lines.ts'
import { stepLines } from '../../../lessons/terminal/step-lines.ts'
import { wrap } from '../../../lessons/terminal/wrapping.ts'

afterEach(() => void vi.unstubAllEnvs())

const lessons = [...(await modules()), ...(await modules('zh'))].flatMap((module) => module.lessons)

test('a table has its columns beside each other, and wraps within a cell', () => {
  const table =
    '| Year | What was new |\n| --- | --- |\n| 1979 | another `/` for a process |\n| 2013 | images |\n\nAfter.'
  expect(markdownLines(table, 24)).toEqual([
    'Year  What was new',
    '─'.repeat(24),
    '1979  another `/` for a',
    '      process',
    '2013  images',
    '',
    'After.',
  ])
})

test('the title of a check is wrapped once', () => {
  const lesson = lessons.find(({ slug }) => slug === 'lxc-history')
  const step = lesson?.steps.find(({ id }) => id === 'start')
  const check = step?.blocks.find(({ type }) => type === 'check')
  const view = {
    words: terminalWords.en,
    statuses: {},
    done: {},
    option: -1,
    chosen: {},
    selected: undefined,
    hints: 0,
    opened: new Set<string>(),
    watches: undefined,
  }
  if (!check) throw new Error('the lesson has no check any more')
  // Its parts are 'a limit of' and '64 MB' where the width is counted twice.
  expect(blockLines(check, view, 63, 0)).toHaveLength(2)
})

test('Markdown is wrapped, listed and quoted', () => {
  const lines = markdownLines(
    '# Head\n\nSome **bold** words and `code` that are long enough to wrap.\n\n- one\n- two\n\n> said',
    30,
  )
  expect(lines).toEqual([
    'Head',
    '',
    'Some bold words and `code`',
    'that are long enough to wrap.',
    '',
    '• one',
    '• two',
    '',
    '│ said',
  ])
})

test.each([40, 60, 76, 100])('no line of any lesson is wider than %i cells', (width) => {
  for (const lesson of lessons) {
    for (const step of lesson.steps) {
      const view = {
        words: terminalWords[lesson.language],
        statuses: {},
        done: {},
        option: -1,
        chosen: {},
        selected: step.blocks.at(-1)?.id,
        hints: 9,
        opened: new Set(step.blocks.map((block) => block.id)),
        watches: {},
      }
      for (const line of stepLines(lesson, step, view, width).lines)
        expect(stringWidth(line), line).toBeLessThanOrEqual(width)
    }
  }
})

test('keys have names, and text between them is not lost', () => {
  expect(readKeys('\x1b[A\rq\x1b[5~\x14\x1bé')).toEqual([
    'up',
    'enter',
    'q',
    'pageup',
    'ctrl-t',
    'escape',
    'é',
  ])
})

test('arrows are spelled as the program in the terminal asked for them', () => {
  expect(forProgram('\x1b[Aq', { applicationCursorKeysMode: true })).toBe('\x1bOAq')
  expect(forProgram('\x1b[Aq', { applicationCursorKeysMode: false })).toBe('\x1b[Aq')
})

test('a page scrolls as little as it must, and shows the end of what is too tall', () => {
  expect(inSight(0, 10, { from: 2, to: 5 })).toBe(true)
  expect(inSight(3, 10, { from: 2, to: 5 })).toBe(false)
  expect(reveal(0, 10, { from: 2, to: 5 })).toBe(0)
  expect(reveal(8, 10, { from: 2, to: 5 })).toBe(1)
  for (const [top, span] of [
    [0, { from: 20, to: 24 }],
    [0, { from: 3, to: 40 }],
    [60, { from: 3, to: 40 }],
  ] as const)
    expect(inSight(reveal(top, 10, span), 10, span)).toBe(true)
})

test('side by side where there is room, one above the other where not; never more than there is', () => {
  expect(layout({ columns: 150, rows: 40 }, false).wide).toBe(true)
  expect(layout({ columns: 80, rows: 24 }, true).wide).toBe(false)
  for (const size of [
    { columns: 80, rows: 24 },
    { columns: 60, rows: 18 },
    { columns: 200, rows: 60 },
  ]) {
    const { wide, text, terminal } = layout(size, false)
    expect(wide ? text.columns + terminal.columns + 6 : text.columns + 4).toBeLessThanOrEqual(size.columns)
    expect(wide ? text.rows + 4 : text.rows + terminal.rows + 7).toBeLessThanOrEqual(size.rows)
    expect(terminal.rows).toBeGreaterThan(2)
  }
})

test('a screen keeps its colours, wide characters and cursor', async () => {
  vi.stubEnv('NO_COLOR', '')
  const terminal = new xterm.Terminal({ cols: 12, rows: 3, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write('\x1b[1;31mred\x1b[0m 日本\r\nplain', resolve))
  const lines = screenLines(terminal, { cursor: true })
  expect(lines.map((line) => stripVTControlCharacters(line))).toEqual([
    'red 日本    ',
    'plain       ',
    '            ',
  ])
  expect(lines[0]).toContain('\x1b[0;1;38;5;1mred')
  expect(lines[1]).toContain('\x1b[0;7m ')
})

test('Chinese fills its lines, keeps punctuation where it belongs, and styles over the end of a line', () => {
  const text = '大家都说“启动一个容器”，可内核里（见 fork）并没有这样的调用。'
  for (const width of [10, 11, 17, 24]) {
    const lines = wrap(text, width)
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    for (const line of lines) {
      expect(stringWidth(line)).toBeLessThanOrEqual(width)
      expect(line).not.toMatch(/^[，。）”]|[（“]$/)
    }
    // All but the last have room for no other character, unless punctuation holds it down.
    for (const line of lines.slice(0, -1)) expect(stringWidth(line)).toBeGreaterThan(width - 6)
  }
  expect(wrap('\x1b[1m一二三四五\x1b[22m六', 4)).toEqual([
    '\x1b[1m一二\x1b[22m',
    '\x1b[1m三四\x1b[22m',
    '\x1b[1m五\x1b[22m六',
  ])
})
