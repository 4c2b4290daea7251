// The pure parts of cgroups: formulas, paths, lists of settings, device programs.
import { describe, expect, test } from 'vitest'
import {
  blkioWeightToIoWeight,
  cpuMax,
  sharesToWeight,
  swapMax,
} from '../../../engine/libcontainer/cgroups/convert.ts'
import { deviceProgram, encode } from '../../../engine/libcontainer/cgroups/device-program.ts'
import { completeRules, refuseHoles } from '../../../engine/libcontainer/cgroups/device-rules.ts'
import { cgroupOwner } from '../../../engine/libcontainer/cgroups/owner.ts'
import { refuseSystemd, resolveCgroupsPath } from '../../../engine/libcontainer/cgroups/path.ts'
import { firstLimit } from '../../../engine/libcontainer/cgroups/setting.ts'
import { settingsV1 } from '../../../engine/libcontainer/cgroups/settings-v1.ts'
import { settingsV2 } from '../../../engine/libcontainer/cgroups/settings-v2.ts'
import { mountsV1 } from '../../../engine/libcontainer/cgroups/v1.ts'
import type { Resources } from '../../../engine/libcontainer/config/resources.ts'

describe('formulas', () => {
  test.each([
    [0, 1],
    [2, 1],
    [512, 20],
    [1024, 39],
    [262144, 10000],
    [1e9, 10000],
  ])('%i shares are weight %i', (shares, weight) => {
    expect(sharesToWeight(shares)).toBe(weight)
  })
  test.each([
    [10, 1],
    [300, 2930],
    [500, 4950],
    [1000, 10000],
  ])('blkio weight %i is io weight %i', (before, after) => {
    expect(blkioWeightToIoWeight(before)).toBe(after)
  })
  test.each([
    [undefined, 100, undefined],
    [0, 100, undefined],
    [undefined, -1, 'max'],
    [-1, 100, 'max'],
    [100, 100, '0'],
    [250, 100, '150'],
  ])('memory+swap %s beside memory %s is swap %s', (swap, limit, result) => {
    expect(swapMax(swap, limit)).toBe(result)
  })
  test.each([
    [50, 100],
    [50, undefined],
    [50, -1],
  ])('memory+swap %s beside memory %s is a contradiction', (swap, limit) => {
    expect(() => swapMax(swap, limit)).toThrow(RangeError)
  })
  test('quota and period make one line, and what is not asked for stays', () => {
    expect(cpuMax(5000, 10000)).toBe('5000 10000')
    expect(cpuMax(-1, undefined, '5000 20000')).toBe('max 20000')
    expect(cpuMax(undefined, 7000, '5000 20000')).toBe('5000 7000')
  })
})

describe('paths', () => {
  test.each([
    [undefined, '/tocker/id'],
    ['', '/tocker/id'],
    ['/a//b/', '/a/b'],
    ['a/b', '/tocker/a/b'],
    ['../../../x', '/x'],
  ])('%s is %s', (path, result) => {
    expect(resolveCgroupsPath(path, 'id')).toBe(result)
  })
  test('systemd’s form is asked for where systemd runs', () => {
    expect(() => refuseSystemd('a.slice:b:c', false)).toThrow(/does not run on this host/)
    expect(() => refuseSystemd('/a/b', true)).toThrow(/slice:prefix:name/)
    expect(() => refuseSystemd('a.slice:b:c', true)).toThrow(
      /unsupported.* cgroupfs|--cgroup-manager=cgroupfs/,
    )
  })
})

test('controllers that share a hierarchy are one mount, with a link for each name', () => {
  const both = '/sys/fs/cgroup/cpu,cpuacct'
  const paths = {
    cpu: `${both}/a`,
    cpuacct: `${both}/a`,
    pids: '/sys/fs/cgroup/pids/a',
    'name=systemd': '/s/a',
    '': '/u/a',
  }
  const mountPoints = {
    cpu: both,
    cpuacct: both,
    pids: '/sys/fs/cgroup/pids',
    'name=systemd': '/sys/fs/cgroup/systemd',
  }
  expect(mountsV1(paths, mountPoints)).toEqual({
    version: 1,
    controllers: [
      { name: 'cpu,cpuacct', mountPoint: both, path: `${both}/a`, options: 'cpu,cpuacct' },
      { name: 'pids', mountPoint: '/sys/fs/cgroup/pids', path: '/sys/fs/cgroup/pids/a', options: 'pids' },
      { name: 'systemd', mountPoint: '/sys/fs/cgroup/systemd', path: '/s/a', options: 'none,name=systemd' },
    ],
    links: [
      ['cpu', 'cpu,cpuacct'],
      ['cpuacct', 'cpu,cpuacct'],
    ],
  })
})

describe('settings', () => {
  const none = (): undefined => undefined
  const resources: Resources = {
    cpu: { shares: 512, quota: -1, period: 50_000, burst: 0, cpus: '0-1' },
    memory: { limit: 100, reservation: 50, swap: 150, kernel: 7 },
    pids: { limit: -1 },
    blockIO: { weight: 10, weightDevice: [{ major: 8, minor: 0, weight: 1000 }] },
    hugepageLimits: [{ pageSize: '2MB', limit: 3 }],
    rdma: { mlx: { hcaObjects: 4 } },
  }
  const lines = (list: { file: string; value: string }[]): string[] =>
    list.map(({ file, value }) => `${file} = ${value}`)

  test('of v1: the numbers as they are', () => {
    const warnings: string[] = []
    expect(lines(settingsV1(resources, none, (line) => void warnings.push(line)))).toEqual([
      'cpu.shares = 512',
      'cpu.cfs_period_us = 50000',
      'cpu.cfs_quota_us = -1',
      'cpu.cfs_burst_us = 0',
      'cpuset.cpus = 0-1',
      'memory.limit_in_bytes = 100',
      'memory.memsw.limit_in_bytes = 150',
      'memory.soft_limit_in_bytes = 50',
      'pids.max = max',
      'blkio.bfq.weight = 10',
      'blkio.bfq.weight_device = 8:0 1000',
      'hugetlb.2MB.limit_in_bytes = 3',
      'rdma.max = mlx hca_object=4',
    ])
    expect(warnings).toEqual([expect.stringMatching(/memory.kernel is ignored/)])
  })

  test('of v2: converted, and BFQ’s weights not', () => {
    const bfq = (file: string): string | undefined => (file === 'io.bfq.weight' ? 'default 100' : undefined)
    expect(lines(settingsV2(resources, none, none))).toEqual([
      'cpu.weight = 20',
      'cpu.max = max 50000',
      'cpu.max.burst = 0',
      'cpuset.cpus = 0-1',
      'memory.swap.max = 50',
      'memory.max = 100',
      'memory.low = 50',
      'pids.max = max',
      'io.weight = 1',
      'io.weight = 8:0 10000',
      'hugetlb.2MB.max = 3',
      'rdma.max = mlx hca_object=4',
    ])
    expect(lines(settingsV2({ blockIO: { weight: 300 } }, bfq, none))).toEqual(['io.bfq.weight = 300'])
  })

  test('each knows where it was asked for', () => {
    for (const { asked } of settingsV2(resources, none, none))
      expect(asked).toMatch(/^\$\.linux\.resources\.\w+/)
  })

  test('an update of swap alone counts from the limit that stands', () => {
    const read = (file: string): string | undefined => (file === 'memory.max' ? '1000' : undefined)
    expect(lines(settingsV2({ memory: { swap: 1500 } }, read, none))).toEqual(['memory.swap.max = 500'])
    expect(() => settingsV2({ memory: { swap: 1500 } }, none, none)).toThrow(
      /^\$\.linux\.resources\.memory\.swap: /,
    )
  })

  test('what asks for a limit, and what does not', () => {
    expect(firstLimit({ devices: [], memory: {}, cpu: { shares: 0, cpus: '' }, unified: {} })).toBeUndefined()
    expect(firstLimit({ hugepageLimits: [{ pageSize: '2MB', limit: 0 }] })).toMatch(
      /hugepageLimits\[0\]\.pageSize/,
    )
  })
})

/** Runs a program as the kernel would. */
function decide(
  devices: Resources['devices'],
  type: 'b' | 'c',
  major: number,
  minor: number,
  access: number,
): boolean {
  const program = deviceProgram(completeRules(devices))
  const memory = [((access << 16) | (type === 'b' ? 1 : 2)) >>> 0, major, minor]
  const registers = new Array<number>(11).fill(0)
  for (let at = 0; at < program.length; at++) {
    const one = program[at]
    if (!one) break
    const { opcode, destination, source, offset, immediate } = one
    const value = registers[destination] ?? 0
    if (opcode === 0x61) registers[destination] = memory[offset / 4] ?? 0
    else if (opcode === 0xbf) registers[destination] = registers[source] ?? 0
    else if (opcode === 0xb7) registers[destination] = immediate
    else if (opcode === 0x57) registers[destination] = value & immediate
    else if (opcode === 0x77) registers[destination] = value >>> immediate
    else if (opcode === 0x15) at += value === immediate ? offset : 0
    else if (opcode === 0x55) at += value !== immediate ? offset : 0
    else if (opcode === 0x95) return registers[0] === 1
    else throw new Error(`opcode ${opcode}`)
  }
  throw new Error('the program has no end')
}

describe('devices', () => {
  const [mknod, read, write] = [1, 2, 4]

  test('the defaults: null and terminals, any node, nothing else', () => {
    expect(decide([], 'c', 1, 3, read | write)).toBe(true)
    expect(decide(undefined, 'c', 136, 5, read)).toBe(true)
    expect(decide(null, 'b', 8, 0, mknod)).toBe(true)
    expect(decide([], 'b', 8, 0, read)).toBe(false)
    expect(decide([], 'c', 1, 11, read | mknod)).toBe(false)
  })

  test('the last rule that speaks of an access decides it, each access by itself', () => {
    const devices: Resources['devices'] = [
      { allow: false },
      { allow: true, type: 'c', major: 7, access: 'rw' },
      { allow: false, type: 'c', major: 7, minor: 1, access: 'w' },
      { allow: true, type: 'b', major: 7, minor: -1, access: 'r' },
    ]
    expect(decide(devices, 'c', 7, 0, read | write)).toBe(true)
    expect(decide(devices, 'c', 7, 1, read)).toBe(true)
    expect(decide(devices, 'c', 7, 1, read | write)).toBe(false)
    expect(decide(devices, 'c', 7, 0, read | write | mknod)).toBe(true)
    expect(decide(devices, 'b', 7, 0, read)).toBe(true)
    expect(decide(devices, 'b', 7, 0, write)).toBe(false)
    expect(() => refuseHoles(completeRules(devices))).toThrow(
      /^\$\.linux\.resources\.devices\[2\]: cgroup v1 cannot take c 7:1 out of c 7:\*/,
    )
  })

  test('everything, but some', () => {
    const devices = [
      { allow: true, access: 'rwm' },
      { allow: false, type: 'c' as const, major: 1, minor: 3, access: 'w' },
    ]
    expect(decide(devices, 'c', 1, 3, write)).toBe(false)
    expect(decide(devices, 'c', 1, 3, read)).toBe(true)
    expect(decide(devices, 'b', 8, 0, read | write | mknod)).toBe(true)
    expect(() => refuseHoles(completeRules(devices))).not.toThrow()
  })

  test('a rule on all kinds with numbers is not one on everything', () => {
    const devices = [{ allow: false }, { allow: true, type: 'a' as const, major: 9, access: 'rwm' }]
    expect(decide(devices, 'b', 9, 1, read)).toBe(true)
    expect(decide(devices, 'c', 9, 1, read)).toBe(true)
    expect(decide(devices, 'c', 10, 1, read)).toBe(false)
    expect(completeRules(devices).filter(({ type }) => type === 'a')).toHaveLength(1)
  })

  test('the program reads like the drawing, and is 8 bytes an instruction', () => {
    const program = deviceProgram(completeRules([]).slice(0, 2))
    expect(program.slice(0, 4).map(({ text }) => text)).toEqual([
      'r3 = [r1 + 0]',
      'r2 = r3',
      'r2 &= 65535',
      'r3 >>= 16',
    ])
    expect(Buffer.from(encode(program.slice(0, 2))).toString('hex')).toBe('6113000000000000bf32000000000000')
  })
})

describe('the owner of a cgroup', () => {
  const config = (mount: object, namespaces: object[], uid = 0) => ({
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: { cwd: '/', args: ['sh'], user: { uid, gid: 0 } },
    mounts: [{ destination: '/sys/fs/cgroup', source: 'cgroup', type: 'cgroup', ...mount }],
    linux: {
      namespaces: namespaces as { type: 'cgroup' | 'user'; path?: string }[],
      uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
    },
  })
  const [own, users] = [{ type: 'cgroup' }, { type: 'user' }]
  test.each([
    ['root of its own users', config({}, [own, users]), 100000],
    ['another of its own users', config({}, [own, users], 7), 100007],
    ['one whom nobody maps', config({}, [own, users], 70000), undefined],
    ['a user of the host', config({}, [own], 7), 7],
    ['read-only', config({ options: ['nosuid', 'ro'] }, [own, users]), undefined],
    ['mounted elsewhere', config({ destination: '/cgroup' }, [own, users]), undefined],
    ['no cgroup namespace', config({}, [users]), undefined],
    ['a cgroup namespace of others', config({}, [{ ...own, path: '/x' }, users]), undefined],
    ['users of others', config({}, [own, { ...users, path: '/x' }]), undefined],
  ])('%s', (_, given, owner) => {
    expect(cgroupOwner(given)).toBe(owner)
  })
})
