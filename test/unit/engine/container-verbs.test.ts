// The verbs for a container that is there: what they ask of the engine, refuse, and print.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadState } from '../../../engine/libcontainer/state.ts'
import { gone, RuntimeDouble } from '../../suites/runtime-double.ts'

let double: RuntimeDouble
beforeEach(() => {
  double = new RuntimeDouble()
})
afterEach(() => double.close())

describe.runIf(process.platform === 'linux')('a container that is there', () => {
  const self = process.pid

  test('state', async () => {
    double.container('c')
    expect(await double.run('state', 'c')).toBe(0)
    expect(JSON.parse(double.out)).toEqual({
      ...{ ociVersion: '1.2.0', id: 'c', pid: self, status: 'running', bundle: '/b', rootfs: '/b/rootfs' },
      ...{ created: '2026-01-01T00:00:00.000Z', owner: '' },
    })
    double.frozen = true
    await double.run('state', 'c')
    expect(JSON.parse(double.out).status).toBe('paused')
  })

  test('list', async () => {
    double.container('one')
    double.container('two-with-a-long-name', gone)
    mkdirSync(join(double.state, 'half'), { recursive: true })
    expect(await double.run('list')).toBe(0)
    const [heading, first, second] = double.out.split('\n')
    expect(heading).toMatch(/^ID {21}PID {9}STATUS {6}BUNDLE {6}CREATED/)
    expect(first).toMatch(new RegExp(`^one {20}${self} +running +/b +2026-.* +root$`))
    expect(second).toMatch(/stopped/)
    await double.run('list', '-q')
    expect(double.out).toBe('one\ntwo-with-a-long-name\n')
    await double.run('list', '--format', 'json')
    expect(JSON.parse(double.out)).toMatchObject([
      { id: 'one', owner: 'root' },
      { pid: 0, status: 'stopped' },
    ])
  })

  test('start: only what is created', async () => {
    double.container('c')
    expect(await double.run('start', 'c')).toBe(1)
    expect(double.err).toContain('cannot start an already running container')
    writeFileSync(join(double.state, 'c/go'), '')
    expect(await double.run('start', 'c')).toBe(0)
    expect(double.calls.map(([name]) => name)).toEqual(['start'])
    double.container('old', gone)
    expect(await double.run('start', 'old')).toBe(1)
    expect(double.err).toContain('cannot start a container that has stopped')
  })

  test('kill', async () => {
    double.container('c')
    expect(await double.run('kill', 'c')).toBe(0)
    expect(await double.run('kill', '--all', 'c', '9')).toBe(0)
    expect(await double.run('kill', 'c', 'HUP', '-a')).toBe(0)
    expect(double.calls.map(([, , , signal, all]) => [signal, all])).toEqual([
      [15, false],
      [9, true],
      [1, true],
    ])
  })

  test('delete: forced, it bears what is missing or half-made', async () => {
    expect(await double.run('delete', 'nope')).toBe(1)
    expect(await double.run('delete', '--force', 'nope')).toBe(0)
    mkdirSync(join(double.state, 'half'), { recursive: true })
    expect(await double.run('delete', 'half')).toBe(1)
    expect(await double.run('delete', '--force', 'half')).toBe(0)
    mkdirSync(join(double.state, 'damaged'))
    writeFileSync(join(double.state, 'damaged/state.json'), '{')
    expect(await double.run('delete', 'damaged')).toBe(1)
    expect(double.err).toContain('is damaged')
    expect(await double.run('delete', '-f', 'damaged')).toBe(0)
    expect(double.calls).toEqual([])
    double.container('c')
    expect(await double.run('delete', '--force', 'c')).toBe(0)
    expect(double.calls[0]).toEqual([
      'delete',
      double.state,
      expect.objectContaining({ id: 'c' }),
      expect.objectContaining({ force: true }),
    ])
  })

  test('delete --force takes what a killed create left before it had the name', async () => {
    const rest = join(double.state, `~c.${gone.init.pid}`)
    mkdirSync(rest, { recursive: true })
    expect(await double.run('delete', '--force', 'c')).toBe(0)
    expect(existsSync(rest)).toBe(false)
  })

  test('pause and resume', async () => {
    double.container('c')
    expect(await double.run('resume', 'c')).toBe(1)
    expect(double.err).toContain('container not paused')
    expect(await double.run('pause', 'c')).toBe(0)
    double.frozen = true
    expect(await double.run('pause', 'c')).toBe(1)
    expect(double.err).toContain('container not running')
    expect(await double.run('resume', 'c')).toBe(0)
    expect(double.calls).toEqual([['freeze'], ['thaw']])
  })

  test('exec: the container’s process with other words, or one of its own', async () => {
    double.container('c')
    const flags = [
      '-e',
      'A=b',
      '-u',
      '5:6',
      '-g',
      '7,8',
      '--cwd',
      '/tmp',
      '--cap',
      'CAP_CHOWN',
      '--no-new-privs=false',
    ]
    expect(await double.run('exec', '-d', ...flags, 'c', 'ls', '-l')).toBe(9)
    expect(double.calls[0]?.[1]).toMatchObject({
      detach: true,
      process: {
        args: ['ls', '-l'],
        cwd: '/tmp',
        terminal: false,
        noNewPrivileges: false,
        user: { uid: 5, gid: 6, additionalGids: [7, 8] },
        env: expect.arrayContaining(['TERM=xterm', 'A=b']),
        capabilities: { effective: expect.arrayContaining(['CAP_CHOWN', 'CAP_KILL']) },
      },
    })
    // Inheritable ones would outlive what has none (CVE-2022-29162), and there are no ambient ones without.
    expect(JSON.stringify(double.calls[0])).not.toMatch(/inheritable|ambient/)
    const file = join(double.root, 'process.json')
    writeFileSync(file, JSON.stringify({ args: ['id'], cwd: '/', user: { uid: 1, gid: 1 } }))
    expect(await double.run('exec', '--process', file, '--pid-file', '/p', 'c')).toBe(9)
    expect(double.calls[1]?.[1]).toMatchObject({ pidFile: '/p', process: { args: ['id'] } })
  })
  test.each([
    [['c'], 'process args cannot be empty'],
    [['-u', 'root', 'c', 'id'], 'user "root" is not <uid>[:<gid>]'],
    [['-e', 'X', 'c', 'id'], 'is not NAME=value'],
    [['-t', '-d', 'c', 'id'], 'without setting console socket'],
    [['-p', '/nowhere', 'c'], 'read /nowhere'],
    [['old', 'id'], 'cannot exec in a stopped container'],
  ])('exec %j is refused', async (words, message) => {
    double.container('c')
    double.container('old', gone)
    expect(await double.run('exec', ...words)).toBe(255)
    expect(double.err.replaceAll('\\"', '"')).toContain(message)
    expect(double.calls).toEqual([])
  })
  test('exec: not into a paused one, unless asked', async () => {
    double.container('c')
    double.frozen = true
    expect(await double.run('exec', 'c', 'id')).toBe(255)
    expect(double.err).toContain('paused')
    expect(await double.run('exec', '--ignore-paused', 'c', 'id')).toBe(9)
  })

  test('ps', async () => {
    double.container('c')
    expect(await double.run('ps', '-f', 'json', 'c')).toBe(0)
    expect(JSON.parse(double.out)).toEqual([self])
    expect(await double.run('ps', 'c')).toBe(0)
    expect(double.out.trim().split('\n')).toHaveLength(2)
    expect(await double.run('ps', 'c', '-o', 'args')).toBe(1)
    expect(double.err).toContain("couldn't find PID field")
  })

  test('events', async () => {
    double.container('c')
    expect(await double.run('events', '--stats', 'c')).toBe(0)
    expect(JSON.parse(double.out)).toEqual({ type: 'stats', id: 'c', data: { pids: { current: 1 } } })
    expect(await double.run('events', '--interval', '15ms', 'c')).toBe(0)
    const types = double.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type)
    expect(types).toEqual(expect.arrayContaining(['oom', 'stats']))
    double.container('old', gone)
    expect(await double.run('events', 'old')).toBe(1)
  })

  test('update: by flags, by file; the record keeps it', async () => {
    double.container('c')
    expect(
      await double.run(
        'update',
        'c',
        '--memory',
        '100m',
        '--memory-swap',
        '1g',
        '--pids-limit',
        '5',
        '--cpuset-cpus',
        '0',
      ),
    ).toBe(0)
    const limits = {
      memory: { limit: 100 * 1024 ** 2, swap: 1024 ** 3 },
      pids: { limit: 5 },
      cpu: { cpus: '0' },
    }
    expect(double.calls[0]?.[1]).toMatchObject(limits)
    const file = join(double.root, 'resources.json')
    writeFileSync(file, '{"cpu":{"shares":100}}')
    expect(await double.run('update', '--resources', file, 'c')).toBe(0)
    expect(double.calls[1]?.[1]).toMatchObject({ ...limits, cpu: { cpus: '0', shares: 100 } })
    expect(loadState(double.state, 'c').config.linux?.resources?.cpu).toEqual({
      cpus: '0',
      shares: 100,
    })
    for (const [words, message] of [
      [['--memory', 'foo'], "invalid value for memory: invalid size: 'foo'"],
      [['--cpu-quota', 'x'], 'it is not a whole number'],
      [['--cpu-period', '5'], '$.cpu.period: it goes from 1000'],
      [['--l3-cache-schema', 'L3:'], 'Intel RDT is not supported'],
      [['-r', '/nowhere'], 'read the resources from /nowhere'],
    ] as const) {
      expect(await double.run('update', ...words, 'c')).toBe(1)
      expect(double.err).toContain(message)
    }
    expect(double.calls).toHaveLength(2)
  })
})

test('spec writes a config once, and features are JSON', async () => {
  expect(await double.run('spec', '-b', double.root)).toBe(0)
  expect(JSON.parse(readFileSync(join(double.root, 'config.json'), 'utf8')).process.args).toEqual(['sh'])
  expect(await double.run('spec', '--bundle', double.root, '--rootless')).toBe(1)
  expect(double.err).toContain('File config.json exists. Remove it first')
  expect(await double.run('features')).toBe(0)
  expect(JSON.parse(double.out)).toMatchObject({
    ociVersionMin: '1.0.0',
    // features.md: what the runtime can do, whatever this host can.
    linux: { cgroup: { v1: true, v2: true }, apparmor: { enabled: true }, selinux: { enabled: true } },
    potentiallyUnsafeConfigAnnotations: [],
  })
  const { actions } = JSON.parse(double.out).linux.seccomp
  expect(actions).toContain('SCMP_ACT_ERRNO')
  expect(actions).not.toContain('SCMP_ACT_NOTIFY')
})
