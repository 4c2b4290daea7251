// What the live view of an overlay reads and draws: a frame that the VM printed,
// and hostile ones.
import { expect, test } from 'vitest'
import { LayersReader } from '../../../lessons/player/watch/layers.ts'
import { layersPicture } from '../../../lessons/player/watch/layers-picture.ts'
import { overlayAt } from '../../../lessons/player/watch/overlay-mount.ts'
import type { LayersSample } from '../../../lessons/player/watch/samples.ts'
import { frameOf, recordedFrame } from '../../suites/frames.ts'

test('the directories of an overlay, however they are escaped', () => {
  const line = (options: string, point = '/m') =>
    `36 24 0:27 / ${point} rw,relatime shared:10 - overlay overlay ${options}\n`
  expect(overlayAt(line('rw,lowerdir=/a:/b,upperdir=/u,workdir=/w'), '/m/')?.layers).toEqual([
    { kind: 'upper', directory: '/u' },
    { kind: 'lower', directory: '/a' },
    { kind: 'lower', directory: '/b' },
  ])
  // As Linux 6.1 showed a directory "lo:w\er", and with a space and a comma.
  expect(
    overlayAt(line('rw,lowerdir=lo\\134:w\\134\\134er:l\\0402\\054', '/m\\040n'), '/m n')?.layers,
  ).toEqual([
    { kind: 'lower', directory: 'lo:w\\er' },
    { kind: 'lower', directory: 'l 2,' },
  ])
  expect(overlayAt(`${line('rw,lowerdir=/a')}37 36 0:9 / /m rw - tmpfs tmpfs rw\n`, '/m')).toBeUndefined()
  expect(overlayAt('', '/m')).toBeUndefined()
})

/** What a reader makes of the recorded frame once it knows the mount. */
function layers(edit?: (text: string) => string): LayersSample {
  const reader = new LayersReader()
  reader.script()
  expect(reader.read(recordedFrame('layers', edit))).toBeUndefined()
  expect(reader.stale).toBe(true)
  expect(reader.script()).toContain("'lower2'")
  const sample = reader.read(recordedFrame('layers', edit))
  if (!sample) throw new Error('the frame has layers')
  return sample
}

test('layers: whiteouts, opaque directories, what is hidden, and names that mean harm', () => {
  const sample = layers()
  expect(sample.layers[0]?.entries).toEqual(
    expect.arrayContaining([
      { path: 'a', type: 'other', bytes: 0, whiteout: true },
      { path: 'dir', type: 'directory', bytes: 4096, opaque: true },
      { path: 'a b\\n--- end\\e[31m', type: 'file', bytes: 1 },
    ]),
  )
  const picture = layersPicture(sample)
  const hidden = picture.layers.map((layer) =>
    layer.filter((one) => one.hidden).map(({ entry }) => entry.path),
  )
  expect(hidden).toEqual([[], ['a', 'etc/b'], ['big', 'dir', 'dir/d']])
  const from = Object.fromEntries(picture.merged.map(({ entry, from: layer }) => [entry.path, layer]))
  expect(from).toMatchObject({ c: [2], big: [0], etc: [0, 1], 'etc/b': [0], dir: [0], 'new.txt': [0] })
  // A real device is none.
  const device = layers((text) => text.replace('device\t0 0:0', 'device\t0 1:3'))
  expect(device.layers[0]?.entries.find(({ path }) => path === 'a')).not.toHaveProperty('whiteout')
})

test('copy-up is seen as it happens, once, and grows; a new file is none', () => {
  const before = layers((text) =>
    text.replace('file\t0 f 5000001 big\0', '').replace('file\t0 f 2 new.txt\0', ''),
  )
  const half = layers((text) => text.replace('0 f 5000001 big', '0 f 4096 big'))
  const first = layersPicture(before)
  const second = layersPicture(half, first)
  expect(second.copies).toEqual([{ path: 'big', bytes: 4096, number: 1 }])
  expect(second.layers[0]?.filter(({ fresh }) => fresh).map(({ entry }) => entry.path)).toEqual([
    'big',
    'new.txt',
  ])
  const third = layersPicture(layers(), second)
  expect(third.copies).toEqual([{ path: 'big', bytes: 5_000_001, number: 1 }])
  expect(layersPicture({ ...before, mounted: false }, third).copies).toEqual([])
})

test('many entries are bounded, and what the upper layer has is among them', () => {
  const many = Array.from({ length: 500 }, (_, index) => `file\t1 f 1 etc/x${index}\0`).join('')
  const sample = layers((text) => text.replace('file\t1 f 2 a\0', `${many}file\t1 f 2 a\0`))
  expect(sample.layers[1]).toMatchObject({ cut: true })
  expect(sample.layers[1]?.entries).toHaveLength(60)
  expect(sample.layers[1]?.entries.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['a', 'etc', 'etc/b']),
  )
})

test('no overlay is said, not drawn', () => {
  const reader = new LayersReader()
  expect(reader.read(frameOf('mounts\n/nowhere\n\0end\0'))).toMatchObject({
    mounted: false,
    path: '/nowhere',
  })
  expect(reader.stale).toBe(false)
})
