// A layer is never whole in memory: 2 GB go through in less than 150.
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { member } from '../suites/archive-bytes.ts'
import { ArchiveProcess, type Measured } from '../suites/archive-process.ts'

const size = 2 * 2 ** 30
let scratch: string

/** What it needs, and not how late a busy machine collects its garbage: the least of three runs. */
async function leastOf(run: () => Promise<Measured>): Promise<number> {
  const sizes: number[] = []
  for (let tries = 0; tries < 3; tries++) sizes.push((await run()).rss)
  expect(Math.max(...sizes)).toBeLessThan(300)
  return Math.min(...sizes)
}

describe.runIf(process.platform === 'linux')('a layer of 2 GB', () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'lc-archive-memory-'))
    mkdirSync(join(scratch, 'tree'))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  test('is unpacked, and packed, in less than 150 MB', async () => {
    const work = await ArchiveProcess.make(scratch)
    // Its content is a hole: what is read from it is as much as otherwise.
    const layer = join(scratch, 'layer.tar')
    writeFileSync(layer, member({ name: 'large', size }))
    truncateSync(layer, 512 + size + 1024)
    const unpack = await leastOf(() => work.run('unpack', layer, join(scratch, 'tree')))
    expect(statSync(join(scratch, 'tree/large')).size).toBe(size)
    const pack = await leastOf(() => work.run('pack', join(scratch, 'tree'), '/dev/null'))
    console.log(`largest resident set: unpack ${unpack.toFixed(0)} MB, pack ${pack.toFixed(0)} MB`)
    expect(unpack).toBeLessThan(150)
    expect(pack).toBeLessThan(150)
  })
})
