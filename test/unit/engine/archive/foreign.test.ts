// Archives of other programs, and ours for them: GNU tar and Python's tarfile.
import {
  createReadStream,
  createWriteStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeName } from '../../../../engine/archive/name.ts'
import { pack } from '../../../../engine/archive/pack.ts'
import { unpack } from '../../../../engine/archive/unpack.ts'
import { describeTree } from '../../../suites/tree.ts'

let scratch: string
let tree: string
let count = 0

function fresh(): string {
  const path = join(scratch, `out-${count++}`)
  mkdirSync(path)
  return path
}

/** A file, by the bytes of its name. */
function write(name: string | Buffer, content: string | Buffer): void {
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name)]), content)
}

async function unpacked(archive: string): Promise<string> {
  const target = fresh()
  await unpack(createReadStream(archive), target, { whiteouts: 'none' })
  return target
}

const python = (code: string, ...args: string[]) => execa('python3', ['-c', code, ...args])

describe.runIf(process.platform === 'linux')('other programs', () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'lc-archive-'))
    tree = join(scratch, 'tree')
    mkdirSync(join(tree, 'deep', 'er'.repeat(60), 'and', 'on'.repeat(50)), { recursive: true })
    mkdirSync(join(tree, 'empty'), { mode: 0o750 })
    write('plain', 'hello\n')
    write('empty-file', '')
    write('block', 'x'.repeat(512))
    write('large', Buffer.alloc(3_000_001, 'abc'))
    write(`${'n'.repeat(200)}`, 'long name')
    write(`deep/${'er'.repeat(60)}/and/${'on'.repeat(50)}/file`, 'long path')
    write('ünï', 'UTF-8')
    write(Buffer.from([0x62, 0xff, 0xfe]), 'not UTF-8')
    symlinkSync('plain', join(tree, 'link'))
    symlinkSync(`/${'t'.repeat(150)}`, join(tree, 'far'))
    linkSync(join(tree, 'plain'), join(tree, 'zz-hard'))
    utimesSync(join(tree, 'plain'), 1, 1.25)
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  test.each(['gnu', 'pax', 'oldgnu', 'posix'])('GNU tar --format=%s is read', async (format) => {
    const archive = join(scratch, `${format}.tar`)
    await execa('tar', [`--format=${format}`, '-C', tree, '-cf', archive, '.'])
    const found = describeTree(await unpacked(archive))
    // Only PAX has fractions of a second.
    const whole = (lines: string[]) =>
      /pax|posix/.test(format) ? lines : lines.map((line) => line.replace(/ (\d+)\d{9} /, ' $1 '))
    expect(whole(found)).toEqual(whole(describeTree(tree)))
  })

  test.each(['v7', 'ustar'])('GNU tar --format=%s is read, as far as it goes', async (format) => {
    const archive = join(scratch, `${format}.tar`)
    const files = ['plain', 'empty', 'block', 'large', 'link', 'zz-hard']
    await execa('tar', [`--format=${format}`, '-C', tree, '-cf', archive, ...files])
    const out = await unpacked(archive)
    expect(
      (await execa('diff', ['-r', '--no-dereference', out, tree], { reject: false })).stdout,
    ).not.toMatch(/differ/)
    expect(statSync(join(out, 'plain')).ino).toBe(statSync(join(out, 'zz-hard')).ino)
    expect(statSync(join(out, 'empty')).mode & 0o7777).toBe(0o750)
  })

  test.each([
    ['gnu', ''],
    ['pax', '--sparse-version=0.0'],
    ['pax', '--sparse-version=0.1'],
    ['pax', '--sparse-version=1.0'],
  ])('sparse files of %s %s keep their holes', async (format, version) => {
    const source = fresh()
    // Forty pieces: more than the header and one block after it have room for.
    for (const name of ['hole', 'holes']) writeFileSync(join(source, name), '')
    truncateSync(join(source, 'hole'), 5_000_000)
    const zeros = Buffer.alloc(40 * 100_000)
    for (let piece = 0; piece < 40; piece++) zeros.write(`piece ${piece}`, piece * 100_000 + 4096)
    writeFileSync(join(source, 'holes'), zeros)
    await execa('fallocate', ['--dig-holes', join(source, 'holes')])
    const archive = join(scratch, 'sparse.tar')
    await execa('tar', [
      `--format=${format}`,
      '--sparse',
      ...(version ? [version] : []),
      '-C',
      source,
      '-cf',
      archive,
      '.',
    ])
    expect(statSync(archive).size).toBeLessThan(1_000_000)
    const out = await unpacked(archive)
    expect((await execa('diff', ['-r', source, out])).exitCode).toBe(0)
    for (const name of ['hole', 'holes'])
      expect(statSync(join(out, name)).blocks * 512).toBeLessThan(statSync(join(out, name)).size / 4)
  })

  test.each(['GNU', 'PAX'])('Python’s tarfile, %s_FORMAT, is read', async (format) => {
    const archive = join(scratch, `python-${format}.tar`)
    const code = `
import sys, tarfile
with tarfile.open(sys.argv[1], 'w', format=tarfile.${format}_FORMAT) as t: t.add(sys.argv[2], '')`
    await python(code, archive, tree)
    const whole = (lines: string[]) => lines.map((line) => line.replace(/ (\d+)\d{9} /, ' $1 '))
    const found = describeTree(await unpacked(archive))
    expect(whole(found)).toEqual(whole(describeTree(tree)))
  })

  test('ours is read by GNU tar, to the last attribute', async () => {
    const archive = join(scratch, 'ours.tar')
    await pipeline(pack(tree), createWriteStream(archive))
    const out = fresh()
    await execa('tar', ['--same-permissions', '-C', out, '-xf', archive])
    expect(describeTree(out)).toEqual(describeTree(tree))
    const { stdout } = await execa('tar', ['--compare', '-C', tree, '-f', archive])
    expect(stdout).toBe('')
  })

  test('ours is read by Python', async () => {
    const archive = join(scratch, 'ours.tar')
    await pipeline(pack(tree), createWriteStream(archive))
    const code = `
import sys, tarfile
for m in tarfile.open(sys.argv[1]): sys.stdout.buffer.write(m.name.encode('utf8', 'surrogateescape') + b'\\n')`
    const { stdout } = await execa('python3', ['-c', code, archive], { encoding: 'buffer' })
    const names = describeTree(tree).map((line) => line.split(' ')[0])
    expect(Buffer.from(stdout).toString('latin1').split('\n')).toEqual(names)
    expect(encodeName('ünï').toString('latin1')).toBe(names.find((name) => name?.startsWith('\xc3')))
  })

  test('the same tree gives the same bytes', async () => {
    const [first, second] = [join(scratch, 'first.tar'), join(scratch, 'second.tar')]
    await pipeline(pack(tree), createWriteStream(first))
    await pipeline(pack(await unpacked(first)), createWriteStream(second))
    expect((await execa('cmp', [first, second])).exitCode).toBe(0)
  })
})
