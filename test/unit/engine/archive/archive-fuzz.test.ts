// Mutated archives, thousands of them: each is unpacked, or refused in one line. Never a
// crash or a hang, nothing changed around the target, no descriptor left open.
//
// A failure prints its seed and path: FUZZ_SEED=… FUZZ_RUNS=… repeats or prolongs.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unpack } from '../../../../engine/archive/unpack.ts'
import type { WhiteoutStyle } from '../../../../engine/archive/whiteout.ts'
import { EngineError } from '../../../../engine/errors.ts'
import { archive, member, pax, streamOf, withChecksum } from '../../../suites/archive-bytes.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 10_000)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

let scratch: string
let secret: string
beforeAll(() => {
  // Ten thousand small trees made and removed: a disk would be what takes the time.
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  scratch = mkdtempSync(join(memory, 'lc-archive-fuzz-'))
  secret = join(scratch, 'secret')
  mkdirSync(secret)
  for (const canary of ['canary', 'secret/canary']) writeFileSync(join(scratch, canary), 'alive')
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** One of everything, so that there is something to spoil. */
const seeds: readonly Buffer[] = [
  member({ name: 'd/', type: '5', mode: 0o755 }),
  member({ name: 'd/file', content: 'content' }),
  member({ name: 'd/more', content: 'm'.repeat(700) }),
  member({ name: 'd/hard', type: '1', linkname: 'd/file' }),
  member({ name: 'd/soft', type: '2', linkname: 'file' }),
  member({ name: 'abs', type: '2', linkname: '/d' }),
  member({ name: 'abs/through', content: 'x' }),
  member({ name: 'fifo', type: '6' }),
  member({ name: 'implied/by/name', content: 'x' }),
  member({ name: 'd/.wh.file' }),
  member({ name: 'd/.wh..wh..opq' }),
  Buffer.concat([pax({ path: 'ü', mtime: '1.5', uid: '0' }), member({ name: 'u', content: 'x' })]),
  Buffer.concat([
    member({ name: '././@LongLink', type: 'L', content: `${'long/'.repeat(30)}name\0` }),
    member({ name: 'long', content: 'x' }),
  ]),
  Buffer.concat([
    pax({ 'GNU.sparse.name': 's', 'GNU.sparse.size': '2000', 'GNU.sparse.map': '2,3,1000,3' }),
    member({ name: 'x', content: 'abcdef' }),
  ]),
  Buffer.concat([
    pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '20' }),
    member({ name: 's10', content: Buffer.from(`${'1\n2\n3\n'.padEnd(512, '\0')}abc`) }),
  ]),
  pax({ mtime: '7', comment: 'x' }, 'g'),
]

const names = [
  ...['', '.', '..', '/', '//', './', '../', '../canary', '../../canary', '/canary', 'd/../../canary'],
  ...[
    'd',
    'd/',
    'd/file',
    'abs',
    'abs/x',
    'd/file/x',
    'd/soft/x',
    'implied',
    '.wh.',
    '.wh.d',
    '.wh..wh.plnk/x',
  ],
  ...[
    '.wh...',
    '.wh..wh..opq',
    'd/.wh.',
    '.wh.d/x',
    'n'.repeat(100),
    `${'d/'.repeat(49)}x`,
    'a\nb',
    '\xff\xfe',
  ],
]

const mutation = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('name' as const),
      at: fc.nat(40),
      to: fc.constantFrom(...names),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('link' as const),
      at: fc.nat(40),
      to: fc.constantFrom(...names),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('type' as const),
      at: fc.nat(40),
      to: fc.constantFrom(...'01256xgLKSDVMX7\0'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      how: fc.constant('field' as const),
      at: fc.nat(40),
      field: fc.constantFrom(100, 108, 116, 124, 136, 257, 329, 337, 345, 386, 410, 482, 483),
      to: fc.constantFrom(
        '77777777777\0',
        '\x80\0\0\0\0\0\0\x01',
        '\xff\xff\xff\xff\xff\xff\xff\xff',
        '0',
        ' ',
        'ustar  \0',
        '-1\0',
        '00000001000\0',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('bit' as const),
      at: fc.nat(20_000),
      bit: fc.nat(7),
      sum: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ how: fc.constant('cut' as const), at: fc.nat(20_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({ how: fc.constant('swap' as const), at: fc.nat(40), with: fc.nat(40) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ how: fc.constant('double' as const), at: fc.nat(40), to: fc.nat(40) }),
  },
  { weight: 1, arbitrary: fc.record({ how: fc.constant('drop' as const), at: fc.nat(40) }) },
)
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

/** The headers of a member: those with a name, a PAX header's or its file's. */
function lastHeader(bytes: Buffer): Buffer {
  for (let at = bytes.length - 512; at > 0; at -= 512)
    if (bytes.toString('latin1', at + 257, at + 262) === 'ustar') return bytes.subarray(at, at + 512)
  return bytes.subarray(0, 512)
}

function mutated(mutations: readonly Mutation[]): Buffer {
  const members = seeds.map((bytes) => Buffer.from(bytes))
  let bits: Mutation[] = []
  for (const change of mutations) {
    const index = change.at % members.length
    const chosen = members[index]
    if (chosen === undefined) continue
    const header = change.at % 2 === 0 ? lastHeader(chosen) : chosen.subarray(0, 512)
    if (change.how === 'name') header.fill(0, 0, 100).write(change.to, 0, 100, 'latin1')
    else if (change.how === 'link') header.fill(0, 157, 257).write(change.to, 157, 100, 'latin1')
    else if (change.how === 'type') header.write(change.to, 156, 1, 'latin1')
    else if (change.how === 'field') header.write(change.to, change.field, 'latin1')
    else if (change.how === 'swap') {
      members[index] = members[change.with % members.length] ?? chosen
      members[change.with % members.length] = chosen
    } else if (change.how === 'double') members.splice(change.to % members.length, 0, Buffer.from(chosen))
    else if (change.how === 'drop') members.splice(index, 1)
    else bits = [...bits, change]
    if (header.length === 512) withChecksum(header)
  }
  let bytes = archive(...members)
  for (const change of bits) {
    const at = change.at % bytes.length
    if (change.how === 'cut') bytes = bytes.subarray(0, at)
    else if (change.how === 'bit') {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << change.bit)
      // In nine of ten cases the checksum is made right again: or nothing would come further than that.
      const block = bytes.subarray(at - (at % 512), at - (at % 512) + 512)
      if (change.sum > 0 && block.toString('latin1', 257, 262) === 'ustar') withChecksum(block)
    }
    if (bytes.length === 0) break
  }
  return bytes
}

const counts = { good: 0, refused: 0 }
const reasons = new Set<string>()
let number = 0

async function check(bytes: Buffer, whiteouts: WhiteoutStyle, chunk: number): Promise<void> {
  const target = join(scratch, `target-${number++}`)
  mkdirSync(target)
  const open = readdirSync('/proc/self/fd').length
  try {
    await unpack(streamOf(bytes, chunk), target, { whiteouts, limits: { bytes: 2 ** 30, entries: 1000 } })
    counts.good++
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    counts.refused++
    reasons.add(error.message.replace(/".*?"|\d+/g, '_'))
    expect(error.kind).toBe('invalid')
    expect(error.message).not.toMatch(/\n|undefined|\[object/)
    expect(error.message.length).toBeLessThan(1000)
  }
  expect(readdirSync('/proc/self/fd').length).toBe(open)
  for (const canary of ['canary', 'secret/canary'])
    if (readFileSync(join(scratch, canary), 'utf8') !== 'alive') throw new Error(`${canary} was written to`)
  expect(lstatSync(join(scratch, 'canary')).nlink).toBe(1)
  expect(readdirSync(secret)).toEqual(['canary'])
  expect(readdirSync(scratch).length).toBe(3)
  rmSync(target, { recursive: true })
}

describe.runIf(process.platform === 'linux')('mutated archives', () => {
  test(`${runs} of them`, { timeout: 600_000 }, async () => {
    const around = statSync(scratch).mode
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.constantFrom<WhiteoutStyle>('none', 'apply'),
        fc.constantFrom(100, 512, 65_536),
        (mutations, style, chunk) => check(mutated(mutations), style, chunk),
      ),
      { seed, numRuns: runs, verbose: 1 },
    )
    expect(statSync(scratch).mode).toBe(around)
    expect(existsSync('/canary')).toBe(false)
    if (process.env.FUZZ_SEED) console.log(counts, [...reasons].sort().join('\n'))
    // Were all refused, or all taken, the mutations would miss what they are for.
    expect(counts.good).toBeGreaterThan(runs / 5)
    expect(counts.refused).toBeGreaterThan(runs / 5)
    expect(reasons.size).toBeGreaterThan(10)
  })
})
