// What a cgroup must do, on either version: shown by its effect on processes, not
// by what stands in a file. Runs on this machine's kernel and in the VM.
import { describe, expect, test } from 'vitest'
import type { Stats } from '../../engine/libcontainer/cgroups/stats.ts'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { cgroupsOf, type Drive, given, M, outcome } from './cgroup-driver.ts'
import type { Step } from './cgroup-fixture.ts'
import { processSuite } from './cgroup-processes.ts'
import { refusalSuite } from './cgroup-refusals.ts'

export function cgroupSuite(drive: Drive): void {
  const cgroups = cgroupsOf(drive)
  processSuite(cgroups)
  refusalSuite(cgroups)

  describe('limits hold', () => {
    test('memory: the OOM killer strikes inside, is counted, and is told as it happens', async () => {
      const [applied, , run, kills, events] = await cgroups.inside(
        { memory: { limit: 30 * M, swap: 30 * M } },
        { do: 'watch' },
        { do: 'run', command: 'tail /dev/zero' },
        { do: 'oomKills' },
        { do: 'oomEvents' },
      )
      expect(applied?.error).toBeUndefined()
      expect(outcome(run).status).toBe(137)
      expect(kills?.value).toBeGreaterThanOrEqual(1)
      expect(events?.value).toEqual([expect.any(Number), 'end'])
    })

    test('pids: a fork beyond the limit is refused', async () => {
      const [, run, stats] = await cgroups.inside(
        { pids: { limit: 4 } },
        { do: 'run', command: 'for i in 1 2 3 4 5 6 7 8; do sleep 2 & done; wait' },
        { do: 'stats' },
      )
      expect(outcome(run).stderr).toMatch(/[Cc]annot fork|Resource temporarily unavailable/)
      expect(given<Stats>(stats).pids.limit).toBe(4)
    })

    test('cpu: a quota throttles, and the statistics say so', async () => {
      const [applied, , result] = await cgroups.inside(
        { cpu: { quota: 10_000, period: 50_000, shares: 512 } },
        { do: 'run', command: 'timeout 3 sh -c "while :; do :; done"' },
        { do: 'stats' },
      )
      expect(applied?.error).toBeUndefined()
      const { cpu, memory } = given<Stats>(result)
      expect(cpu.throttling.throttledPeriods).toBeGreaterThan(3)
      expect(cpu.throttling.throttledTime).toBeGreaterThan(100e6)
      // A fifth of three seconds or less, in nanoseconds, however busy the machine.
      expect(cpu.usage.total).toBeGreaterThan(20e6)
      expect(cpu.usage.total).toBeLessThan(1500e6)
      expect(memory.usage.max).toBeGreaterThan(0)
    })

    test('cpuset: it runs where it may', async () => {
      const [, run] = await cgroups.inside(
        { cpu: { cpus: '0', mems: '0' } },
        { do: 'run', command: 'grep Cpus_allowed_list /proc/self/status' },
      )
      expect(outcome(run).stdout).toMatch(/:\s*0\n/)
    })

    test('both versions read a quota back as it was written', async () => {
      const update: Step = { do: 'update', resources: { cpu: { period: 50_000 } } }
      const file = cgroups.version() === 1 ? 'cpu.cfs_quota_us' : 'cpu.max'
      const read: Step = { do: 'read', controller: 'cpu', file }
      const results = await cgroups.inside({ cpu: { quota: 25_000 } }, read, update, read)
      expect(results[1]?.value).toBe(cgroups.version() === 1 ? '25000' : '25000 100000')
      expect(results[3]?.value).toBe(cgroups.version() === 1 ? '25000' : '25000 50000')
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
        file: cgroups.version() === 1 ? 'memory.limit_in_bytes' : 'memory.max',
      }
      const swap: Step = {
        ...{ do: 'read', controller: 'memory' },
        file: cgroups.version() === 1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max',
      }
      const steps = [set(200 * M, 300 * M), limit, swap, set(40 * M, 50 * M), limit, swap, set(-1, -1), limit]
      const results = await cgroups.inside({ memory: { limit: 64 * M, swap: 64 * M } }, ...steps)
      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined))
      const both = cgroups.version() === 1 ? [300 * M, 50 * M] : [100 * M, 10 * M]
      expect([2, 3, 5, 6].map((index) => Number(results[index]?.value))).toEqual([
        200 * M,
        both[0],
        40 * M,
        both[1],
      ])
      expect(String(results[8]?.value)).toMatch(/^(max|9223372036854771712)$/)
    })

    test('not below what is in use, when that is to be checked', async () => {
      const [, , , , update] = await cgroups.inside(
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
      const results = await cgroups.inside(
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
      const [, run] = await cgroups.inside(
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
      const results = await cgroups.inside(
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
      const [, run] = await cgroups.inside(
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
      const [applied, run] = await cgroups.inside({ devices }, { do: 'run', command: open })
      if (cgroups.version() === 1) {
        expect(applied?.error?.message).toMatch(
          /^\$\.linux\.resources\.devices\[2\]: cgroup v1 cannot take c 1:11 out of c 1:\*/,
        )
      } else {
        expect(applied?.error).toBeUndefined()
        expect(outcome(run).stdout).not.toMatch(/reads|writes/)
      }
    })
  })
}
