// Freezing, signalling and ending what is in a cgroup, and where one is.
import { describe, expect, test } from 'vitest'
import { type Cgroups, everyDevice, given, outcome } from './cgroup-driver.ts'
import type { Step } from './cgroup-fixture.ts'

/** Shell: waits for what has to come true. */
const until = (condition: string): string => `for i in $(seq 200); do ${condition} && break; sleep 0.1; done`

export function processSuite(cgroups: Cgroups): void {
  describe('processes', () => {
    test('freeze stops a counter, thaw lets it go on', async () => {
      const file = `/tmp/suite-counter-${process.pid}`
      const look: Step = { do: 'shell', command: `cat ${file}` }
      const wait: Step = { do: 'sleep', milliseconds: 300 }
      const goesOn: Step = {
        do: 'shell',
        command: `was=$(cat ${file}); ${until(`[ $(cat ${file}) != $was ]`)}; cat ${file}`,
      }
      const results = await cgroups.inside(
        everyDevice,
        {
          do: 'start',
          command: `i=0; while :; do i=$((i+1)); echo $i > ${file}.new; mv ${file}.new ${file}; done`,
        },
        { do: 'shell', command: until(`[ -s ${file} ]`) },
        { do: 'freeze' },
        { do: 'state' },
        ...[look, wait, look],
        { do: 'reopen' },
        { do: 'state' },
        { do: 'thaw' },
        ...[{ do: 'pids' } as const, goesOn],
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
      const ready = `/tmp/suite-ready-${process.pid}`
      const [, , , , , wait, pids] = await cgroups.inside(
        everyDevice,
        {
          do: 'start',
          command: `trap "echo bye; exit 3" TERM; sleep 30 & sleep 31 & : > ${ready}; wait`,
        },
        { do: 'shell', command: `${until(`[ -e ${ready} ]`)}; rm ${ready}` },
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
      const results = await cgroups.inside(
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
        cgroups.version() === 1
          ? 'for d in /sys/fs/cgroup/*/tocker/ID; do mkdir $d/a $d/a/b; done; echo $$ > /sys/fs/cgroup/pids/tocker/ID/a/b/cgroup.procs'
          : 'd=/sys/fs/cgroup/tocker/ID; mkdir -p $d/a/b; echo $$ > $d/a/b/cgroup.procs'
      const results = await cgroups.drive([
        { do: 'open', id },
        { do: 'make' },
        { do: 'start', command: `${nest.replaceAll('ID', id)}; sleep 60 & : > /tmp/${id}; wait` },
        { do: 'shell', command: `${until(`[ -e /tmp/${id} ]`)}; rm /tmp/${id}` },
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
      expect(given<string[]>(results[6]).length).toBeGreaterThan(0)
      expect(results[8]?.value).toEqual([])
      expect(results[9]?.value).toMatchObject({ signal: 'SIGKILL' })
      expect(results[10]?.error).toBeUndefined()
    })
  })

  describe('places', () => {
    test('paths are below the root of the hierarchy, relative ones below /tocker', async () => {
      const table: [path: string, expected: RegExp][] = [
        ['/suite-place/a', /^\/sys\/fs\/cgroup(\/\w+)?\/suite-place\/a$/],
        ['place/../a', /\/tocker\/a$/],
        ['/../../etc', /^\/sys\/fs\/cgroup(\/\w+)?\/etc$/],
      ]
      const results = await cgroups.drive(
        table.flatMap(([path]): Step[] => [{ do: 'open', path, id: 'x' }, { do: 'paths' }]),
      )
      for (const [index, [, expected]] of table.entries())
        for (const one of Object.values(given<Record<string, string>>(results[2 * index + 1])))
          expect(one).toMatch(expected)
    })

    test('the root, and the place where all others are, are refused', async () => {
      const results = await cgroups.drive(
        ['/', '/a/..', '..', '/tocker'].map((path): Step => ({ do: 'open', path, id: 'x' })),
      )
      for (const { error } of results) expect(error?.message).toMatch(/^\$\.linux\.cgroupsPath: /)
    })

    test('--systemd-cgroup, where no systemd runs', async () => {
      const [result] = await cgroups.drive([
        { do: 'open', path: 'system.slice:tocker:x', id: 'x', systemd: true },
      ])
      expect(result?.error?.message).toMatch(/systemd does not run on this host/)
    })

    test('six at once, eight times each: the last to leave takes /tocker along, and others need it', async () => {
      const steps = (id: string): Step[] => [
        { do: 'open', id },
        { do: 'make' },
        { do: 'apply', resources: {} },
        { do: 'remove' },
      ]
      const runs = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          cgroups.drive(
            Array.from({ length: 8 }, (_, round) => steps(`suite-${process.pid}-${index}-${round}`)).flat(),
          ),
        ),
      )
      expect(runs.flat().flatMap(({ error }) => error ?? [])).toEqual([])
    })
  })
}
