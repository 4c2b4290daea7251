// Many containers on one bridge, made and removed in any order by several clients at once: no
// address is given twice, and nothing is left. LC_NETWORK_CONTAINERS says how many. Needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { NetworkStage } from '../suites/network-stage.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'

const many = Number(process.env.LC_NETWORK_CONTAINERS ?? 60)
/** Clients at once. */
const clients = 4

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'many containers (needs root)',
  () => {
    let stage: NetworkStage
    let before: string[]
    beforeAll(async () => {
      before = leftovers()
      // On vfs each would have a copy of the image.
      stage = await NetworkStage.open(['--storage-driver=overlay2'])
    })
    afterAll(async () => {
      await stage[Symbol.asyncDispose]()
      await nothingMoreThan(before)
    })

    test(`${many} of them, ${clients} at a time`, { timeout: 600_000 }, async () => {
      const { tockerd } = stage
      /** By address: who has it now. */
      const owners = new Map<string, string>()
      const running: string[] = []
      let started = 0
      let ended = 0

      async function start(): Promise<void> {
        const name = `many-${++started}`
        await tockerd.ok('run', '-d', '--name', name, 'busybox', 'sleep', '100000')
        const said = await tockerd.ok('exec', name, 'ip', '-4', '-o', 'addr', 'show', 'eth0')
        const address = /inet ([\d.]+)\//.exec(said)?.[1] ?? ''
        expect(address).toMatch(/^172\.17\./)
        expect(owners.get(address), address).toBeUndefined()
        owners.set(address, name)
        running.push(name)
      }

      async function end(): Promise<void> {
        const [name] = running.splice(Math.floor(Math.random() * running.length), 1)
        if (name === undefined) return
        ended++
        // From here on it may be given to somebody else.
        for (const [address, owner] of owners) if (owner === name) owners.delete(address)
        await tockerd.ok('rm', '-f', name)
      }

      async function client(): Promise<void> {
        while (started < many || running.length > 0) {
          const makes = started < many && (running.length === 0 || Math.random() < 0.6)
          await (makes ? start() : end())
        }
      }

      await Promise.all(Array.from({ length: clients }, client))
      expect([started, ended]).toEqual([many, many])
      // The kernel takes a namespace down in its own time.
      const veths = async () => (await stage.hosts.left()).filter((one) => one.startsWith('veth'))
      await expect.poll(veths).toEqual([])
      expect(JSON.parse(await tockerd.ok('network', 'inspect', 'bridge'))[0].Containers).toEqual({})
    })
  },
)
