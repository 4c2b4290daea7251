// What a cgroup must do, on either version: shown by its effect on processes, not
// by what stands in a file. Runs on this machine's kernel and in the VM.

import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CgroupMounts } from '../../engine/libcontainer/cgroups/cgroup.ts'
import type { Stats } from '../../engine/libcontainer/cgroups/stats.ts'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Result, Step } from './cgroup-fixture.ts'

/** Runs the fixture: steps in, results out. */
export type Drive = (steps: readonly Step[]) => Promise<Result[]>

/** The fixture as one file, which finds koffi where it is put. */
export async function bundleFixture(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(packageRoot(), 'test/suites/cgroup-fixture.ts')],
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node26', external: ['koffi'], write: false },
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
  })
  return outputFiles?.[0]?.text ?? ''
}

interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

const M = 1024 * 1024
const nothing = { devices: [{ allow: true, access: 'rwm' }] } satisfies Resources

export function cgroupSuite(drive: Drive): void {
  let version: 1 | 2
  let count = 0
  /** A fresh cgroup, and what its steps gave. */
  const inside = async (resources: Resources, ...steps: Step[]): Promise<Result[]> => {
    const all: Step[] = [
      { do: 'open', id: `suite-${process.pid}-${count++}` },
      { do: 'make' },
      { do: 'apply', resources },
    ]
    const results = await drive([...all, ...steps])
    return results.slice(2)
  }
  const outcome = (result: Result | undefined): Outcome => {
    expect(result?.error).toBeUndefined()
    return result?.value as Outcome
  }
  const refusal = async (resources: Resources): Promise<string> =>
    (await inside({ ...nothing, ...resources }))[0]?.error?.message ?? 'taken'

  beforeAll(async () => {
    const [, mounts] = await drive([{ do: 'open', id: 'suite' }, { do: 'mounts' }])
    version = (mounts?.value as CgroupMounts).version
  })

  describe('limits hold', () => {
    test('memory: the OOM killer strikes inside, is counted, and is told as it happens', async () => {
      const [applied, , run, kills, , events] = await inside(
        { memory: { limit: 30 * M, swap: 30 * M } },
        { do: 'watch' },
        { do: 'run', command: 'tail /dev/zero' },
        { do: 'oomKills' },
        { do: 'sleep', milliseconds: 400 },
        { do: 'oomEvents' },
      )
      expect(applied?.error).toBeUndefined()
      expect(outcome(run).status).toBe(137)
      expect(kills?.value).toBeGreaterThanOrEqual(1)
      expect(events?.value).toEqual([expect.any(Number), 'end'])
    })

    test('pids: a fork beyond the limit is refused', async () => {
      const [, run, stats] = await inside(
        { pids: { limit: 4 } },
        { do: 'run', command: 'for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; wait' },
        { do: 'stats' },
      )
      expect(outcome(run).stderr).toMatch(/[Cc]annot fork|Resource temporarily unavailable/)
      expect((stats?.value as Stats).pids.limit).toBe(4)
    })

    test('cpu: a quota throttles, and the statistics say so', async () => {
      const [applied, , result] = await inside(
        { cpu: { quota: 10_000, period: 50_000, shares: 512 } },
        { do: 'run', command: 'timeout 1 sh -c "while :; do :; done"' },
        { do: 'stats' },
      )
      expect(applied?.error).toBeUndefined()
      const { cpu, memory } = result?.value as Stats
      expect(cpu.throttling.throttledPeriods).toBeGreaterThan(3)
      expect(cpu.throttling.throttledTime).toBeGreaterThan(100e6)
      // A fifth of a second or two, in nanoseconds, however busy the machine.
      expect(cpu.usage.total).toBeGreaterThan(20e6)
      expect(cpu.usage.total).toBeLessThan(1000e6)
      expect(memory.usage.max).toBeGreaterThan(0)
    })

    test('cpuset: it runs where it may', async () => {
      const [, run] = await inside(
        { cpu: { cpus: '0', mems: '0' } },
        { do: 'run', command: 'grep Cpus_allowed_list /proc/self/status' },
      )
      expect(outcome(run).stdout).toMatch(/:\s*0\n/)
    })

    test('both versions read a quota back as it was written', async () => {
      const update: Step = { do: 'update', resources: { cpu: { period: 50_000 } } }
      const file = version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max'
      const read: Step = { do: 'read', controller: 'cpu', file }
      const results = await inside({ cpu: { quota: 25_000 } }, read, update, read)
      expect(results[1]?.value).toBe(version === 1 ? '25000' : '25000 100000')
      expect(results[3]?.value).toBe(version === 1 ? '25000' : '25000 50000')
    })
  })

  describe('limits can be changed', () => {
    test('memory and swap up and down again, in one update each', async () => {
      const set = (limit: number, swap: number): Step => ({
        do: 'update',
        resources: { memory: { limit, swap } },
      })
      const limit: Step = {
        do: 'read',
        controller: 'memory',
        file: version === 1 ? 'memory.limit_in_bytes' : 'memory.max',
      }
      const swap: Step = {
        ...{ do: 'read', controller: 'memory' },
        file: version === 1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max',
      }
      const steps = [set(200 * M, 300 * M), limit, swap, set(40 * M, 50 * M), limit, swap, set(-1, -1), limit]
      const results = await inside({ memory: { limit: 64 * M, swap: 64 * M } }, ...steps)
      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined))
      const both = version === 1 ? [300 * M, 50 * M] : [100 * M, 10 * M]
      expect([2, 3, 5, 6].map((index) => Number(results[index]?.value))).toEqual([
        200 * M,
        both[0],
        40 * M,
        both[1],
      ])
      expect(String(results[8]?.value)).toMatch(/^(max|9223372036854771712)$/)
    })

    test('not below what is in use, when that is to be checked', async () => {
      const [, , , , update] = await inside(
        { memory: { limit: 100 * M } },
        { do: 'start', command: 'head -c 30000000 /dev/zero | tail & sleep 5' },
        { do: 'shell', command: 'sleep 1' },
        { do: 'pids' },
        { do: 'update', resources: { memory: { limit: 100_000, checkBeforeUpdate: true } } },
      )
      expect(update?.error?.message).toMatch(/^\$\.linux\.resources\.memory\.limit: \d+ bytes are in use/)
    })

    test('what an update does not name stays', async () => {
      const pids: Step = { do: 'read', controller: 'pids', file: 'pids.max' }
      const results = await inside(
        { pids: { limit: 7 }, devices: [] },
        { do: 'update', resources: { memory: { limit: 50 * M } } },
        pids,
        { do: 'run', command: ': < /dev/kmsg' },
        { do: 'update', resources: { pids: { limit: -1 } } },
        pids,
      )
      expect([results[2]?.value, results[5]?.value]).toEqual(['7', 'max'])
      expect(outcome(results[3]).stderr).toMatch(/not permitted/)
    })
  })

  describe('devices', () => {
    const node = 'n=/var/tmp/suite-kmsg-$$; mknod $n c 1 11 && '
    const open = `${node} { (: < $n) 2>&1 && echo reads; (: >> $n) 2>&1 && echo writes; rm $n; }`

    test('without rules: those of every container, and no others', async () => {
      const [, run] = await inside(
        {},
        {
          do: 'run',
          command: `cat /dev/null && head -c1 /dev/zero | wc -c; echo x > /dev/null && echo ok; ${open}`,
        },
      )
      const { stdout } = outcome(run)
      expect(stdout).toMatch(/^1\nok\n/)
      expect(stdout.match(/Operation not permitted/g)).toHaveLength(2)
      expect(stdout).not.toMatch(/reads|writes/)
    })

    test('a rule allows what it says, and an update replaces it', async () => {
      const rule = (access: string): Resources => ({
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'c', major: 1, minor: 11, access },
        ],
      })
      const results = await inside(
        rule('r'),
        { do: 'run', command: open },
        { do: 'update', resources: rule('rw') },
        { do: 'run', command: open },
        { do: 'update', resources: { devices: [] } },
        { do: 'run', command: open },
      )
      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined))
      expect(outcome(results[1]).stdout).toMatch(/^reads\n.*not permitted\n$/)
      expect(outcome(results[3]).stdout).toBe('reads\nwrites\n')
      expect(outcome(results[5]).stdout).not.toMatch(/reads|writes/)
    })

    test('everything but one', async () => {
      const [, run] = await inside(
        {
          devices: [
            { allow: true, access: 'rwm' },
            { allow: false, type: 'c', major: 1, minor: 5, access: 'r' },
          ],
        },
        { do: 'run', command: `${open}; (: < /dev/zero) 2>&1; : > /dev/zero && echo zero` },
      )
      expect(outcome(run).stdout).toMatch(/^reads\nwrites\n.*\/dev\/zero.*not permitted\nzero\n$/)
    })

    test('one out of many: v2 can, v1 says that it cannot', async () => {
      const devices = [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c' as const, major: 1, access: 'rw' },
        { allow: false, type: 'c' as const, major: 1, minor: 11, access: 'rw' },
      ]
      const [applied, run] = await inside({ devices }, { do: 'run', command: open })
      if (version === 1) {
        expect(applied?.error?.message).toMatch(
          /^\$\.linux\.resources\.devices\[2\]: cgroup v1 cannot take c 1:11 out of c 1:\*/,
        )
      } else {
        expect(applied?.error).toBeUndefined()
        expect(outcome(run).stdout).not.toMatch(/reads|writes/)
      }
    })
  })

  describe('processes', () => {
    test('freeze stops a counter, thaw lets it go on', async () => {
      const file = `/tmp/suite-counter-${process.pid}`
      const look: Step = { do: 'shell', command: `cat ${file}` }
      const wait: Step = { do: 'sleep', milliseconds: 300 }
      const results = await inside(
        nothing,
        {
          do: 'start',
          command: `i=0; while :; do i=$((i+1)); echo $i > ${file}.new; mv ${file}.new ${file}; done`,
        },
        { do: 'sleep', milliseconds: 500 },
        { do: 'freeze' },
        { do: 'state' },
        ...[look, wait, look],
        { do: 'reopen' },
        { do: 'state' },
        { do: 'thaw' },
        ...[wait, look],
        { do: 'state' },
        { do: 'kill' },
        { do: 'shell', command: `rm -f ${file}*` },
      )
      expect([4, 9, 13].map((index) => results[index]?.value)).toEqual(['frozen', 'frozen', 'thawed'])
      const [first, second, third] = [5, 7, 12].map((index) => Number(outcome(results[index]).stdout))
      expect(first).toBeGreaterThan(0)
      expect(second).toBe(first)
      expect(third).toBeGreaterThan(second ?? 0)
    })

    test('a signal reaches all of them', async () => {
      const [, , , , , wait, pids] = await inside(
        nothing,
        { do: 'start', command: 'trap "echo bye; exit 3" TERM; sleep 30 & sleep 31 & wait' },
        { do: 'sleep', milliseconds: 500 },
        { do: 'pids' },
        { do: 'signal', signal: 'SIGTERM' },
        { do: 'wait' },
        { do: 'pids' },
      )
      expect(outcome(wait)).toMatchObject({ status: 3, stdout: 'bye\n' })
      expect(pids?.value).toBe(0)
    })

    test('kill ends a fork bomb, and one that is frozen', async () => {
      const bomb = 'f() { while :; do f & done; }; f'
      const results = await inside(
        { pids: { limit: 100 } },
        { do: 'start', command: `(${bomb}) 2>/dev/null` },
        ...[{ do: 'sleep', milliseconds: 500 } as const, { do: 'kill' } as const, { do: 'pids' } as const],
        { do: 'start', command: 'while :; do :; done' },
        ...[{ do: 'freeze' } as const, { do: 'kill' } as const, { do: 'pids' } as const],
      )
      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined))
      expect([results[4]?.value, results[8]?.value]).toEqual([0, 0])
    })

    test('a cgroup with somebody inside is not taken, and remove ends them, also in cgroups below', async () => {
      const id = `suite-${process.pid}-nested`
      const nest =
        version === 1
          ? 'for d in /sys/fs/cgroup/*/tocker/ID; do mkdir $d/a $d/a/b; done; echo $$ > /sys/fs/cgroup/pids/tocker/ID/a/b/cgroup.procs'
          : 'd=/sys/fs/cgroup/tocker/ID; mkdir -p $d/a/b; echo $$ > $d/a/b/cgroup.procs'
      const results = await drive([
        { do: 'open', id },
        { do: 'make' },
        { do: 'start', command: `${nest.replaceAll('ID', id)}; sleep 60` },
        { do: 'sleep', milliseconds: 500 },
        { do: 'pids' },
        { do: 'make' },
        { do: 'exists' },
        { do: 'remove' },
        { do: 'exists' },
        { do: 'wait' },
        { do: 'remove' },
      ])
      expect(results[4]?.value).toBe(2)
      expect(results[5]?.error).toMatchObject({
        kind: 'conflict',
        message: expect.stringMatching(/is in use/),
      })
      expect((results[6]?.value as string[]).length).toBeGreaterThan(0)
      expect(results[8]?.value).toEqual([])
      expect(results[9]?.value).toMatchObject({ signal: 'SIGKILL' })
      expect(results[10]?.error).toBeUndefined()
    })
  })

  describe('what cannot be had is refused, by its path in config.json', () => {
    test.each<[Resources, v1: RegExp, v2: RegExp]>([
      [{ unified: { 'memory.high': '1000000' } }, /unified: it names files of cgroup v2/, /^taken$/],
      [
        { unified: { '../memory.max': '1' } },
        /unified: it names/,
        /unified\["..\/memory.max"\]: it is not the name/,
      ],
      [
        { unified: { 'nosuch.max': '1' } },
        /unified/,
        /unified\["nosuch.max"\]: the controller nosuch is not available/,
      ],
      [
        { network: { classID: 1 } },
        /network.classID: no cgroup hierarchy with the controller net_cls/,
        /network: /,
      ],
      [
        { hugepageLimits: [{ pageSize: '3MB', limit: 1 }] },
        /hugepageLimits\[0\]: no cgroup hier/,
        /hugepageLimits\[0\]: this kernel has no hugetlb.3MB.max/,
      ],
      [
        { rdma: { mlx5_1: { hcaHandles: 2 } } },
        /rdma\["mlx5_1"\]: no cgroup hierarchy/,
        /rdma\["mlx5_1"\]: write "mlx5_1 hca_handle=2"/,
      ],
      [
        { cpu: { realtimeRuntime: 1000 } },
        /cpu.realtimeRuntime: |^taken$/,
        /cpu.realtimeRuntime: cgroup v2 cannot/,
      ],
      [{ cpu: { cpus: '99' } }, /cpu.cpus: write "99"/, /cpu.cpus: write "99"|^taken$/],
      [{ memory: { swappiness: 10 } }, /^taken$/, /memory.swappiness: cgroup v2 has no/],
      [{ memory: { disableOOMKiller: true } }, /^taken$/, /memory.disableOOMKiller: cgroup v2 cannot/],
      [
        { memory: { limit: 20 * M, swap: 10 * M } },
        /memory.swap: write "10485760"/,
        /memory.swap: it counts memory and swap/,
      ],
      [
        { blockIO: { leafWeight: 10 } },
        /blockIO.leafWeight: this kernel has no/,
        /blockIO.leafWeight: cgroup v2/,
      ],
      [
        { blockIO: { throttleReadBpsDevice: [{ major: 250, minor: 77, rate: 1 }] } },
        /throttleReadBpsDevice\[0\]: write "250:77 1".*no such device/,
        /throttleReadBpsDevice\[0\]: write "250:77 rbps=1".*no such device/,
      ],
    ])('%j', async (resources, v1, v2) => {
      expect(await refusal(resources)).toMatch(version === 1 ? v1 : v2)
    })

    test.each<Resources>([
      { memory: { kernel: 1000, useHierarchy: true } },
      {
        memory: {},
        cpu: {},
        blockIO: {},
        network: {},
        pids: { limit: 0 },
        hugepageLimits: [],
        rdma: {},
        unified: {},
      },
      { cpu: { shares: 2, idle: 1, burst: 0 } },
      { blockIO: { throttleWriteIOPSDevice: [{ major: 254, minor: 0, rate: 1000 }] } },
    ])('%j is taken', async (resources) => {
      expect(await refusal(resources)).toBe('taken')
    })
  })

  describe('places', () => {
    test.each([
      ['/suite-place/a', /^\/sys\/fs\/cgroup(\/\w+)?\/suite-place\/a$/],
      ['place/../a', /\/tocker\/a$/],
      ['/../../etc', /^\/sys\/fs\/cgroup(\/\w+)?\/etc$/],
    ])('%s', async (path, expected) => {
      const [, paths] = await drive([{ do: 'open', path, id: 'x' }, { do: 'paths' }])
      for (const one of Object.values(paths?.value as Record<string, string>)) expect(one).toMatch(expected)
    })

    test.each(['/', '/a/..', '..', '/tocker'])('%s is refused', async (path) => {
      const [result] = await drive([{ do: 'open', path, id: 'x' }])
      expect(result?.error?.message).toMatch(/^\$\.linux\.cgroupsPath: /)
    })

    test('--systemd-cgroup, where no systemd runs', async () => {
      const [result] = await drive([{ do: 'open', path: 'system.slice:tocker:x', id: 'x', systemd: true }])
      expect(result?.error?.message).toMatch(/systemd does not run on this host/)
    })

    test('eight at once, twelve times each: the last to leave takes /tocker along, and others need it', async () => {
      const steps = (id: string): Step[] => [
        { do: 'open', id },
        { do: 'make' },
        { do: 'apply', resources: {} },
        { do: 'remove' },
      ]
      const runs = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          drive(
            Array.from({ length: 12 }, (_, round) => steps(`suite-${process.pid}-${index}-${round}`)).flat(),
          ),
        ),
      )
      expect(runs.flat().flatMap(({ error }) => error ?? [])).toEqual([])
    })
  })
}
