// The stock docker client cannot tell tockerd from Debian's dockerd: each line of
// daemon-cases.ts is said to both, and what they print and how they end is compared.
// Needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { aloneCases, type Cases, cases } from './daemon-cases.ts'
import { daemonDifferences } from './daemon-differences.ts'
import { Pair } from './daemon-pair.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** All but what is compared elsewhere: builds, registries, networks. */
const verbs = [
  ...['attach', 'commit', 'cp', 'create', 'diff', 'events', 'exec', 'export', 'history', 'images', 'import'],
  ...['info', 'inspect', 'kill', 'load', 'logs', 'pause', 'port', 'ps', 'pull', 'push', 'rename', 'restart'],
  ...['rm', 'rmi', 'run', 'save', 'start', 'stats', 'stop', 'tag', 'top', 'unpause', 'update', 'version'],
  ...['wait', 'system df', 'system prune', 'system events', 'system info', 'container prune', 'container ls'],
  ...['image prune', 'image ls', 'volume create', 'volume inspect', 'volume ls', 'volume prune', 'volume rm'],
]

describe.runIf(isRoot)('docker, with tockerd and with dockerd', () => {
  let pair: Pair | undefined
  let before: string[]
  let count = 0
  beforeAll(async () => {
    before = leftovers()
    pair = await Pair.open()
  })
  afterAll(() => pair?.[Symbol.asyncDispose]())

  async function compare(lines: readonly string[]): Promise<void> {
    if (pair === undefined) throw new Error('there are no daemons')
    const { ours, theirs, agreed } = await pair.compare(`c${++count}`, lines, daemonDifferences)
    expect(ours).toEqual(theirs)
    expect(agreed, 'known differences that are none any more').toEqual([])
  }

  const rows = (all: Cases) => Object.entries(all).map(([title, lines]) => ({ title, lines }))
  describe('each case by itself', () => {
    test.concurrent.each(rows(cases))('$title', ({ lines }) => compare(lines))
  })
  describe('one after the other', () => {
    test.each(rows(aloneCases))('$title', ({ lines }) => compare(lines))
  })

  test('every verb was compared', () => {
    const calls = pair?.calls() ?? []
    console.info(`docker was called ${calls.length} times with each of the two`)
    expect(calls.length).toBeGreaterThanOrEqual(150)
    expect(verbs.filter((verb) => !calls.some((call) => `${call} `.startsWith(`${verb} `)))).toEqual([])
  })

  test('nothing is left behind', async () => {
    await pair?.[Symbol.asyncDispose]()
    pair = undefined
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})
