// Archives that want out: each is refused with a reason, and around the target nothing changes.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { unpack } from '../../../../engine/archive/unpack.ts'
import type { WhiteoutStyle } from '../../../../engine/archive/whiteout.ts'
import { archive, type Fields, member, pax, streamOf } from '../../../suites/archive-bytes.ts'
import { describeTree } from '../../../suites/tree.ts'

let scratch: string
let target: string
/** What lies beside the target, and must stay as it is. */
let outside: string[]

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lc-hostile-'))
  target = join(scratch, 'target')
  mkdirSync(join(scratch, 'secret'))
  writeFileSync(join(scratch, 'secret', 'canary'), 'alive')
  writeFileSync(join(scratch, 'canary'), 'alive')
  outside = describeTree(scratch)
  mkdirSync(target)
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

async function attempt(
  bytes: Uint8Array,
  whiteouts: WhiteoutStyle = 'none',
  limits?: { bytes: number; entries: number },
) {
  const before = readdirSync('/proc/self/fd').length
  const result = await unpack(streamOf(bytes), target, { whiteouts, ...(limits ? { limits } : {}) }).catch(
    (error: unknown) => error,
  )
  expect(readdirSync('/proc/self/fd').length).toBe(before)
  const around = describeTree(scratch).filter((line) => !line.startsWith('target'))
  expect(around).toEqual(outside)
  return result
}

const file = (name: string, more: Partial<Fields> = {}): Buffer => member({ name, content: 'evil', ...more })
const directory = (name: string): Buffer => member({ name, type: '5', mode: 0o755 })
const symlink = (name: string, linkname: string): Buffer => member({ name, type: '2', linkname })
const link = (name: string, linkname: string): Buffer => member({ name, type: '1', linkname })

describe.runIf(process.platform === 'linux')('hostile archives', () => {
  test.each<[string, Buffer[], RegExp]>([
    ['an absolute path', [file('/etc/evil')], /"\/etc\/evil" is an absolute path/],
    ['an absolute path by PAX', [pax({ path: '//etc/evil' }), file('x')], /absolute path/],
    ['..', [file('../canary')], /has \.\. in its path/],
    ['.. in the middle', [directory('a'), file('a/../../canary')], /has \.\. in its path/],
    ['.. as the name', [member({ name: '..', type: '5', mode: 0o777 })], /has \.\. in its path/],
    ['.. by a prefix', [file('canary', { prefix: '..' })], /has \.\. in its path/],
    ['a symbolic link out', [symlink('out', '../secret')], /link out of the archive, to "\.\.\/secret"/],
    [
      'a symbolic link out, deeper',
      [directory('a'), symlink('a/out', 'b/../../../secret')],
      /link out of the archive/,
    ],
    ['a symbolic link to nothing', [symlink('a', '')], /link to nothing/],
    ['a hard link out', [link('out', '../canary')], /hard link to "\.\.\/canary"/],
    ['a hard link to what is not there', [link('a', 'b')], /"b", which this archive does not have/],
    ['a hard link to itself', [file('a'), link('a', 'a')], /which this archive does not have/],
    ['a hard link to a directory', [directory('a'), link('b', 'a')], /hard link to a directory/],
    ['a hard link to the target', [link('b', './')], /hard link to a directory, or to nothing/],
    ['a file in place of the target', [file('.')], /in place of the target/],
    ['a link in place of the target', [symlink('.', 'x')], /in place of the target/],
    ['a file in a file', [file('a'), file('a/b')], /"a" does not lead to a directory inside \(EEXIST\)/],
    ['a name too long', [file('x'), pax({ path: 'n'.repeat(300) }), file('x')], /ENAMETOOLONG/],
    ['a path too long', [pax({ path: `${'d/'.repeat(3000)}x` }), file('x')], /ENAMETOOLONG/],
    ['a circle of links', [symlink('a', 'b'), symlink('b', 'a'), file('a/x')], /ELOOP/],
    [
      'a directory behind a link to nowhere',
      [symlink('a', 'nowhere'), file('a/x')],
      /does not lead to a directory/,
    ],
    [
      'a device that cannot be',
      [member({ name: 'x', type: '3', major: 0o77777, minor: 1 })],
      /which Linux does not have/,
    ],
  ])('%s', async (_name, members, message) => {
    const error = await attempt(archive(...members))
    expect(error).toMatchObject({
      name: 'EngineError',
      kind: 'invalid',
      message: expect.stringMatching(message),
    })
    expect(String(error)).not.toContain('\n')
  })

  test('an absolute link is the image’s own, and what is written through it stays inside', async () => {
    const secret = join(scratch, 'secret')
    mkdirSync(join(target, secret), { recursive: true })
    await attempt(archive(symlink('out', secret), file('out/canary'), directory('out/new')))
    expect(readdirSync(join(target, secret)).sort()).toEqual(['canary', 'new'])
    expect(lstatSync(join(target, 'out')).isSymbolicLink()).toBe(true)
  })

  test('a file in a link’s place replaces it, and does not go through it', async () => {
    await attempt(archive(symlink('canary', `${scratch}/canary`), file('canary')))
    expect(lstatSync(join(target, 'canary')).isFile()).toBe(true)
  })

  test.each(['0', '5', '6', '1', '2'])('type %s over a link, a file and a full directory', async (type) => {
    const what = member({ name: 'x', type, linkname: type === '1' ? 'from' : type === '2' ? 'from' : '' })
    for (const before of [
      symlink('x', '/secret'),
      file('x'),
      Buffer.concat([directory('x'), file('x/in')]),
    ]) {
      expect(await attempt(archive(file('from'), before, what))).toBeTypeOf('number')
      expect(existsSync(join(target, 'x/in'))).toBe(type === '5' && before.length > 1024)
    }
  })

  test('a directory swapped for a link while files go into it', async () => {
    const swap = [directory('d'), file('d/a'), symlink('d', '/secret'), file('d/b')]
    expect(await attempt(archive(...swap))).toMatchObject({ kind: 'invalid' })
    expect(readdirSync(target)).toEqual(['d'])
  })

  test('a link that was in the target before is resolved inside it', async () => {
    symlinkSync('../secret', join(target, 'lib'))
    expect(await attempt(archive(file('lib/canary')))).toMatchObject({ kind: 'invalid' })
    symlinkSync('../../../../../../../..', join(target, 'up'))
    expect(await attempt(archive(file('up/inside')))).toBe(4)
    expect(existsSync(join(target, 'inside'))).toBe(true)
  })

  test('times and modes of a directory do not go through what replaced it', async () => {
    const evil = archive(member({ name: 'd', type: '5', mode: 0o777, mtime: 1 }), symlink('d', '/secret'))
    await attempt(evil)
    mkdirSync(join(target, 'secret'))
    chmodSync(join(target, 'secret'), 0o700)
    await attempt(archive(member({ name: 'd', type: '5', mode: 0o777, mtime: 1 }), symlink('d', 'secret')))
    expect(lstatSync(join(target, 'secret')).mode & 0o7777).toBe(0o700)
  })

  test.each<[string, Buffer[], RegExp]>([
    ['a whiteout of nothing', [file('.wh.')], /whiteout of nothing/],
    ['a whiteout of .', [file('a/.wh..')], /whiteout of nothing/],
    ['a whiteout of ..', [file('a/.wh...')], /whiteout of nothing/],
    ['a file in a whiteout', [file('.wh.a/b')], /whiteout of nothing/],
    ['a whiteout in a whiteout', [file('.wh.a/.wh.b')], /whiteout of nothing/],
    ['an opaque mark in a whiteout', [file('.wh.a/.wh..wh..opq')], /whiteout of nothing/],
    ['a whiteout above', [file('../.wh.canary')], /has \.\. in its path/],
  ])('%s', async (_name, members, message) => {
    expect(await attempt(archive(...members), 'apply')).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(message),
    })
  })

  test('a whiteout in what is no directory deletes nothing', async () => {
    expect(await attempt(archive(file('a'), file('a/.wh.b'), file('a/.wh..wh..opq')), 'apply')).toBe(12)
    expect(readdirSync(target)).toEqual(['a'])
  })

  test('a whiteout through a link deletes inside', async () => {
    const secret = archive(
      symlink('out', `${scratch}/secret`),
      file('out/.wh.canary'),
      file('out/.wh..wh..opq'),
    )
    await attempt(secret, 'apply')
    mkdirSync(join(target, scratch, 'secret'), { recursive: true })
    writeFileSync(join(target, scratch, 'secret', 'canary'), '')
    await attempt(secret, 'apply')
    expect(readdirSync(join(target, scratch, 'secret'))).toEqual([])
  })

  test('limits on bytes and entries', async () => {
    const limits = { bytes: 1000, entries: 3 }
    const big = member({ name: 'a', size: 2 ** 32, content: 'x' })
    expect(await attempt(archive(big), 'none', limits)).toMatchObject({
      message: expect.stringMatching(/more than 1000 bytes, with "a"/),
    })
    expect(existsSync(join(target, 'a'))).toBe(false)
    const sparse = [
      pax({ 'GNU.sparse.size': String(2 ** 50), 'GNU.sparse.map': '' }),
      member({ name: 'hole' }),
    ]
    expect(await attempt(archive(...sparse), 'none', limits)).toMatchObject({
      message: expect.stringMatching(/more than 1000 bytes/),
    })
    const many = ['a', 'b', 'c', 'd'].map(directory)
    expect(await attempt(archive(...many), 'none', limits)).toMatchObject({
      message: expect.stringMatching(/more than 3 entries/),
    })
  })

  test('an archive that is refused lets go of its stream', async () => {
    const stream = Readable.from(
      (function* () {
        yield archive(file('/evil'))
        for (;;) yield Buffer.alloc(65_536)
      })(),
      { objectMode: false },
    )
    await expect(unpack(stream, target, { whiteouts: 'none' })).rejects.toThrow(/absolute/)
    expect(stream.destroyed).toBe(true)
  })

  test('a target that is not there', async () => {
    const stream = streamOf(archive(file('a')))
    await expect(unpack(stream, join(scratch, 'nowhere'), { whiteouts: 'none' })).rejects.toMatchObject({
      kind: 'not-found',
    })
    expect(stream.destroyed).toBe(true)
  })
})
