// Containers with users of their own, by the stock docker client: each line of
// daemon-cases/userns.ts is said to tockerd and to Debian's dockerd, both with
// --userns-remap. Needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { Subordinate } from '../suites/subordinate.ts'
import { usernsCases } from './daemon-cases/userns.ts'
import { Pair } from './daemon-pair.ts'
import { usernsDifferences } from './userns-differences.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('docker with userns-remap, with tockerd and with dockerd', () => {
  let pair: Pair | undefined
  let subordinate: Subordinate | undefined
  let before: string[]
  let count = 0
  beforeAll(async () => {
    before = leftovers()
    subordinate = await Subordinate.open('daemon:200000:65536')
    pair = await Pair.open('none', ['--userns-remap=daemon'], subordinate.mounts)
  })
  const close = async (): Promise<void> => {
    await pair?.[Symbol.asyncDispose]()
    pair = undefined
    subordinate?.[Symbol.dispose]()
    subordinate = undefined
  }
  afterAll(close)

  const rows = Object.entries(usernsCases).map(([title, lines]) => ({ title, lines }))
  test.each(rows)('$title', async ({ lines }) => {
    if (pair === undefined) throw new Error('there are no daemons')
    const { ours, theirs, agreed } = await pair.compare(`u${++count}`, lines, usernsDifferences)
    expect(ours).toEqual(theirs)
    expect(agreed, 'known differences that are none any more').toEqual([])
  })

  test('nothing is left behind', async () => {
    await close()
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})
