// What changed between two trees, and an archive of only that.
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareTrees } from '../../../../engine/archive/changes.ts'
import { pack } from '../../../../engine/archive/pack.ts'
import { bytesOf, readArchive } from '../../../suites/archive-bytes.ts'

let scratch: string
let parent: string
let tree: string

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'lc-changes-'))
  parent = join(scratch, 'parent')
  tree = join(scratch, 'tree')
  mkdirSync(join(parent, 'a/b'), { recursive: true })
  mkdirSync(join(parent, 'c'))
  for (const name of ['a/one', 'a/b/two', 'c/three']) writeFileSync(join(parent, name), name)
  symlinkSync('one', join(parent, 'a/link'))
  await execa('cp', ['-a', parent, tree])
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

function changes(): string[] {
  return compareTrees(tree, parent).map(({ kind, path }) => `${kind} ${path}`)
}

describe.runIf(process.platform === 'linux')('changes', () => {
  test('none', () => {
    expect(changes()).toEqual([])
  })

  test('without a parent all is new', () => {
    const all = ['/a', '/a/b', '/a/b/two', '/a/link', '/a/one', '/c', '/c/three']
    expect(compareTrees(tree, undefined)).toEqual(all.map((path) => ({ kind: 'A', path })))
  })

  test.each<[string, () => void, string[]]>([
    ['content of another size', () => truncateSync(join(tree, 'a/one'), 3), ['C /a', 'C /a/one']],
    ['a time', () => utimesSync(join(tree, 'a/one'), 1, 1), ['C /a', 'C /a/one']],
    ['a mode', () => chmodSync(join(tree, 'a/b/two'), 0o600), ['C /a', 'C /a/b', 'C /a/b/two']],
    ['a directory’s mode', () => chmodSync(join(tree, 'a/b'), 0o700), ['C /a', 'C /a/b']],
    ['a directory’s time alone', () => utimesSync(join(tree, 'a/b'), 1, 1), []],
    ['a new file', () => writeFileSync(join(tree, 'c/new'), ''), ['C /c', 'A /c/new']],
    ['a deleted directory', () => rmSync(join(tree, 'a'), { recursive: true }), ['D /a']],
    [
      'a directory in a file’s place',
      () => {
        rmSync(join(tree, 'a/one'))
        mkdirSync(join(tree, 'a/one'))
        writeFileSync(join(tree, 'a/one/in'), '')
      },
      ['C /a', 'C /a/one', 'A /a/one/in'],
    ],
    [
      'a file in a directory’s place',
      () => {
        rmSync(join(tree, 'a/b'), { recursive: true })
        writeFileSync(join(tree, 'a/b'), '')
      },
      ['C /a', 'C /a/b'],
    ],
    [
      'a link of the same length to elsewhere',
      () => {
        rmSync(join(tree, 'a/link'))
        symlinkSync('two', join(tree, 'a/link'))
      },
      ['C /a', 'C /a/link'],
    ],
  ])('%s', (_name, change, expected) => {
    change()
    expect(changes()).toEqual(expected)
  })

  test('a tree that is not there', () => {
    expect(() => compareTrees(join(scratch, 'nowhere'), parent)).toThrow(/read the directory/)
  })

  test('an archive of the changes has them alone, and whiteouts for what is gone', async () => {
    rmSync(join(tree, 'a/b'), { recursive: true })
    writeFileSync(join(tree, 'c/new'), 'new')
    linkSync(join(tree, 'c/new'), join(tree, 'c/newer'))
    const found = await readArchive(await bytesOf(pack(tree, { only: compareTrees(tree, parent) })))
    expect(found.map(({ name, type }) => [name, type])).toEqual([
      ['a/', 'directory'],
      ['c/', 'directory'],
      ['c/new', 'file'],
      ['c/newer', 'link'],
      ['a/.wh.b', 'file'],
    ])
  })

  test('a file that becomes shorter while it is packed is an error', async () => {
    truncateSync(join(tree, 'a/one'), 20_000_000)
    const stream = pack(tree)[Symbol.asyncIterator]()
    await stream.next()
    truncateSync(join(tree, 'a/one'), 5)
    const rest = async (): Promise<void> => {
      for (let next = await stream.next(); !next.done; next = await stream.next());
    }
    await expect(rest()).rejects.toMatchObject({ kind: 'conflict' })
  })

  test('a directory that is not there cannot be packed', async () => {
    await expect(bytesOf(pack(join(scratch, 'nowhere')))).rejects.toMatchObject({ kind: 'not-found' })
  })
})
