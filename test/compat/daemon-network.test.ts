// Networks, by the stock docker client: each line of daemon-cases/network.ts is said to tockerd
// and to Debian's dockerd, each on a host of its own. Needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { networkCases } from './daemon-cases/network.ts'
import { Pair } from './daemon-pair.ts'
import { networkDifferences } from './network-differences.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('docker network, with tockerd and with dockerd', () => {
  let pair: Pair | undefined
  let before: string[]
  let count = 0
  beforeAll(async () => {
    before = leftovers()
    pair = await Pair.open('own')
  })
  afterAll(() => pair?.[Symbol.asyncDispose]())

  const rows = Object.entries(networkCases).map(([title, lines]) => ({ title, lines }))
  test.each(rows)('$title', async ({ lines }) => {
    if (pair === undefined) throw new Error('there are no daemons')
    const { ours, theirs, agreed } = await pair.compare(`n${++count}`, lines, networkDifferences)
    expect(ours).toEqual(theirs)
    expect(agreed, 'known differences that are none any more').toEqual([])
  })

  test('nothing is left behind', async () => {
    await pair?.[Symbol.asyncDispose]()
    pair = undefined
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})
