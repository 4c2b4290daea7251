// The engine's pure parts: no root, no kernel.
import { expect, test } from 'vitest'
import { parseRam } from '../../../engine/cli/quantity.ts'
import { EngineError, errorLine, SyscallError } from '../../../engine/errors.ts'
import { findHierarchies } from '../../../engine/libcontainer/cgroups/hierarchy.ts'
import { cleanRanges } from '../../../engine/libcontainer/clean-pages.ts'
import { cloneFlags, MS_BIND, MS_REC, mountFlags, spell } from '../../../engine/syscalls/flags.ts'
import { fold, located, reportJson, reportLines } from '../../../engine/trace/report.ts'
import { type TraceRecord, traced, traceTo } from '../../../engine/trace/trace.ts'

test('flags are spelt as the kernel spells them', () => {
  expect(spell(MS_BIND | MS_REC, mountFlags)).toBe('MS_BIND|MS_REC')
  expect(spell(0x20000000, cloneFlags)).toBe('CLONE_NEWPID')
  expect(spell(0, mountFlags)).toBe('0')
  expect(spell(MS_BIND | 0x40000000, mountFlags)).toBe('MS_BIND|0x40000000')
})

test.each([
  ['200M', 200 * 1024 ** 2],
  ['200m', 200 * 1024 ** 2],
  ['1.5g', 1.5 * 1024 ** 3],
  ['2048k', 2 * 1024 ** 2],
  ['4194304', 4194304],
  ['64mb', 64 * 1024 ** 2],
])('size %s', (text, bytes) => {
  expect(parseRam(text)).toBe(bytes)
})

test.each(['', 'm', '-5m', '5x', 'NaN'])('size %j is refused', (text) => {
  expect(() => parseRam(text)).toThrow(RangeError)
})

test('hierarchies are found where they are mounted', () => {
  const v2 = '25 30 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
  expect(findHierarchies(v2)).toEqual({ v2: '/sys/fs/cgroup', v1: {} })
  const hybrid = [
    '33 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '36 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '37 25 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    'rubbish',
  ].join('\n')
  expect(findHierarchies(hybrid)).toMatchObject({
    v2: '/sys/fs/cgroup/unified',
    v1: { memory: '/sys/fs/cgroup/memory', cpuacct: '/sys/fs/cgroup/cpu,cpuacct' },
  })
})

test('an error is one line, from the intent down to the kernel', () => {
  const cause = new SyscallError('mount', 1, 'EPERM', '"proc", "/proc"')
  expect(errorLine(new EngineError('forbidden', 'mount proc on /proc', { cause }))).toBe(
    'mount proc on /proc: mount(2): EPERM "proc", "/proc"',
  )
})

test('the trace records what passed the door, failures too, and costs nothing when off', () => {
  const records: TraceRecord[] = []
  traced(
    'syscall',
    'unshare',
    () => 'CLONE_NEWPID',
    () => 0,
  )
  traceTo((record) => void records.push(record))
  traced(
    'syscall',
    'mount',
    () => '"a", "b"',
    () => 0,
  )
  expect(() =>
    traced(
      'syscall',
      'umount2',
      () => '"b"',
      () => {
        throw new SyscallError('umount2', 16, 'EBUSY', '"b"')
      },
    ),
  ).toThrow('umount2(2): EBUSY')
  traceTo(undefined)
  expect(records.map(({ name, result }) => [name, result])).toEqual([
    ['mount', '0'],
    ['umount2', 'EBUSY'],
  ])
  const lines = reportLines(located(records), { colour: false, columns: 120 })
  expect(lines[1]).toMatch(/tocker +mount\("a", "b"\) +.*= 0/)
  expect(JSON.parse(reportJson(records)[1] ?? '')).toMatchObject({ name: 'umount2', result: 'EBUSY' })
})

test('what repeats in the X-ray is folded, and nothing else', () => {
  const row = (name: string, source: string) => ({ name, source })
  const rows = [
    row('prctl', 'a.ts:1'),
    ...Array.from({ length: 5 }, () => row('prctl', 'b.ts:2')),
    row('prctl', 'a.ts:1'),
    ...Array.from({ length: 5 }, () => row('mount', '')),
  ]
  const folded = fold(rows)
  expect(folded.map(({ source, more }) => `${source} ${more}`)).toEqual([
    'a.ts:1 0',
    ...['b.ts:2 0', 'b.ts:2 0', 'b.ts:2 2'],
    'a.ts:1 0',
    ...Array.from({ length: 5 }, () => ' 0'),
  ])
})

test('of the mappings of a process, those of files that are as the file is can be dropped', () => {
  const mapping = (head: string, rss: number, anonymous: number): string =>
    `${head}\nSize: 100 kB\nRss: ${rss} kB\nPss: 4 kB\nAnonymous: ${anonymous} kB\nVmFlags: rd mr\n`
  const smaps = [
    mapping('00400000-00500000 r-xp 00000000 fe:00 5349938    /usr/bin/node', 512, 0),
    mapping('00600000-00700000 rw-p 00100000 fe:00 5349938    /usr/bin/node', 512, 0),
    mapping('00700000-00800000 r--p 00200000 fe:00 5349938    /usr/bin/node', 16, 16),
    mapping('00800000-00900000 r--p 00200000 fe:00 5349938    /usr/bin/node', 0, 0),
    mapping('7ffe86b6f000-7ffe86b90000 r--p 00000000 00:00 0  [stack]', 16, 0),
  ].join('')
  expect(cleanRanges(smaps)).toEqual([{ from: 0x400000, length: 0x100000, resident: 512 }])
})
