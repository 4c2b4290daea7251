// Owners on disk and in archives, where containers have users of their own.
import { expect, test } from 'vitest'
import { Owners } from '../../../../engine/archive/owners.ts'
import { noXattrs } from '../../../../engine/archive/tar-entry.ts'

const range = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size })
const owners = new Owners([range(0, 1000, 1), range(1, 5000, 10)], [range(0, 7000, 20)])
const entry = (uid: number, gid: number, xattrs: ReadonlyMap<string, Buffer> = noXattrs) => ({
  ...{ name: 'etc/file', uid, gid, xattrs },
})

test('there and back', () => {
  expect(owners.root).toEqual({ uid: 1000, gid: 7000 })
  for (const [inside, outside] of [
    [0, 1000],
    [1, 5000],
    [10, 5009],
  ] as const) {
    expect(owners.onDisk(entry(inside, 0)).uid).toBe(outside)
    expect(owners.inArchive(entry(outside, 7000))).toMatchObject({ uid: inside, gid: 0 })
  }
})

test('who is in no range: refused on the way in, and himself on the way out', () => {
  expect(() => owners.onDisk(entry(11, 0))).toThrow(/"etc\/file" belongs to 11:0, .*\/etc\/subuid$/)
  expect(() => owners.onDisk(entry(0, 20))).toThrow(/"etc\/file" belongs to 0:20, .*\/etc\/subgid$/)
  expect(owners.inArchive(entry(0, 4))).toMatchObject({ uid: 0, gid: 4 })
})

test('rights that a container gave a program are anybody’s in an archive', () => {
  const attribute = (hex: string) =>
    new Map([
      ['security.capability', Buffer.from(hex, 'hex')],
      ['user.note', Buffer.from('x')],
    ])
  const [plain, ofRoot] = [
    '0100000200200000000000000000000000000000',
    '0100000300200000000000000000000000000000e8030000',
  ]
  expect(owners.inArchive(entry(0, 0, attribute(plain))).xattrs).toEqual(attribute(plain))
  expect(owners.inArchive(entry(0, 0, attribute(ofRoot))).xattrs).toEqual(attribute(plain))
  // Too short, or of a version that is none: as it is.
  for (const hex of ['', '010000', '0100000700200000000000000000000000000000'])
    expect(owners.inArchive(entry(0, 0, attribute(hex))).xattrs).toEqual(attribute(hex))
})
