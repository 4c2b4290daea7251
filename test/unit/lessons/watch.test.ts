// What the live views read: frames that the VM printed, and hostile ones.
import { expect, test } from 'vitest'
import { parseCgroup } from '../../../lessons/player/watch/cgroup.ts'
import { cgroupPicture, withSample } from '../../../lessons/player/watch/cgroup-history.ts'
import { printable } from '../../../lessons/player/watch/frames.ts'
import {
  namespaceLetters,
  processRows,
  seenInside,
  userMaps,
} from '../../../lessons/player/watch/process-rows.ts'
import { parseProcesses } from '../../../lessons/player/watch/processes.ts'
import type { CgroupSample } from '../../../lessons/player/watch/samples.ts'
import { frameOf, recordedFrame } from '../../suites/frames.ts'

const namespaces = parseProcesses(
  recordedFrame('namespaces', (text) => text.replace('pid \n', 'pid 582\n')),
  'namespaces',
)

test('a frame is the same wherever the stream is cut, and a name cannot end it', () => {
  const stream = Buffer.from('head\nü\0file\t0 f 1 end\0file\t0 f 2 a\nend\n--- end\0end\0')
  for (let piece = 1; piece < stream.length; piece++) {
    const frame = frameOf(stream, piece)
    expect(frame.text('head')).toBe('ü')
    expect(frame.all('file')).toEqual(['0 f 1 end', '0 f 2 a\nend\n--- end'])
  }
})

test('what would move a cursor or turn text around is spelled out', () => {
  expect(printable('a\n\x1b[31mb\x07\u202ec\x9b')).toBe('a\\n\\e[31mb\\u{7}\\u{202e}c\\u{9b}')
  expect(printable('Größe 日本')).toBe('Größe 日本')
})

test('processes: those of the terminals and of containers, a zombie among them, no kernel thread', () => {
  expect(namespaces.focus).toBe(582)
  expect(namespaces.processes.map(({ pid }) => pid)).toEqual([
    275, 280, 426, 427, 428, 575, 576, 578, 579, 580, 581, 582, 583, 584, 585, 586,
  ])
  expect(namespaces.processes.find(({ pid }) => pid === 582)).toMatchObject({
    ppid: 581,
    nspid: [582, 1],
    state: 'S',
    uid: 0,
  })
  expect(namespaces.processes.find(({ pid }) => pid === 586)).toMatchObject({ state: 'Z', namespaces: {} })
  expect(namespaces.processes.find(({ pid }) => pid === 575)?.terminal).toBe('inside')
})

test('a name that looks like a line of ours is a name, and half a process is none', () => {
  const frame = frameOf(
    'head\npid x\nours 7 host\0processes\n/proc/1/status:Name:\tinit\n/proc/1/status:State:\tS\n/proc/7/status:Name:\t/proc/1/status:PPid:\\n\x1b[2J\n/proc/7/status:State:\tR (running)\n/proc/7/status:PPid:\t1\n/proc/8/uid_map: 0 0 1\n\0end\0',
  )
  const { processes, focus } = parseProcesses(frame, 'processes')
  expect(focus).toBeUndefined()
  expect(processes).toMatchObject([{ pid: 7, command: '/proc/1/status:PPid:\\n\\e[2J', state: 'R' }])
})

test('a fork bomb is counted, not shown; the terminal stays', () => {
  const lines = Array.from(
    { length: 300 },
    (_, at) =>
      `/proc/${at + 100}/status:Name:\tb\n/proc/${at + 100}/status:State:\tS\n/proc/${at + 100}/status:PPid:\t900\n`,
  )
  const shell = '/proc/900/status:Name:\tsh\n/proc/900/status:State:\tS\n/proc/900/status:PPid:\t1\n'
  const frame = frameOf(`head\npid \nours 900 host\0processes\n${lines.join('')}${shell}\0end\0`)
  const { processes, more } = parseProcesses(frame, 'namespaces')
  expect([processes.length, more]).toEqual([40, 261])
  expect(processes.at(-1)).toMatchObject({ pid: 900, terminal: 'host' })
})

test('rows are a tree, and a container is one letter, with the PID namespace that its child began', () => {
  const rows = processRows(namespaces)
  const at = (pid: number) => rows.find(({ process }) => process.pid === pid)
  expect(rows.map(({ process }) => process.pid).indexOf(586)).toBeGreaterThan(
    rows.map(({ process }) => process.pid).indexOf(584),
  )
  expect(at(582)?.rails.length).toBe(2)
  const letters = namespaceLetters(namespaces, rows)
  const of = (pid: number) =>
    Object.entries(at(pid)?.process.namespaces ?? {}).flatMap(
      ([name, inode]) => letters.get(`${name}:${inode}`) ?? [],
    )
  expect(new Set(of(426))).toEqual(new Set(['A']))
  expect(of(582)).toEqual(['B', 'B', 'B', 'B', 'B', 'B'])
  expect(of(275)).toEqual([])
  // The first container is gone: the others keep their letters, and the free one is given again.
  const without = {
    ...namespaces,
    processes: namespaces.processes.filter(({ pid }) => pid < 400 || pid > 500),
  }
  const later = namespaceLetters(without, processRows(without), letters)
  expect([...new Set(later.values())].sort()).toEqual(['B', 'C'])
})

test('parents in a circle end, and everybody is drawn once', () => {
  const [one, two] = namespaces.processes
  if (!one || !two) throw new Error('the recorded frame has processes')
  const circle = {
    ...namespaces,
    processes: [
      { ...one, ppid: two.pid },
      { ...two, ppid: one.pid },
    ],
  }
  expect(processRows(circle).map(({ process }) => process.pid)).toEqual([one.pid, two.pid])
})

test('inside: own numbers, a parent outside is 0, the zombie is there, unmapped users are nobody', () => {
  const inside = seenInside(namespaces)
  expect(inside.numbers.get(582)).toEqual({ pid: 1, ppid: 0, uid: 0 })
  expect(inside.numbers.get(586)).toMatchObject({ pid: 5, ppid: 3 })
  expect([...inside.numbers.keys()]).toEqual([582, 583, 584, 585, 586])
  const mapped = namespaces.processes.map((one) => ({
    ...one,
    uid: one.pid === 583 ? 7 : 1000,
    uidMap: [{ inside: 0, outside: 1000, count: 1 }],
  }))
  const users = seenInside({ ...namespaces, processes: mapped }).numbers
  expect([users.get(582)?.uid, users.get(583)?.uid]).toEqual([0, 65_534])
  expect(seenInside({ ...namespaces, processes: [] })).toEqual({ space: undefined, numbers: new Map() })
  expect(userMaps(namespaces, new Map())).toHaveLength(2)
})

test('a cgroup of version 2, with everything that it has', () => {
  expect(parseCgroup(recordedFrame('solo'))).toEqual({
    view: 'cgroup',
    at: 3_118_620,
    path: '/sys/fs/cgroup/demo/solo',
    version: 2,
    exists: true,
    processes: [
      { pid: 726, command: 'dd' },
      { pid: 727, command: 'sh' },
      { pid: 778, command: 'tail' },
    ],
    more: 0,
    cpu: { usage: 3_030_807, quota: 0.3, weight: 100, periods: 276, throttled: 75 },
    memory: {
      current: 24_694_784,
      max: 31_457_280,
      high: 20_971_520,
      peak: 26_103_808,
      swap: { current: 0, max: null },
      oomKills: 0,
    },
    io: [{ device: 'vda', read: 1_531_904, written: 29_097_984, readMax: null, writeMax: 1_048_576 }],
    pids: { current: 3, max: 10, refused: 1 },
    frozen: false,
    children: [],
    moreChildren: 0,
  })
  const { children } = parseCgroup(recordedFrame('siblings'))
  expect(children.map(({ name, cpu }) => [name, cpu?.weight])).toEqual([
    ['a', 100],
    ['b c', 50],
    ['solo', 100],
  ])
})

test('a cgroup of version 1: other names, other units', () => {
  const path = '/cgroup/memory/demo'
  const files = Object.entries({
    'memory.usage_in_bytes': '1048576',
    'memory.limit_in_bytes': '52428800',
    'memory.memsw.usage_in_bytes': '2097152',
    'memory.memsw.limit_in_bytes': '104857600',
    'memory.oom_control': 'oom_kill 3',
    'cpu.shares': '512',
    'cpu.cfs_quota_us': '25000',
    'cpu.cfs_period_us': '50000',
    'cpuacct.usage': '5000000',
    'blkio.throttle.io_service_bytes': '254:0 Write 4096',
    'blkio.throttle.write_bps_device': '254:0 1048576',
    'freezer.state': 'FROZEN',
  })
  const text = files.map(([file, line]) => `${path}/${file}:${line}\n${path}/a: b/${file}:${line}\n`).join('')
  const sample = parseCgroup(frameOf(`head\nuptime 1\nmore 2\npath ${path}\0files\n${text}\0end\0`))
  expect(sample).toMatchObject({
    version: 1,
    exists: true,
    frozen: true,
    cpu: { usage: 5000, quota: 0.5, weight: 512 },
    memory: {
      current: 1_048_576,
      max: 52_428_800,
      oomKills: 3,
      swap: { current: 1_048_576, max: 52_428_800 },
    },
    io: [{ device: '254:0', written: 4096, writeMax: 1_048_576 }],
    moreChildren: 2,
    children: [{ name: 'a: b', cpu: { weight: 512 } }],
  })
  const unlimited = parseCgroup(
    frameOf(
      `head\nuptime 1\npath ${path}\0files\n${path}/memory.usage_in_bytes:1\n${path}/memory.limit_in_bytes:9223372036854771712\n\0end\0`,
    ),
  )
  expect(unlimited.memory?.max).toBeNull()
  expect(parseCgroup(frameOf(`head\nuptime 1\npath ${path}\0files\n\0end\0`)).exists).toBe(false)
})

function at(seconds: number, change: Partial<CgroupSample> = {}): CgroupSample {
  const base = parseCgroup(recordedFrame('solo'))
  return { ...base, at: seconds * 1000, ...change }
}

test('what counts upwards becomes a rate; a group made anew has none; a kill is marked', () => {
  const cpu = (usage: number) => ({ usage, quota: null, weight: 100, periods: 0, throttled: 0 })
  const memory = (oomKills: number) => ({ current: 1, max: 2, high: null, peak: null, swap: null, oomKills })
  const history = [
    at(1, { cpu: cpu(0), memory: memory(0) }),
    at(2, { cpu: cpu(500_000), memory: memory(0) }),
    at(3, { cpu: cpu(1_000_000), memory: memory(1) }),
    at(4, { cpu: cpu(7), memory: memory(1) }),
  ].reduce(withSample, [] as CgroupSample[])
  const picture = cgroupPicture(history)
  expect(picture?.plots.cpu.map(({ value }) => value)).toEqual([undefined, 0.5, 0.5, undefined])
  expect(picture?.plots.memory.map(({ mark }) => mark)).toEqual([undefined, undefined, true, undefined])
  expect(cgroupPicture(history.slice(0, 3))?.cpu).toBe(0.5)
  // Another boot of the machine, or another group, begins anew; and a minute is kept.
  expect(withSample(history, at(1))).toHaveLength(1)
  expect(withSample(history, at(9, { path: '/other' }))).toHaveLength(1)
  expect(withSample(history, at(62.5)).map((one) => one.at)).toEqual([3000, 4000, 62_500])
})

test('only what is limited or moves is shown, and siblings are compared', () => {
  const quiet = at(1, {
    cpu: { usage: 5, quota: null, weight: 100, periods: 0, throttled: 0 },
    memory: { current: 0, max: null, high: null, peak: 0, swap: null, oomKills: 0 },
    pids: { current: 0, max: null, refused: 0 },
    io: [],
  })
  expect(cgroupPicture([quiet])?.shown).toEqual([])
  expect(cgroupPicture([at(1)])?.shown).toEqual(['cpu', 'memory', 'io', 'pids'])
  const child = (name: string, usage: number) => ({
    name,
    processes: 1,
    cpu: { usage, quota: null, weight: null, periods: 0, throttled: 0 },
  })
  const busy = [1, 2].map((second) =>
    at(second, { children: [child('big', second * 600_000), child('small', second * 300_000)] }),
  )
  expect(cgroupPicture(busy)?.children.map(({ share }) => Math.round(share * 100))).toEqual([67, 33])
})
