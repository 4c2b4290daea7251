// Reading tar: the corners of four formats, byte by byte.
import { describe, expect, test } from 'vitest'
import { formatPax } from '../../../../engine/archive/pax.ts'
import type { TarEntry } from '../../../../engine/archive/tar-entry.ts'
import { TarReader } from '../../../../engine/archive/tar-reader.ts'
import {
  archive,
  type Fields,
  member,
  pax,
  readArchive as read,
  streamOf,
} from '../../../suites/archive-bytes.ts'

describe('reading', () => {
  test.each([1, 511, 512, 513, 100_000])('chunks of %d bytes make no difference', async (size) => {
    const bytes = archive(
      member({ name: 'a', content: 'hello' }),
      pax({ path: `${'long/'.repeat(60)}name` }),
      member({ name: 'x', content: 'b'.repeat(3000) }),
      member({ name: 'd/', type: '5' }),
    )
    const found = await read(bytes, size)
    expect(found.map(({ name, type, content }) => [name, type, content.length])).toEqual([
      ['a', 'file', 5],
      [`${'long/'.repeat(60)}name`, 'file', 3000],
      ['d/', 'directory', 0],
    ])
  })

  test('content that nobody asks for is passed over', async () => {
    await using reader = new TarReader(
      streamOf(archive(member({ name: 'a', content: 'x'.repeat(2000) }), member({ name: 'b' })), 100),
    )
    expect((await reader.next())?.name).toBe('a')
    expect((await reader.next())?.name).toBe('b')
    expect(await reader.next()).toBe(undefined)
  })

  test.each<[string, Buffer, string[]]>([
    ['no bytes', Buffer.alloc(0), []],
    ['zeros alone', Buffer.alloc(10_240), []],
    ['no zeros at the end', member({ name: 'a', content: 'x' }), ['a']],
    ['rubbish after the end', Buffer.concat([archive(member({ name: 'a' })), Buffer.alloc(999, 'x')]), ['a']],
    ['one block of zeros at the end', Buffer.concat([member({ name: 'a' }), Buffer.alloc(512)]), ['a']],
    ['a global header at the end', archive(member({ name: 'a' }), pax({ comment: 'x' }, 'g')), ['a']],
    ['a volume label', archive(member({ name: 'label', type: 'V' }), member({ name: 'a' })), ['a']],
    [
      'v7',
      archive(member({ name: 'd/', magic: '', type: '\0' }), member({ name: 'd/a', magic: '' })),
      ['d/', 'd/a'],
    ],
    ['a prefix', archive(member({ name: 'a', prefix: 'p/q' })), ['p/q/a']],
    ['GNU, whose prefix is none', archive(member({ name: 'a', magic: 'ustar  \0', prefix: '1234' })), ['a']],
    ['a name without NUL', archive(member({ name: 'n'.repeat(100) })), ['n'.repeat(100)]],
    [
      'GNU long names',
      archive(
        member({ name: '././@LongLink', type: 'L', content: `${'n'.repeat(300)}\0` }),
        member({ name: 'n' }),
      ),
      ['n'.repeat(300)],
    ],
  ])('%s', async (_name, bytes, names) => {
    expect((await read(bytes)).map(({ name }) => name)).toEqual(names)
  })

  test('an empty directory of v7 is one by its slash', async () => {
    const [entry] = await read(archive(member({ name: 'd/', magic: '', type: '\0' })))
    expect(entry?.type).toBe('directory')
  })

  test.each<[string, Fields, Partial<TarEntry>]>([
    ['base 256', { name: 'a', uid: '\x80\0\0\0\xee\x6b\x28\0' }, { uid: 4_000_000_000 }],
    [
      'negative base 256',
      { name: 'a', mtime: `\xff${'\xff'.repeat(10)}\xf6` },
      { mtime: { seconds: -10, nanoseconds: 0 } },
    ],
    ['spaces in numbers', { name: 'a', uid: '   17 \0 ' }, { uid: 15 }],
    ['a hard link with a size', { name: 'a', type: '1', linkname: 'b', size: 99 }, { type: 'link', size: 0 }],
    ['contiguous', { name: 'a', type: '7' }, { type: 'file' }],
    ['a device', { name: 'a', type: '4', major: 8, minor: 1 }, { type: 'block', major: 8, minor: 1 }],
    ['bits of the type in mode', { name: 'a', mode: 0o104755 }, { mode: 0o4755 }],
  ])('%s', async (_name, fields, expected) => {
    expect((await read(archive(member(fields))))[0]).toMatchObject(expected)
  })

  test('PAX overrides what the header says, and an empty value takes it back', async () => {
    const [first, second] = await read(
      archive(
        pax({ mtime: '1350244992.023960108', uid: '3000000000', size: '3', path: 'ü', linkpath: 'x' }),
        member({ name: 'a', content: 'abc', size: 0 }),
        pax({ path: '', uid: '' }),
        member({ name: 'b', uid: 7 }),
      ),
    )
    expect(first).toMatchObject({ name: 'ü', uid: 3e9, content: 'abc', linkname: 'x' })
    expect(first?.mtime).toEqual({ seconds: 1350244992, nanoseconds: 23960108 })
    expect(second).toMatchObject({ name: 'b', uid: 7 })
  })

  test('a global header gives times and owners, and no names or sizes', async () => {
    const found = await read(
      archive(
        pax({ comment: 'deadbeef', mtime: '5', path: 'evil', size: '9' }, 'g'),
        member({ name: 'a' }),
        pax({ mtime: '6' }),
        member({ name: 'b' }),
      ),
    )
    expect(found.map(({ name, mtime }) => [name, mtime.seconds])).toEqual([
      ['a', 5],
      ['b', 6],
    ])
  })

  test('extended attributes are bytes', async () => {
    const capability = Buffer.from('0100000200200000000000000000000a00000000', 'hex')
    const [entry] = await read(
      archive(pax({ 'SCHILY.xattr.security.capability': capability }), member({ name: 'a' })),
    )
    expect(entry?.xattrs).toEqual(new Map([['security.capability', capability]]))
  })

  test.each<[string, Buffer]>([
    ['0.0', Buffer.concat([sparse00(), member({ name: 'x', content: 'abcdef' })])],
    [
      '0.1',
      Buffer.concat([
        pax({ 'GNU.sparse.name': 's', 'GNU.sparse.size': '20', 'GNU.sparse.map': '2,3,10,3' }),
        member({ name: 'x', content: 'abcdef' }),
      ]),
    ],
    [
      '1.0',
      Buffer.concat([
        pax({
          ...{ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' },
          ...{ 'GNU.sparse.name': 's', 'GNU.sparse.realsize': '20' },
        }),
        member({
          name: 'x',
          content: Buffer.concat([Buffer.from('2\n2\n3\n10\n3\n'.padEnd(512, '\0')), Buffer.from('abcdef')]),
        }),
      ]),
    ],
    [
      'old GNU',
      member({
        ...{ name: 's', type: 'S', magic: 'ustar  \0', content: 'abcdef' },
        put: [
          [386, '00000000002\x0000000000003\0'],
          [410, '00000000012\x0000000000003\0'],
          [483, '00000000024\0'],
        ],
      }),
    ],
  ])('sparse files of format %s', async (_name, bytes) => {
    const [entry, next] = await read(archive(bytes, member({ name: 'next' })))
    expect(entry?.content).toBe('\0\0abc\0\0\0\0\0def\0\0\0\0\0\0\0')
    expect(entry?.name).toBe(_name === '0.0' ? 'x' : 's')
    expect(next?.name).toBe('next')
  })

  function sparse00(): Buffer {
    const records = [
      ['GNU.sparse.size', '20'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.offset', '2'],
      ['GNU.sparse.numbytes', '3'],
      ['GNU.sparse.offset', '10'],
      ['GNU.sparse.numbytes', '3'],
    ]
    const content = Buffer.concat(records.map(([key = '', value = '']) => formatPax(key, value)))
    return member({ name: 'PaxHeaders/x', type: 'x', content })
  }
})

describe('what is broken is refused in one line', () => {
  const sparse = (map: string, size = '20', content = 'abcdef'): Buffer =>
    Buffer.concat([pax({ 'GNU.sparse.size': size, 'GNU.sparse.map': map }), member({ name: 'x', content })])
  test.each<[string, Buffer, RegExp]>([
    ['text', Buffer.from('<html>'.repeat(200)), /does not begin with a tar header/],
    [
      'a bit of a header',
      (() => {
        const b = member({ name: 'a' })
        b[3] = 9
        return b
      })(),
      /does not begin/,
    ],
    [
      'damage in the middle',
      Buffer.concat([member({ name: 'a' }), Buffer.alloc(512, 7)]),
      /byte 512 is damaged/,
    ],
    ['half a header', member({ name: 'a' }).subarray(0, 300), /cut off/],
    ['half a file', member({ name: 'a', content: 'x'.repeat(2000) }).subarray(0, 900), /cut off/],
    ['a PAX header and nothing', pax({ path: 'a' }), /cut off/],
    ['a PAX header and the end', archive(pax({ path: 'a' })), /followed by the end/],
    [
      'a hole of zeros',
      Buffer.concat([member({ name: 'a' }), Buffer.alloc(512), member({ name: 'b' })]),
      /block of zeros/,
    ],
    ['a letter in a number', archive(member({ name: 'a', uid: '12x4567\0' })), /no number/],
    [
      'a size that nobody can count',
      archive(member({ name: 'a', size: `\x80${'\x7f'.repeat(11)}` })),
      /no number/,
    ],
    ['a negative size', archive(member({ name: 'a', size: '\xff'.repeat(12) })), /size of -1/],
    ['an owner that cannot be', archive(member({ name: 'a', uid: '\xff'.repeat(8) })), /-1:.* cannot be/],
    ['an unknown type', archive(member({ name: 'a', type: 'M' })), /type that is not known: "M"/],
    ['a PAX header of 1 GB', member({ name: 'x', type: 'x', size: 2 ** 30 }), /1073741824 bytes/],
    ['a long name of 1 GB', member({ name: 'x', type: 'L', size: 2 ** 30 }), /1073741824 bytes/],
    [
      'PAX without an equals sign',
      archive(member({ name: 'x', type: 'x', content: '8 path\n' })),
      /length key=value/,
    ],
    [
      'PAX with a wrong length',
      archive(member({ name: 'x', type: 'x', content: '99 path=a\n' })),
      /length key=value/,
    ],
    [
      'PAX with a length of 0',
      archive(member({ name: 'x', type: 'x', content: '0 path=a\n' })),
      /length key=value/,
    ],
    ['a PAX path with a NUL', archive(pax({ path: 'a\0b' }), member({ name: 'a' })), /NUL/],
    ['a PAX size that is none', archive(pax({ size: '-4' }), member({ name: 'a' })), /no number/],
    ['a PAX time that is none', archive(pax({ mtime: 'now' }), member({ name: 'a' })), /no time/],
    [
      'headers without end',
      archive(...Array.from({ length: 40 }, () => pax({ path: 'a' }))),
      /more than 16 headers/,
    ],
    ['sparse pieces that overlap', archive(sparse('0,3,2,3')), /overlap/],
    ['sparse pieces outside', archive(sparse('0,3,18,3')), /outside/],
    ['sparse pieces far outside', archive(sparse('0,3,9007199254740991,3')), /outside/],
    ['more sparse pieces than bytes', archive(sparse('0,3,10,9')), /6 bytes for pieces of 12/],
    ['half a sparse pair', archive(sparse('0,3,10')), /middle of a pair/],
    ['a sparse list of letters', archive(sparse('a,b')), /no number/],
    [
      'a sparse list that never ends',
      archive(
        pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '20' }),
        member({ name: 'x', content: '1'.repeat(5000) }),
      ),
      /no list of numbers/,
    ],
    [
      'a sparse list longer than its file',
      archive(
        pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '20' }),
        member({ name: 'x', content: '500000\n'.padEnd(1024, '1\n') }),
      ),
      /cut off/,
    ],
    [
      'a directory with a gigabyte in it',
      archive(member({ name: 'd', type: 'D', size: 2 ** 30 })),
      /bytes of content/,
    ],
  ])('%s', async (_name, bytes, message) => {
    const error = await read(bytes).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      name: 'EngineError',
      kind: 'invalid',
      message: expect.stringMatching(message),
    })
    expect(String(error)).not.toContain('\n')
  })
})
