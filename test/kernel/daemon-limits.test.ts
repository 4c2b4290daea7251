// What containers use and may use, by the stock client: stats, update, df; and what is
// asked of a daemon as a whole: networks, swarms, metrics. Needs root.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findHierarchies } from '../../engine/libcontainer/cgroups/hierarchy.ts'
import { leftovers } from '../leftovers.mjs'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'limits of containers (needs root)',
  () => {
    let tockerd: Tockerd
    let before: string[]
    beforeAll(async () => {
      before = leftovers()
      tockerd = await Tockerd.open()
      const run = (name: string, ...words: string[]): Promise<string> =>
        tockerd.ok('run', '-d', '--network', 'none', '--stop-timeout', '0', '--name', name, ...words)
      await run('busy', '-m', '64m', '--pids-limit', '50', 'busybox', 'sh', '-c', 'while :; do :; done')
      await run(
        'idle',
        '-v',
        'data:/data',
        'busybox',
        'sh',
        '-c',
        'head -c 100000 /dev/zero | tee /data/x > /y; sleep 1000',
      )
      await tockerd.ok('create', '--network', 'none', '--name', 'still', 'busybox', 'true')
      // All of it: `tee` makes the file before it has anything to write.
      const isWhole = [
        'exec',
        'idle',
        'sh',
        '-c',
        'test $(stat -c %s /y) = 100000 && test $(stat -c %s /data/x) = 100000',
      ]
      await vi.waitFor(() => tockerd.ok(...isWhole), 20_000)
    })
    afterAll(async () => {
      await tockerd[Symbol.asyncDispose]()
      await nothingMoreThan(before)
    })

    /** A file of its cgroup. */
    async function cgroupFile(name: string, controller: string, v1: string, v2: string): Promise<string> {
      const id = await tockerd.ok('inspect', '--format', '{{.Id}}', name)
      const found = findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
      const mounts = new Map(Object.entries(found.v1))
      const parent = basename(tockerd.directory)
      const root = mounts.get(controller)
      return root === undefined
        ? readFileSync(join(found.v2 ?? '', parent, id, v2), 'utf8').trim()
        : readFileSync(join(root, parent, id, v1), 'utf8').trim()
    }

    describe('docker stats', () => {
      test('one table, with everybody who runs', async () => {
        const format = '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}'
        const lines = (await tockerd.ok('stats', '--no-stream', '--format', format)).split('\n').sort()
        expect(lines).toHaveLength(2)
        const [, percent, limit, pids] =
          /^busy ([\d.]+)% [\d.]+\w+ \/ (\w+) 0B \/ 0B (\d+)$/.exec(lines[0] ?? '') ?? []
        expect(Number(percent)).toBeGreaterThan(1)
        expect([limit, pids]).toEqual(['64MiB', '1'])
        expect(lines[1]).toMatch(/^idle /)
      })

      test('one answer has the one before it, but for one-shot', async () => {
        const ask = async (query: string) =>
          JSON.parse(
            (await tockerd.request('GET', `/containers/busy/stats?stream=false${query}`)).body.toString(),
          )
        const twice = await ask('')
        expect(twice.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(
          twice.precpu_stats.cpu_usage.total_usage,
        )
        expect(twice.cpu_stats.system_cpu_usage).toBeGreaterThan(twice.precpu_stats.system_cpu_usage)
        expect(twice).toMatchObject({ name: '/busy', pids_stats: { current: 1, limit: 50 } })
        const once = await ask('&one-shot=1')
        expect(once).toMatchObject({ preread: '0001-01-01T00:00:00Z', memory_stats: { limit: 64 * 2 ** 20 } })
      })

      test('of what does not run there is nothing to tell, and of nobody an error', async () => {
        const { body } = await tockerd.request('GET', '/containers/still/stats?stream=false')
        expect(JSON.parse(body.toString())).toMatchObject({
          read: '0001-01-01T00:00:00Z',
          pids_stats: {},
          memory_stats: {},
        })
        expect((await tockerd.request('GET', '/containers/nobody/stats')).status).toBe(404)
      })
    })

    describe('docker update', () => {
      test('limits count at once, and inspect knows them', async () => {
        const words = ['--memory', '96m', '--memory-swap', '-1', '--cpus', '0.5', '--pids-limit', '77']
        expect(await tockerd.ok('update', ...words, 'busy')).toBe('busy')
        expect(await cgroupFile('busy', 'memory', 'memory.limit_in_bytes', 'memory.max')).toBe(
          String(96 * 2 ** 20),
        )
        expect(await cgroupFile('busy', 'pids', 'pids.max', 'pids.max')).toBe('77')
        expect(await cgroupFile('busy', 'cpu', 'cpu.cfs_quota_us', 'cpu.max')).toMatch(/^50000/)
        const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}'
        expect(await tockerd.ok('inspect', '--format', format, 'busy')).toBe(`${96 * 2 ** 20} 500000000 77`)
      })

      test('a restart policy, of one that does not run, too', async () => {
        await tockerd.ok('update', '--restart', 'on-failure:3', 'still')
        const format = '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}'
        expect(await tockerd.ok('inspect', '--format', format, 'still')).toBe('on-failure:3')
      })

      test.each([
        [['--memory', '1m', 'busy'], 'Minimum memory limit allowed is 6MB'],
        [['--cpu-quota', '1000', 'busy'], 'CPU Quota cannot be updated as NanoCPUs has already been set'],
        [['--memory', '64m', 'nobody'], 'No such container: nobody'],
      ])('%j is refused, and nothing is changed', async (words, message) => {
        const quota = await cgroupFile('busy', 'cpu', 'cpu.cfs_quota_us', 'cpu.max')
        expect(await tockerd.docker(['update', ...words])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining(message),
        })
        expect(await cgroupFile('busy', 'cpu', 'cpu.cfs_quota_us', 'cpu.max')).toBe(quota)
      })
    })

    test('docker ps -s and system df count what was written', async () => {
      expect(await tockerd.ok('ps', '-s', '--filter', 'name=idle', '--format', '{{.Size}}')).toMatch(
        /^100kB \(virtual /,
      )
      const format = '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}'
      const lines = (await tockerd.ok('system', 'df', '--format', format)).split('\n')
      expect(lines[0]).toMatch(/^Images 1 1 /)
      expect(lines[1]).toBe('Containers 3 2 100kB')
      expect(lines[2]).toBe('Local Volumes 1 1 100kB')
      expect(lines[3]).toBe('Build Cache 0 0 0B')
      expect(await tockerd.ok('system', 'df', '-v')).toMatch(/data +1 +100kB/)
      expect((await tockerd.request('GET', '/system/df?type=moon')).status).toBe(400)
    })

    test('docker container prune tells what it got back', async () => {
      const words = [
        '--network',
        'none',
        '--name',
        'gone',
        'busybox',
        'sh',
        '-c',
        'head -c 50000 /dev/zero > /z',
      ]
      await tockerd.ok('run', ...words)
      expect(await tockerd.ok('container', 'prune', '-f', '--filter', 'until=0s')).toContain(
        'Total reclaimed space: 50kB',
      )
    })

    test('docker network: those that are always there', async () => {
      const lines = (await tockerd.ok('network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')).split(
        '\n',
      )
      expect(lines).toEqual(['bridge bridge local', 'host host local', 'none null local'])
      const inspected = JSON.parse(await tockerd.ok('network', 'inspect', 'none'))
      expect(
        Object.values<{ Name: string }>(inspected[0].Containers)
          .map(({ Name }) => Name)
          .sort(),
      ).toEqual(['busy', 'idle'])
      const refused = async (...rest: string[]): Promise<string> =>
        (await tockerd.docker(['network', ...rest])).stderr
      expect(await refused('rm', 'host')).toContain('host is a pre-defined network and cannot be removed')
      expect(await refused('inspect', 'moon')).toContain('network moon not found')
      expect(await tockerd.ok('network', 'ls', '-q', '--filter', 'driver=null')).toMatch(/^[0-9a-f]{12}$/)
    })

    test('swarms and plugins: there are none, in the words that clients know', async () => {
      for (const words of [
        ['node', 'ls'],
        ['service', 'ls'],
        ['secret', 'ls'],
        ['config', 'ls'],
      ])
        expect(await tockerd.docker(words)).toMatchObject({
          ...{ exitCode: 1, stderr: expect.stringContaining('This node is not a swarm manager.') },
        })
      expect(await tockerd.ok('plugin', 'ls', '-q')).toBe('')
      expect(await tockerd.ok('port', 'busy')).toBe('')
    })

    test('GET /metrics', async () => {
      await tockerd.request('GET', '/containers/nobody/json')
      const { body, headers } = await tockerd.request('GET', '/metrics')
      expect(headers['content-type']).toContain('text/plain; version=0.0.4')
      const lines = body.toString().split('\n')
      expect(lines).toContain('tockerd_containers{state="running"} 2')
      expect(lines).toContain('tockerd_supervisor_up 1')
      expect(
        lines.some((line) =>
          /^tockerd_jobs_total\{job="container-inspect",outcome="failed"\} [1-9]/.test(line),
        ),
      ).toBe(true)
      for (const line of lines.filter((one) => one !== '' && !one.startsWith('#')))
        expect(line).toMatch(/^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [\d.e+-]+$/)
    })
  },
)
