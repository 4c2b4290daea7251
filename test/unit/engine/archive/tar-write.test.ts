// Writing tar: what goes into a header comes out of it again, and no header is longer than it must be.
import { describe, expect, test } from 'vitest'
import { decodeName, encodeName } from '../../../../engine/archive/name.ts'
import { formatPax, formatTime, parsePax, paxTime } from '../../../../engine/archive/pax.ts'
import { noXattrs, type TarEntry } from '../../../../engine/archive/tar-entry.ts'
import { TarReader } from '../../../../engine/archive/tar-reader.ts'
import { endOfArchive, formatHeader } from '../../../../engine/archive/tar-writer.ts'
import { readArchive as read, streamOf } from '../../../suites/archive-bytes.ts'

const plain: TarEntry = {
  ...{ name: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0 },
  ...{ mtime: { seconds: 0, nanoseconds: 0 }, linkname: '', major: 0, minor: 0, xattrs: noXattrs },
}

describe('writing', () => {
  const written: readonly [string, Partial<TarEntry>, number][] = [
    ['short', { name: 'etc/passwd', size: 0, uid: 1000, mode: 0o4755 }, 1],
    ['100 characters', { name: 'n'.repeat(100) }, 1],
    ['split', { name: `${'d/'.repeat(70)}${'n'.repeat(80)}` }, 1],
    ['a directory, split', { name: `${'d/'.repeat(70)}${'n'.repeat(80)}/`, type: 'directory' }, 1],
    ['too long', { name: 'n'.repeat(300) }, 3],
    ['not ASCII', { name: 'ü/ñ' }, 3],
    ['not UTF-8', { name: decodeName(Buffer.from([0x61, 0xff, 0x2f, 0xc3])) }, 3],
    ['a large owner', { uid: 2 ** 32 - 2, gid: 2 ** 21 }, 3],
    ['nanoseconds', { mtime: { seconds: 1, nanoseconds: 5 } }, 3],
    ['before 1970', { mtime: { seconds: -2, nanoseconds: 500_000_000 } }, 3],
    ['a capability', { xattrs: new Map([['security.capability', Buffer.from([1, 0, 10, 61, 255])]]) }, 3],
    ['a long link', { type: 'symlink', linkname: 't'.repeat(120) }, 3],
    ['a device', { type: 'character', major: 4095, minor: 1_048_575 }, 1],
  ]
  test.each(written)('%s comes back as it was', async (_name, fields, blocks) => {
    const entry = { ...plain, ...fields }
    const header = formatHeader(entry)
    expect(header.length).toBe(blocks * 512)
    expect((await read(Buffer.concat([header, endOfArchive])))[0]).toMatchObject(entry)
  })

  test('a size beyond 8 GB', async () => {
    const bytes = formatHeader({ ...plain, size: 2 ** 35 })
    await using reader = new TarReader(streamOf(bytes))
    expect((await reader.next())?.size).toBe(2 ** 35)
  })
})

describe('names and records', () => {
  test.each(['61ff62', 'c3', 'edb080', 'f0808080', '80', 'efbfbd', 'f09f9880ff', 'c3bc'])(
    '%s there and back',
    (hex) => {
      expect(encodeName(decodeName(Buffer.from(hex, 'hex'))).toString('hex')).toBe(hex)
    },
  )

  test.each([0, 1, 88, 89, 90, 986, 987, 988, 989, 9985])(
    'a record of %d bytes says its own length',
    (length) => {
      const record = formatPax('k', 'v'.repeat(length))
      expect(Number.parseInt(record.toString(), 10)).toBe(record.length)
      expect(parsePax(record)).toEqual([['k', Buffer.from('v'.repeat(length))]])
    },
  )

  test.each(['0', '1.5', '-1', '-1.5', '-0.25', '1700000000.000000001'])(
    'the time %s there and back',
    (text) => {
      expect(formatTime(paxTime('mtime', Buffer.from(text)))).toBe(text)
    },
  )
})
