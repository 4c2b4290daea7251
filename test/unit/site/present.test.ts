// A presentation without a browser: its keys, its slides, its words.
import { expect, test } from 'vitest'
import type { Block, Lesson } from '../../../lessons/format/lesson.ts'
import { presentWords } from '../../../lessons/language/present.ts'
import type { KeyPlace } from '../../../site/components/lesson-keys.ts'
import { presentAction } from '../../../site/components/stage/present-keys.ts'
import {
  nextToReveal,
  nextToRun,
  slidesOf,
  terminalsOf,
  watchOf,
} from '../../../site/components/stage/slides.ts'
import { shownTime } from '../../../site/components/stage/timer.ts'
import { renderNotes } from '../../../site/server/notes.ts'

const plain = { code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
const action = (key: string, place: KeyPlace = 'text', more = {}) =>
  presentAction({ ...plain, key, ...more }, place)

test('keys in the text, as clickers and people press them', () => {
  for (const key of ['ArrowRight', 'PageDown', ' ']) expect(action(key)).toBe('next')
  for (const key of ['ArrowLeft', 'PageUp']) expect(action(key)).toBe('previous')
  for (const key of ['Enter', 'r']) expect(action(key)).toBe('run')
  for (const key of ['v', '.']) expect(action(key)).toBe('reveal')
  expect(['s', 'R', 'n', 'f', 'b', 't', '?', '+', '-'].map((key) => action(key))).toEqual([
    ...['skip', 'reset', 'notes', 'fullscreen', 'blank', 'timer', 'help', 'larger', 'smaller'],
  ])
  // The browser's own keys stay the browser's.
  expect(action('r', 'text', { ctrlKey: true })).toBeUndefined()
  expect(action('f', 'text', { metaKey: true })).toBeUndefined()
})

test('in the terminal only what a shell does not use; in a dialog nothing', () => {
  expect(action('PageDown', 'terminal')).toBe('next')
  expect(action('PageUp', 'terminal')).toBe('previous')
  expect(action('PageUp', 'terminal', { shiftKey: true })).toBeUndefined()
  expect(action('Enter', 'terminal', { ctrlKey: true })).toBe('run')
  expect(action('`', 'terminal', { ctrlKey: true, code: 'Backquote' })).toBe('terminal')
  for (const key of ['s', ' ', 'Enter', 'ArrowRight', '.']) expect(action(key, 'terminal')).toBeUndefined()
  for (const key of ['PageDown', 'Enter', 's']) expect(action(key, 'field')).toBeUndefined()
})

const run = (id: string, terminal = 'host'): Block => ({
  ...{ type: 'run', id, line: 1, command: 'true', terminal },
  ...{ interactive: false, background: false, timeout: 30 },
})
const text = (type: 'prose' | 'hint' | 'note', id: string): Block => ({
  type,
  id,
  line: 1,
  markdown: `*${id}*`,
})
const predict: Block = {
  ...{ type: 'predict', id: 'a/predict-1', line: 1, question: 'Q?', explanation: 'E' },
  options: [
    { text: 'no', correct: false },
    { text: 'yes', correct: true },
  ],
}
const solution: Block = { type: 'solution', id: 'a/solution-1', line: 1, markdown: '', runs: [] }
const watch: Block = { type: 'watch', id: 'a/watch-1', line: 1, view: 'cgroup', args: {}, markdown: '' }
const lesson: Lesson = {
  language: 'en',
  ...{ slug: 'demo', title: 'T', summary: 'S', module: 'm', minutes: 5, after: [], sources: [], path: 'p' },
  sandbox: { root: true, terminals: ['host', 'inside'] },
  intro: [text('prose', 'intro')],
  steps: [
    {
      id: 'a',
      title: 'A',
      blocks: [run('a/run-1'), predict, text('hint', 'a/hint-1'), { ...solution, runs: [] }, watch],
    },
    { id: 'b', title: 'B', blocks: [run('b/run-1', 'inside'), text('note', 'b/note-1')] },
    { id: 'c', title: 'C', blocks: [text('prose', 'c/prose-1')] },
  ],
  outro: [text('prose', 'outro')],
}

test('a title, a slide for each step, and the last word on the last', () => {
  const slides = slidesOf(lesson)
  expect(slides.map(({ id }) => id)).toEqual(['', 'a', 'b', 'c'])
  expect(slides.at(-1)?.blocks.map(({ id }) => id)).toEqual(['c/prose-1', 'outro'])
  expect(slides.map((_, at) => terminalsOf(slides, at, ['host', 'inside']).join())).toEqual([
    ...['host', 'host', 'inside', 'inside'],
  ])
  expect(slides.map((_, at) => watchOf(slides, at)?.id)).toEqual([undefined, ...Array(3).fill(watch.id)])
})

test('Enter takes commands in order, then a solution that was revealed; v the answer, hints, the solution', () => {
  const slide = { ...slidesOf(lesson)[1], id: 'a', title: 'A' }
  const blocks = slide.blocks ?? []
  const typed = {
    ...slide,
    blocks: blocks.map((one) => (one === blocks[3] ? { ...solution, runs: [run('x')] as never } : one)),
  }
  expect(nextToRun(typed, {}, [], [])?.id).toBe('a/run-1')
  const ran = { 'a/run-1': { state: 'passed' as const } }
  expect(nextToRun(typed, ran, [], [])).toBeUndefined()
  expect(nextToRun(typed, ran, [solution.id], [])?.id).toBe(solution.id)
  expect(nextToRun(typed, ran, [solution.id], [solution.id])).toBeUndefined()
  expect(nextToReveal(typed, ran, [])?.id).toBe(predict.id)
  const answered = { ...ran, [predict.id]: { state: 'failed' as const } }
  expect(nextToReveal(typed, answered, [])?.id).toBe('a/hint-1')
  expect(nextToReveal(typed, answered, ['a/hint-1'])?.id).toBe(solution.id)
  expect(nextToReveal(typed, answered, ['a/hint-1', solution.id])).toBeUndefined()
})

test('a timer stands, runs, and knows hours', () => {
  expect(shownTime({ before: 0, since: undefined }, 5000)).toBe('0:00')
  expect(shownTime({ before: 60_000, since: 1000 }, 6000)).toBe('1:05')
  expect(shownTime({ before: 3_661_000, since: undefined }, 0)).toBe('1:01:01')
})

test('notes are HTML by step, and none of an author’s own HTML', () => {
  expect(renderNotes(lesson)).toEqual({ b: '<p><em>b/note-1</em></p>\n' })
  const [step] = lesson.steps
  const evil = { type: 'note' as const, id: 'a/note-1', line: 1, markdown: '<script>alert(1)</script>' }
  expect(renderNotes({ ...lesson, steps: step ? [{ ...step, blocks: [evil] }] : [] }).a).not.toContain(
    '<script',
  )
})

/** Names of all words, with how many a list has: of one shape in each language. */
const shape = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.length
    : value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shape(one)]))
      : typeof value

test('every word is there in both languages', () => {
  expect(shape(presentWords.zh)).toEqual(shape(presentWords.en))
})
