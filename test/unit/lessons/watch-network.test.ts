// What the live view of networks reads and makes of it: frames that the VM
// printed, and hostile ones.
import { expect, test } from 'vitest'
import { NetworkReader, parseNetwork } from '../../../lessons/player/watch/network.ts'
import { type NetworkPicture, networkPicture } from '../../../lessons/player/watch/network-picture.ts'
import type { NetworkInterface, NetworkSample } from '../../../lessons/player/watch/network-sample.ts'
import { frameOf, recordedFrame } from '../../suites/frames.ts'

function sampleOf(name: 'bridge' | 'cable', edit?: (text: string) => string): NetworkSample {
  const sample = parseNetwork(recordedFrame(name, edit))
  if (!sample) throw new Error('the frame has networks')
  return sample
}
function pictureOf(sample: NetworkSample, before?: NetworkPicture): NetworkPicture {
  const picture = networkPicture(sample, before)
  if (!picture) throw new Error('the sample has a host')
  return picture
}
function after(sample: NetworkSample, milliseconds: number): NetworkSample {
  const at = sample.at + milliseconds
  const { spaces, ...rest } = structuredClone(sample)
  return { ...rest, at, spaces: spaces.map((one) => ({ ...one, at })) }
}
/** What reach the room has after `change` was made to the recorded bridge. */
function reach(room: string, change: (sample: NetworkSample) => void) {
  const sample = sampleOf('bridge')
  change(sample)
  return pictureOf(sample).rooms.find(({ name }) => name === room)?.way
}
function at(sample: NetworkSample, room: string, name: string): NetworkInterface {
  const space = room === 'host' ? sample.spaces[0] : sample.spaces.find((one) => one.name === room)
  const found = space?.interfaces.find((one) => one.name === name)
  if (!found) throw new Error(`${room} has ${name}`)
  return found
}

test('a frame of two namespaces on a bridge', () => {
  const sample = sampleOf('bridge')
  expect(sample.spaces.map(({ name }) => name)).toEqual([undefined, 'db', 'web'])
  expect(sample.spaces[2]?.processes.map(({ command }) => command)).toEqual(['sleep', 'nc'])
  expect(at(sample, 'host', 'v-web')).toMatchObject({
    kind: 'veth',
    master: 'br0',
    state: 'UP',
    peer: { index: 2 },
  })
  expect(at(sample, 'host', 'br0')).toMatchObject({ kind: 'bridge', addresses: ['172.18.0.1/16'] })
  expect(at(sample, 'web', 'eth0').addresses).toEqual(['172.18.0.2/16'])
  expect(sample.spaces[1]?.routes[0]).toEqual({ to: 'default', via: '172.18.0.1', device: 'eth0' })
  expect(sample).toMatchObject({
    forwards: true,
    more: 0,
    masquerades: [{ from: ['172.18.0.0/16'], notOut: ['br0'] }],
    // Two rules, one door.
    publications: [{ protocol: 'tcp', port: '8080', to: '172.18.0.2', toPort: '80' }],
  })
  expect(sample.forwarded).toBeGreaterThan(0)
  // The learner's SSH, tracked as well, is the host's own.
  expect(sample.flows).toEqual([
    expect.objectContaining({ protocol: 'tcp', state: 'ESTABLISHED', answeredBy: '172.18.0.2:80' }),
    { protocol: 'icmp', from: '172.18.0.3', to: '10.0.2.2', seenAs: '10.0.2.15' },
  ])
  expect(sample).not.toHaveProperty('focus')
})

test('the process that is asked for, in its own namespace or in the host’s; and its terminal', () => {
  const sample = sampleOf('cable', (text) =>
    text
      .replace(/^pid \d+/m, (line) => `${line}\nterminal inside 600 (bash) S 1 600 600 34817 696 0`)
      .replace(/(process\t1 \d+ \(sleep\) S \d+ \d+ \d+) \d+/g, '$1 34817'),
  )
  expect(sample.focus).toBe(sample.spaces[1]?.id)
  expect(sample.spaces[1]?.processes).toEqual([{ pid: 696, command: 'sleep', terminal: 'inside' }])
  const host = sampleOf('bridge', (text) => text.replace('head\n', 'head\npid 1\n'))
  expect(host.focus).toBe(host.spaces[0]?.id)
})

test('cables are found by both ends, and their packets by two samples', () => {
  const sample = sampleOf('bridge')
  const before = pictureOf(sample)
  const ends = before.cables.map(({ a, b }) => [a.at.name, b?.at.name, b?.space.name])
  expect(ends).toEqual([
    ['v-web', 'eth0', 'web'],
    ['v-db', 'eth0', 'db'],
  ])
  // Rooms stand as their cables do, and their letters stay with them.
  expect(before.rooms.map(({ name, letter }) => `${name} ${letter}`)).toEqual(['web B', 'db A'])
  expect(before.cables[0]).toMatchObject({ live: true, forth: 0, back: 0 })
  const later = after(sample, 2000)
  later.forwarded += 6
  at(later, 'host', 'v-web').sent.packets += 10
  at(later, 'host', 'v-web').received.packets += 4
  const picture = pictureOf({ ...later, spaces: later.spaces.filter(({ name }) => name !== 'db') }, before)
  expect(picture.cables[0]).toMatchObject({ forth: 5, back: 2 })
  expect(picture.forwarded).toBe(3)
  expect(picture.rooms.map(({ name, letter }) => `${name} ${letter}`)).toEqual(['web B'])
  // A cable whose end is out of sight is one with one end.
  expect(picture.cables.map(({ b }) => b?.space.name)).toEqual(['web', undefined])
})

test('who is not looked at in a frame is as before, and as fast', () => {
  const reader = new NetworkReader()
  const full = reader.read(recordedFrame('bridge'))
  const again = (text: string) =>
    text
      .replace(/^uptime \d+/m, 'uptime 99999')
      .replaceAll(/(space\n\/run\/netns\/\w+\n)[\s\S]*?\0/g, '$1same\0')
  const kept = reader.read(recordedFrame('bridge', again))
  if (!full || !kept) throw new Error('both have networks')
  expect(kept.spaces.map(({ interfaces }) => interfaces)).toEqual(
    full.spaces.map(({ interfaces }) => interfaces),
  )
  expect(kept.spaces.map(({ at }) => at)).toEqual([kept.at, full.at, full.at])
  // A cable between rooms is measured at one of them.
  const apart = (sample: NetworkSample) => ({
    ...sample,
    spaces: sample.spaces.map((one, index) => (index > 0 ? one : { ...one, interfaces: [] })),
  })
  const moved = after(full, 1000)
  at(moved, 'web', 'eth0').sent.packets += 7
  const second = pictureOf(apart(moved), pictureOf(apart(full)))
  expect(second.cables.map(({ forth }) => forth)).toEqual([0, 7])
  const third = pictureOf({ ...apart(moved), at: moved.at + 900 }, second)
  expect(third.cables.map(({ forth }) => forth)).toEqual([0, 7])
  expect(new NetworkReader().read(recordedFrame('bridge', again))?.spaces).toHaveLength(1)
})

test('ends with the same numbers are told apart by what the namespaces call each other', () => {
  const sample = sampleOf('bridge')
  const [host, db, web] = sample.spaces
  if (!host || !db || !web) throw new Error('there are three')
  const end = (index: number, peer: number, netnsid: number): NetworkInterface => ({
    ...{ index, name: `x${index}`, kind: 'veth', state: 'UP', up: true, addresses: [] },
    ...{ peer: { index: peer, netnsid } },
    ...{ received: { bytes: 0, packets: 0 }, sent: { bytes: 0, packets: 0 } },
  })
  // db calls the host 0, and web 1; the host has an end that looks like web's.
  db.interfaces.push(end(9, 9, 1))
  web.interfaces.push(end(9, 9, 1))
  host.interfaces.push(end(9, 9, 7))
  const { cables } = pictureOf(sample)
  expect(cables.map(({ a, b }) => [a.at.name, b?.space.name])).toEqual([
    ['v-web', 'web'],
    ['v-db', 'db'],
    ['x9', undefined],
    ['x9', 'web'],
  ])
})

test('both ends in one namespace, one pushed through the wall, and what the ends say', () => {
  const apart = pictureOf(sampleOf('cable'))
  expect(apart.cables).toMatchObject([
    {
      a: { at: { name: 'lc-out', state: 'LOWERLAYERDOWN' } },
      b: { at: { name: 'lc-in', up: false } },
      live: false,
    },
  ])
  expect(apart.rooms[0]?.way).toMatchObject({ reach: 'unplugged', by: { name: 'lc-in' } })
  // As ip says it of two ends in one place: by name.
  const links =
    '{"ifindex":4,"ifname":"b","link":"a","flags":[],"operstate":"DOWN","link_type":"ether","linkinfo":{"info_kind":"veth"}}'
  const both = parseNetwork(
    frameOf(
      `head\nuptime 5\n\0ids\n1 /proc/1/ns/net\n\0more\n0\0space\n/proc/1/ns/net\n[${links},${links
        .replaceAll('"b","link":"a"', '"a","link":"b"')
        .replace('4', '5')}]\n[]\n\0end\0`,
    ),
  )
  expect(both?.spaces[0]?.interfaces.map(({ peer }) => peer)).toEqual([{ index: 5 }, { index: 4 }])
  if (both)
    expect(pictureOf(both).cables).toMatchObject([{ a: { at: { name: 'b' } }, b: { at: { name: 'a' } } }])
})

test('how far a packet gets, and what is missing where it ends', () => {
  expect(reach('web', () => {})).toMatchObject({
    ...{ reach: 'outside', out: 'eth0', as: '10.0.2.15', gateway: '172.18.0.1' },
    ...{ bridge: { name: 'br0' } },
  })
  const web = (sample: NetworkSample) => sample.spaces[2]
  const cases: [string, (sample: NetworkSample) => void][] = [
    ['unmasked', (sample) => void sample.masquerades.splice(0)],
    ['unmasked', (sample) => void sample.masquerades[0]?.from.splice(0, 1, '10.9.0.0/16')],
    ['unmasked', (sample) => void sample.masquerades[0]?.notOut.push('eth0')],
    ['outside', (sample) => void sample.masquerades[0]?.in.push('br0')],
    ['stopped', (sample) => void Object.assign(sample, { forwards: false })],
    ['stopped', (sample) => void sample.spaces[0]?.routes.shift()],
    ['lost', (sample) => void Object.assign(web(sample)?.routes[0] ?? {}, { via: '172.18.0.77' })],
    ['neighbours', (sample) => void web(sample)?.routes.shift()],
    ['nameless', (sample) => void at(sample, 'web', 'eth0').addresses.splice(0)],
    ['unplugged', (sample) => void Object.assign(at(sample, 'host', 'v-web'), { up: false, state: 'DOWN' })],
    ['unplugged', (sample) => void Object.assign(at(sample, 'host', 'br0'), { up: false })],
    ['itself', (sample) => void web(sample)?.interfaces.splice(1)],
    [
      'nowhere',
      (sample) =>
        void web(sample)?.interfaces.splice(0, 9, { ...at(sample, 'web', 'lo'), up: false, state: 'DOWN' }),
    ],
  ]
  expect(cases.map(([, change]) => reach('web', change)?.reach)).toEqual(cases.map(([wanted]) => wanted))
})

test('a room has the name on its cable, or that of ip netns, or its hostname', () => {
  const sample = sampleOf('bridge')
  at(sample, 'host', 'v-db').label = 'lunch'
  Object.assign(sample.spaces[2] ?? {}, { name: undefined, hostname: 'f00d' })
  expect(pictureOf(sample).rooms.map(({ name }) => name)).toEqual(['f00d', 'lunch'])
})

test('a namespace that ended while it was looked at, and one whose names mean harm', () => {
  const gone = sampleOf('bridge', (text) => text.replace(/(space\n\/run\/netns\/db\n)[\s\S]*?\0/, '$1\0'))
  // What was said of the third is still the third's.
  expect(gone.spaces.map(({ name }) => name)).toEqual([undefined, 'web'])
  const cut = sampleOf('bridge', (text) =>
    text.replace(/(space\n\/run\/netns\/db\n.{300})[\s\S]*?\0/, '$1\0'),
  )
  expect(cut.spaces).toHaveLength(2)
  expect(parseNetwork(frameOf('head\nuptime 5\n\0space\n/proc/1/ns/net\n\0end\0'))).toBeUndefined()
  const hostile = sampleOf('bridge', (text) =>
    text
      .replaceAll('"v-web"', '"v\\u001b[31m"')
      .replaceAll('(nc)', '(n) \x1b]c)')
      .replaceAll('\t1 db', '\t1 d\x1bb'),
  )
  expect(hostile.spaces[0]?.interfaces.map(({ name }) => name)).toContain('v\\e[31m')
  expect(hostile.spaces[1]?.name).toBe('d\\eb')
  expect(hostile.spaces[2]?.processes.map(({ command }) => command)).toContain('n) \\e]c')
})
