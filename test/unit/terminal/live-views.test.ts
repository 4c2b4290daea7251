// The live views in the terminal: characters within the width, in both languages.
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { viewWords } from '../../../lessons/language/views.ts'
import { parseCgroup } from '../../../lessons/player/watch/cgroup.ts'
import { LayersReader } from '../../../lessons/player/watch/layers.ts'
import { layersPicture } from '../../../lessons/player/watch/layers-picture.ts'
import { parseNetwork } from '../../../lessons/player/watch/network.ts'
import { networkPicture } from '../../../lessons/player/watch/network-picture.ts'
import { namespaceLetters, processRows } from '../../../lessons/player/watch/process-rows.ts'
import { parseProcesses } from '../../../lessons/player/watch/processes.ts'
import type { CgroupSample } from '../../../lessons/player/watch/samples.ts'
import { cgroupLines } from '../../../lessons/terminal/views/cgroup.ts'
import { layersLines } from '../../../lessons/terminal/views/layers.ts'
import { networkLines } from '../../../lessons/terminal/views/network.ts'
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

function network(name: 'bridge' | 'cable') {
  const found = parseNetwork(recordedFrame(name))
  const later = structuredClone(found)
  if (!found || !later) throw new Error('the recorded frame has networks')
  later.at += 1000
  for (const space of later.spaces) space.at += 1000
  later.forwarded += 4
  for (const end of later.spaces[0]?.interfaces ?? []) if (end.name === 'v-db') end.received.packets += 3
  const drawn = networkPicture(later, networkPicture(found))
  if (!drawn) throw new Error('the sample has a host')
  return drawn
}

function draw(view: string, width: number, language: 'en' | 'zh'): string[] {
  const words = viewWords[language]
  if (view === 'namespaces') return namespacesLines(processes, letters, width, words)
  if (view === 'processes') return processesLines(processes, width, words)
  if (view === 'layers') return layersLines(picture, width, words)
  if (view === 'bridge' || view === 'cable') return networkLines(network(view), width, words)
  return cgroupLines(history(view === 'solo' ? 'solo' : 'siblings'), width, words)
}
const views = ['namespaces', 'processes', 'solo', 'siblings', 'layers', 'bridge', 'cable']

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
  const text = lines.join(' ')
  for (const sign of ['·U ·1 the layer', '✕ whiteout', '~x~ hidden', '▧ opaque']) expect(text).toContain(sign)
  // A sign that is not there is not explained.
  const plain = { ...sample, layers: sample.layers.map((one) => ({ ...one, entries: [] })) }
  expect(layersLines(layersPicture(plain), 100, viewWords.en).join(' ')).not.toMatch(/✕|▧|~x~/)
})

test('networks: the way out, the door, the bridge with its ports, and what moves in the cables', () => {
  const lines = draw('bridge', 100, 'en').map(stripVTControlCharacters)
  expect(lines).toEqual([
    'web gets out by eth0, and is 10.0.2.15 out there.',
    'outside  10.0.2.2',
    ' ┃ eth0 10.0.2.15/24 fec0::5054:ff:fe12:3456/64',
    ' ┃ :8080 leads to 172.18.0.2:80 [B] web',
    ' ┃ 172.18.0.0/16 leaves as 10.0.2.15',
    ' ┃ ✓ passes packets on 4 packets a second',
    'the machine',
    ' br0 bridge 172.18.0.1/16',
    ' ├ v-web ●━━━━●[B] eth0 172.18.0.2/16  web · sleep 352, nc 651',
    ' └ v-db ●━◂3━●[A] eth0 172.18.0.3/16  db · ping 657',
    'Conversations that the kernel tracks',
    expect.stringMatching(
      /^ tcp 10\.0\.2\.15:\d+ → 10\.0\.2\.15:8080 answered by 172\.18\.0\.2:80 ESTABLISHED$/,
    ),
    ' icmp 172.18.0.3 → 10.0.2.2 seen outside as 10.0.2.15',
  ])
  const cable = draw('cable', 100, 'en').map(stripVTControlCharacters)
  expect(cable[0]).toBe('sleep (696) has a cable at lc-in that is not up at both ends: nothing gets through.')
  expect(cable).toContain(' ╳ passes nothing on: ip_forward is 0')
  expect(cable.at(-1)).toBe(' lc-out 10.77.0.1/24 ●╌╌╌╌○[A] lc-in no address down  sleep (696) lo down')
  expect(draw('cable', 100, 'zh').join('\n')).toContain('并非两端都启用')
  const nobody = network('cable')
  const host = networkLines({ ...nobody, rooms: [], cables: [] }, 100, viewWords.en)
  expect(host.map(stripVTControlCharacters)[0]).toContain('No other network namespace yet')
})
