// The live views in the terminal: characters within the width, in both languages.
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { viewWords } from '../../../lessons/language/views.ts'
import { parseCgroup } from '../../../lessons/player/watch/cgroup.ts'
import { LayersReader } from '../../../lessons/player/watch/layers.ts'
import { layersPicture } from '../../../lessons/player/watch/layers-picture.ts'
import { namespaceLetters, processRows } from '../../../lessons/player/watch/process-rows.ts'
import { parseProcesses } from '../../../lessons/player/watch/processes.ts'
import type { CgroupSample } from '../../../lessons/player/watch/samples.ts'
import { cgroupLines } from '../../../lessons/terminal/views/cgroup.ts'
import { layersLines } from '../../../lessons/terminal/views/layers.ts'
import { namespacesLines, processesLines } from '../../../lessons/terminal/views/processes.ts'
import { recordedFrame } from '../../suites/frames.ts'

const processes = parseProcesses(
  recordedFrame('namespaces', (text) => text.replace('pid \n', 'pid 582\n')),
  'namespaces',
)
const letters = namespaceLetters(processes, processRows(processes))

function history(name: 'solo' | 'siblings'): CgroupSample[] {
  const last = parseCgroup(recordedFrame(name))
  return [2, 1, 0].map((ago) => ({
    ...last,
    at: last.at - ago * 1000,
    ...(last.cpu ? { cpu: { ...last.cpu, usage: 9e6 - ago * 250_000 } } : {}),
    ...(last.memory ? { memory: { ...last.memory, oomKills: ago === 0 ? 2 : 0 } } : {}),
    children: last.children.map((child, index) => ({
      ...child,
      ...(child.cpu ? { cpu: { ...child.cpu, usage: 9e6 - (ago * 600_000) / (index + 1) } } : {}),
    })),
  }))
}
const reader = new LayersReader()
reader.read(recordedFrame('layers'))
reader.script()
const sample = reader.read(recordedFrame('layers'))
if (sample?.view !== 'layers') throw new Error('the recorded frame has layers')
const picture = layersPicture(
  sample,
  layersPicture({
    ...sample,
    layers: sample.layers.map((one) => ({ ...one, entries: one.kind === 'upper' ? [] : one.entries })),
  }),
)

function draw(view: string, width: number, language: 'en' | 'zh'): string[] {
  const words = viewWords[language]
  if (view === 'namespaces') return namespacesLines(processes, letters, width, words)
  if (view === 'processes') return processesLines(processes, width, words)
  if (view === 'layers') return layersLines(picture, width, words)
  return cgroupLines(history(view === 'solo' ? 'solo' : 'siblings'), width, words)
}
const views = ['namespaces', 'processes', 'solo', 'siblings', 'layers']

test.each([40, 56, 76, 120])('no line is wider than %i cells', (width) => {
  for (const language of ['en', 'zh'] as const)
    for (const view of views)
      for (const line of draw(view, width, language))
        expect(stringWidth(line), line).toBeLessThanOrEqual(width)
})

test('namespaces: lanes of the host, and blocks with letters', () => {
  const lines = draw('namespaces', 60, 'en').map(stripVTControlCharacters)
  expect(lines[0]).toMatch(/process +mnt uts ipc pid net usr cgr tim/)
  expect(lines.find((line) => line.includes('275'))).toMatch(/^ sh 275 host +( │ {2}){8}$/)
  expect(lines.find((line) => line.includes('582→1'))).toMatch(
    /▸. └ sleep 582→1 +(\[B\] ){5} │ {2}\[B\] {2}│/,
  )
  // The sentence goes on in a second line: its end says how many are shared.
  expect(lines.join(' ')).toContain('cgroup of its own, and shares 2 with the host.')
  expect(lines.at(-1)).toContain('users: inside 0 = outside 0')
  expect(draw('namespaces', 120, 'en').join('\n')).toContain('[B]2187')
})

test('processes: both numbers in a row, PID 1 and the zombie marked, nothing where nothing is seen', () => {
  const lines = draw('processes', 80, 'en').map(stripVTControlCharacters)
  expect(lines[0]).toMatch(/Outside: what the host … │ Inside: what the contai…/)
  expect(lines.find((line) => / 582 /.test(line))).toMatch(/S +582 +581 +0 │ +\*1 +0 +0$/)
  expect(lines.find((line) => / 586 /.test(line))).toMatch(/Z +586 +584 +0 │ +5 +3 +0$/)
  expect(lines.find((line) => / 280 /.test(line))).toMatch(/280 +275 +0 │ +·$/)
})

test('a cgroup: gauges with numbers, kills, and siblings as bars of two lengths', () => {
  const solo = draw('solo', 100, 'en').map(stripVTControlCharacters).join('\n')
  expect(solo).toMatch(/CPU +█+░* 25 % of 30 % of a CPU weight 100/)
  expect(solo).toMatch(/Memory +█+░+ 23\.6 MiB of 30 MiB/)
  expect(solo).toMatch(/✗ 2 killed for memory/)
  expect(solo).toMatch(/Disk .*of 1 MiB\/s/)
  expect(solo).toMatch(/Processes .*3 of 10[\s\S]*✗ 1 fork refused/)
  const bars = draw('siblings', 100, 'en').map(stripVTControlCharacters)
  const length = (name: string) => bars.find((line) => line.startsWith(`${name} `))?.match(/█/g)?.length ?? 0
  expect(length('a')).toBe(2 * length('b c'))
  expect(
    cgroupLines([{ ...parseCgroup(recordedFrame('solo')), exists: false }], 80, viewWords.zh)[0],
  ).toContain('还不存在')
})

test('layers: what comes out, the stack, what is hidden, taken away, and copied up', () => {
  const lines = draw('layers', 100, 'en').map(stripVTControlCharacters)
  expect(lines[0]).toMatch(/^merged .*big·U {2}c·2 {2}dir\/·U .*etc\/·U1/)
  expect(lines.join('\n')).toMatch(/U upper +✕a .*▧dir\//)
  expect(lines.join('\n')).toMatch(/1 lower 1 +~a~ {2}etc\/ {2}~etc\/b~/)
  expect(lines.join('\n')).toMatch(/⬆ copied up: .*etc\/b|⬆ copied up: big/)
})
