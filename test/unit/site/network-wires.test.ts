// Where the wires of the picture of networks run, between plugs that a page put
// anywhere; and which of them are on a room's way out.
import { expect, test } from 'vitest'
import { parseNetwork } from '../../../lessons/player/watch/network.ts'
import { type NetworkPicture, networkPicture } from '../../../lessons/player/watch/network-picture.ts'
import { type Place, plugKey, wiresOf } from '../../../site/components/views/network-wires.ts'
import { recordedFrame } from '../../suites/frames.ts'

function picture(name: 'bridge' | 'cable', edit?: (text: string) => string): NetworkPicture {
  const sample = parseNetwork(recordedFrame(name, edit))
  const found = sample && networkPicture(sample)
  if (!found) throw new Error('the recorded frame has networks')
  return found
}
/** The machine at the left, rooms at the right; plugs as they come. */
function placesOf({ host, rooms, cables }: NetworkPicture): Map<string, Place> {
  const places = new Map<string, Place>([
    ['world', { x: 0, y: 20 }],
    ['out', { x: 40, y: 20 }],
    ['gate', { x: 50, y: 60 }],
    ['row br0', { x: 60, y: 80 }],
  ])
  const put = (end: NetworkPicture['cables'][number]['b'], y: number): void => {
    if (end) places.set(plugKey(end.space, end.at), { x: end.space === host ? 200 : 300, y })
  }
  cables.forEach(({ a, b }, index) => {
    put(a, 100 + index * 20)
    put(b, 60 + 70 * rooms.findIndex(({ space }) => space === b?.space))
  })
  return places
}

test('a room’s way is lit from its plug to the world, and no other', () => {
  const bridge = picture('bridge')
  const [web] = bridge.rooms
  const wires = wiresOf(bridge, placesOf(bridge), web)
  expect(wires.map(({ key, lit, broken }) => [key.replace(/^\d+/, 'host'), lit, broken])).toEqual([
    ['world', true, false],
    ['out', true, false],
    ['row br0', true, false],
    [expect.stringMatching(/^host\//), true, false],
    [expect.stringMatching(/^host\//), false, false],
  ])
  expect(wires.slice(0, 4).map(({ letter }) => letter)).toEqual(['B', 'B', 'B', 'B'])
  expect(wires[0]?.path).toBe('M0 20C20 20 20 20 40 20')
  expect(wires[2]?.path).toBe('M50 60V74q0 6 6 6H60')
  expect(wires[3]?.path).toBe('M200 100C250 100 250 60 300 60')
  // Nobody's: everything is there, and nothing is lit.
  expect(wiresOf(bridge, placesOf(bridge), undefined).filter(({ lit }) => lit)).toEqual([])
})

test('where the machine passes nothing on, the way breaks at the gate', () => {
  const shut = picture('bridge', (text) => text.replace(/^Ip: 1 /m, 'Ip: 2 '))
  const wires = wiresOf(shut, placesOf(shut), shut.rooms[0])
  expect(wires.filter(({ lit }) => lit).map(({ key }) => key.replace(/^\d+\//, ''))).toEqual(['row br0', '4'])
  expect(wires.filter(({ broken }) => broken).map(({ key }) => key)).toEqual(['row br0'])
})

test('a broken cable, one with both ends in one wall, and one that leads out of sight', () => {
  const cable = picture('cable')
  expect(wiresOf(cable, placesOf(cable), undefined).at(-1)).toMatchObject({
    kind: 'cable',
    broken: true,
    letter: 'A',
  })
  const [only] = cable.cables
  if (!only?.b) throw new Error('the cable has two ends')
  const coiled = { ...cable, cables: [{ ...only, b: { space: cable.host, at: only.b.at } }] }
  const loop = wiresOf(coiled, placesOf(coiled), undefined).at(-1)
  expect(loop?.path).toMatch(/^M200 \d+C2[1-3]\d /)
  const stump = { ...cable, cables: [{ ...only, b: undefined }] }
  expect(wiresOf(stump, placesOf(stump), undefined).at(-1)?.path).toMatch(/ 222 \d+$/)
  // Nothing was measured yet.
  expect(wiresOf(cable, new Map(), undefined)).toEqual([])
})

test('packets have a direction, and a number above the cable', () => {
  const bridge = picture('bridge')
  const [first] = bridge.cables
  if (!first) throw new Error('there is a cable')
  const moving = { ...bridge, cables: [{ ...first, forth: 0.4, back: 12.2 }], forwarded: 9 }
  const wires = wiresOf(moving, placesOf(moving), bridge.rooms[0])
  expect(wires.at(-1)).toMatchObject({ forth: 0.4, back: 12.2, label: { x: 250, text: '▸1 ◂12' } })
  expect(wires[0]).toMatchObject({ back: 9 })
})
