// kill -9 of the daemon while it makes and takes away networks, endpoints and published ports:
// who runs keeps the connections, addresses stay with one owner, and what was half made is gone
// after the next start. Needs root.
//
//   NETWORK_CRASH_ROUNDS=50   more rounds than the 6 of every day
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { NetworkStage } from '../suites/network-stage.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'

const rounds = Number(process.env.NETWORK_CRASH_ROUNDS ?? 6)

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'networks and kill -9 (needs root)',
  () => {
    let stage: NetworkStage
    let before: string[]
    beforeAll(async () => {
      before = leftovers()
      stage = await NetworkStage.open(['--storage-driver=overlay2'])
    })
    afterAll(async () => {
      await stage[Symbol.asyncDispose]()
      await nothingMoreThan(before)
    })

    const veths = async (): Promise<number> =>
      (await stage.hosts.left()).filter((one) => one.startsWith('veth')).length

    test(`${rounds} times, at any moment`, { timeout: 600_000 }, async () => {
      const { tockerd, hosts } = stage
      await tockerd.ok('network', 'create', 'kept')
      // A connection that is open all the time: a line every tenth of a second, from one to the other.
      const tick = 'while :; do echo tick; usleep 100000; done | nc -l -p 7000'
      await stage.sleeper('quiet', '--network', 'kept')
      const run = ['run', '-d', '--stop-timeout', '0', '--network', 'kept', '--name']
      await tockerd.ok(...run, 'server', '-p', '8080:80', 'busybox', 'sh', '-c', `httpd -h /etc; ${tick}`)
      // Its input stays open: nc ends with it.
      const listen = 'until sleep 100000 | nc server 7000; do sleep 0.1; done'
      await tockerd.ok(...run, 'client', 'busybox', 'sh', '-c', listen)
      const ticks = async (): Promise<number> => (await tockerd.ok('logs', 'client')).split('tick').length - 1
      await expect.poll(ticks).toBeGreaterThan(2)

      for (let round = 0; round < rounds; round++) {
        const heard = await ticks()
        const client = async (number: number): Promise<void> => {
          const name = `r${round}-${number}`
          // Whatever comes of it: the daemon may be gone at any of these.
          await tockerd.docker(['network', 'create', name])
          const own = ['run', '-d', '--stop-timeout', '0', '--name', name, '-p', `${9000 + number}:80`]
          await tockerd.docker([
            ...own,
            '--network',
            number % 2 ? name : 'bridge',
            'busybox',
            'sleep',
            '1000',
          ])
          await tockerd.docker(['network', 'connect', 'kept', name])
          await tockerd.docker(['network', 'disconnect', 'kept', name])
          await tockerd.docker(['rm', '-f', name])
          await tockerd.docker(['network', 'rm', name])
        }
        const clients = Promise.all([1, 2, 3].map(client))
        await sleep(Math.random() * 1500)
        await tockerd.kill()
        await clients
        await tockerd.start()
        // Names, ports and the open connection of those who run are as they were.
        expect(await tockerd.ok('exec', 'quiet', 'nslookup', 'server'), `round ${round}`).toContain('172.')
        const passwd = ['curl', '-s', '-m', '5', 'http://127.0.0.1:8080/passwd']
        await vi.waitFor(async () => expect(await hosts.host(...passwd)).toContain('root:'), 20_000)
        await expect.poll(ticks).toBeGreaterThan(heard + 2)
        // What the kill left can be used and taken away like anything else.
        const names = (await tockerd.ok('ps', '-a', '--format', '{{.Names}}')).split('\n')
        const left = names.filter((one) => one.startsWith(`r${round}-`))
        if (left.length > 0) await tockerd.ok('rm', '-f', ...left)
        const networks = (await tockerd.ok('network', 'ls', '--format', '{{.Name}}')).split('\n')
        const own = networks.filter((one) => one.startsWith(`r${round}-`))
        if (own.length > 0) await tockerd.ok('network', 'rm', ...own)
        // server, client and quiet have one each.
        await expect.poll(veths, { message: `round ${round}` }).toBe(3)
        const rules = await hosts.host('nft', 'list', 'ruleset')
        expect(rules.match(/\b900\d\b/g), `round ${round}`).toBeNull()
        const members = JSON.parse(await tockerd.ok('network', 'inspect', 'kept'))[0].Containers
        expect(Object.keys(members), `round ${round}`).toHaveLength(3)
      }
      await stage.clear()
    })

    test('the rules of one that had no network any more go with the next', async () => {
      const { tockerd, hosts } = stage
      await tockerd.ok('network', 'create', 'short')
      await tockerd.ok('run', '--rm', '--network', 'short', 'busybox', 'true')
      await tockerd.ok('network', 'rm', 'short')
      await tockerd.kill()
      await tockerd.start()
      expect(await hosts.left()).toEqual([])
    })
  },
)
