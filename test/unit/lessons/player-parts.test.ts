// The player's pure parts: prompt marks, progress. Live views: watch.test.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Progress } from '../../../lessons/player/progress.ts'
import { PromptMarks, plainText } from '../../../lessons/player/prompt-marks.ts'

const stream = 'a\x1b]133;C\x07out\x1b]133;D;137\x07\x1b]133;A\x1b\\$ \x1b]133;B\x07'

test('marks are read wherever the stream is cut', () => {
  const whole = new PromptMarks().push(Buffer.from(stream))
  expect(whole).toEqual([
    { type: 'text', text: 'a' },
    { type: 'C' },
    { type: 'text', text: 'out' },
    { type: 'D', status: 137 },
    { type: 'A' },
    { type: 'text', text: '$ ' },
    { type: 'B' },
  ])
  for (let cut = 1; cut < stream.length; cut++) {
    const marks = new PromptMarks()
    const both = [
      ...marks.push(Buffer.from(stream.slice(0, cut))),
      ...marks.push(Buffer.from(stream.slice(cut))),
    ]
    expect(both.filter((mark) => mark.type !== 'text')).toEqual(whole.filter((mark) => mark.type !== 'text'))
    expect(both.flatMap((mark) => (mark.type === 'text' ? [mark.text] : [])).join('')).toBe('aout$ ')
  }
})

test('a character that is cut in two is one character', () => {
  const marks = new PromptMarks()
  const bytes = Buffer.from('ü')
  expect([...marks.push(bytes.subarray(0, 1)), ...marks.push(bytes.subarray(1))]).toEqual([
    { type: 'text', text: 'ü' },
  ])
})

test('plain text has no colours and no cursor movements', () => {
  expect(plainText('\x1b[1;31mred\x1b[0m\r\n\x1b]0;title\x07x')).toBe('red\nx')
})

test('progress is kept, shared by programs that write at once, and forgiving', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lc-progress-'))
  const path = join(directory, 'deep/progress.json')
  await Promise.all(['a', 'b', 'c', 'd'].map((step) => new Progress(path).markDone('lesson', step)))
  expect((await new Progress(path).read()).lesson?.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  await new Progress(path).forget('lesson')
  expect(await new Progress(path).read()).toEqual({})
  await writeFile(path, '{"half')
  expect(await new Progress(path).read()).toEqual({})
  await rm(directory, { recursive: true })
})
