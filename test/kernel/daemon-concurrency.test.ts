// Fifty clients, ten containers, random verbs: nobody waits for ever, nothing is answered
// by a mistake of ours, inspect never contradicts the kernel, and in the end nothing of it
// is left: no descriptor, mount, cgroup, layer, bundle. Then the same with all that
// containers stand on: images, layers, volumes, networks. Needs root.
//
//   DAEMON_CONCURRENCY_SECONDS=60   longer than the 8 of every day
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Crowd } from '../suites/crowd.ts'
import { removeStores, storeVerbs } from '../suites/crowd-store.ts'
import { NetworkNamespace } from '../suites/network-namespace.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const seconds = Number(process.env.DAEMON_CONCURRENCY_SECONDS ?? 8)
/** Whoever runs it longer wants to know what was answered how often. */
const isWatched = process.env.DAEMON_CONCURRENCY_SECONDS !== undefined

describe.runIf(isRoot)('many clients on few containers', () => {
  let tockerd: Tockerd
  let crowd: Crowd
  let isOpen = false
  beforeAll(async () => {
    tockerd = await Tockerd.open(['--storage-driver=overlay2'])
    isOpen = true
    crowd = await Crowd.open(tockerd)
  })
  afterAll(() => (isOpen ? tockerd[Symbol.asyncDispose]() : undefined))

  test(`for ${seconds} s: every request is answered in time, and rightly`, async () => {
    await crowd.work({ clients: 50, seconds })
    expect(crowd.mistakes).toEqual([])
    if (isWatched) console.log(crowd.summary)
  }, 300_000)

  test('then each container is what inspect says', async () => {
    await expect.poll(() => crowd.contradictions()).toEqual([])
  })

  test('and removed, they leave the daemon and its supervisor as they were', async () => {
    await crowd.removeAll()
    expect(crowd.mistakes).toEqual([])
    await expect.poll(() => crowd.leaks(), { timeout: 30_000, interval: 500 }).toEqual([])
  })

  test('nothing is left behind', async () => {
    isOpen = false
    await tockerd[Symbol.asyncDispose]()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})

describe.runIf(isRoot).each(['overlay2', 'vfs'])('images, layers, volumes and networks, on %s', (driver) => {
  let namespace: NetworkNamespace
  let tockerd: Tockerd
  let crowd: Crowd
  let isOpen = false
  beforeAll(async () => {
    // Its bridges are nobody else's.
    namespace = new NetworkNamespace(`lc-crowd-${process.pid}`)
    const flags = [`--storage-driver=${driver}`, '--add-runtime=runc=runc']
    tockerd = await Tockerd.open(flags, namespace.path)
    isOpen = true
    // Whoever loads it again gives it the manifest that it was saved with: so it has one from the start.
    const { body } = await tockerd.request('GET', '/images/busybox/get')
    await tockerd.request('POST', '/images/load', body, 'application/x-tar')
    crowd = await Crowd.open(tockerd, storeVerbs)
    // Nobody prunes the image from which all others come.
    await tockerd.ok('run', '-d', '--name', 'keep', '--network', 'none', 'busybox', 'sleep', '1000000')
  })
  afterAll(async () => {
    if (isOpen) await tockerd[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  test(`are looked at, used and taken away at once for ${seconds} s, and nobody makes a mistake`, async () => {
    await crowd.work({ clients: 30, seconds })
    expect(crowd.mistakes).toEqual([])
    if (isWatched) console.log(crowd.summary)
  }, 300_000)

  test('and removed, they leave nothing', async () => {
    await removeStores(crowd)
    expect(crowd.mistakes).toEqual([])
    await expect.poll(() => crowd.leaks(), { timeout: 30_000, interval: 500 }).toEqual([])
  })

  test('in the end nothing is left behind', async () => {
    isOpen = false
    await tockerd[Symbol.asyncDispose]()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})
