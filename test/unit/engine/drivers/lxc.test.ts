// What LXC is told of a container, and what its log tells us: without LXC.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runtimeOf } from '../../../../engine/daemon/container/launch.ts'
import { lxcConfig } from '../../../../engine/drivers/exec/lxc-config.ts'
import { hookScript } from '../../../../engine/drivers/exec/lxc-hook.ts'
import { endIn, hasStarted, lxcError } from '../../../../engine/drivers/exec/lxc-log.ts'
import { makeWorkingDirectory, mountEntries } from '../../../../engine/drivers/exec/lxc-mounts.ts'
import { refuseInexpressible } from '../../../../engine/drivers/exec/lxc-refused.ts'
import { lxcSeccomp } from '../../../../engine/drivers/exec/lxc-seccomp.ts'
import { type Config, configSchema } from '../../../../engine/libcontainer/config/config.ts'
import { baseConfig, type Json, merge } from '../../../suites/bundle-config.ts'

const configWith = (changes: Json = {}): Config => configSchema.parse(merge(baseConfig('box'), changes))
const places = { rootfs: '/r', mountPoint: '/m', cgroup: '/tocker/box', hook: "/it's/hook", log: '/l' }
const linesOf = (changes: Json = {}, mounts: string[] = []): string[] =>
  lxcConfig(configWith(changes), places, mounts).split('\n')

describe('LXC’s configuration', () => {
  test('has a line for each wish', () => {
    const changes = {
      root: { readonly: true },
      process: {
        user: { uid: 5, gid: 6, additionalGids: [7, 8] },
        cwd: '/a b',
        env: ['A=1', 'B= "quoted" '],
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 2 ** 64 }],
        oomScoreAdj: -5,
        capabilities: { bounding: ['CAP_NET_RAW', 'CAP_CHOWN'] },
      },
      linux: {
        namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'network', path: '/run/ns one' }],
      },
    }
    const lines = linesOf(changes, ['proc proc proc ro 0 0'])
    for (const line of [
      'lxc.rootfs.path = "dir:/r"',
      'lxc.rootfs.options = "ro"',
      'lxc.autodev.tmpfs.size = "67108864"',
      'lxc.uts.name = "blue"',
      'lxc.namespace.clone = "mnt pid"',
      'lxc.namespace.share.net = "/run/ns one"',
      'lxc.cgroup.dir.container = "tocker/box"',
      'lxc.mount.entry = "proc proc proc ro 0 0"',
      'lxc.init.uid = "5"',
      'lxc.init.groups = "7,8"',
      'lxc.init.cwd = "/a b"',
      'lxc.environment = "B= "quoted" "',
      'lxc.prlimit.nofile = "10:unlimited"',
      'lxc.proc.oom_score_adj = "-5"',
      'lxc.cap.keep = "net_raw chown"',
      'lxc.no_new_privs = "1"',
      String.raw`lxc.hook.stop = "sh '/it'\''s/hook'"`,
    ])
      expect(lines).toContain(line)
    expect(lines.filter((line) => line.startsWith('lxc.net.'))).toEqual([])
    expect(linesOf()).toContain('lxc.net.0.type = "empty"')
    expect(linesOf({ linux: { namespaces: [{ type: 'mount' }] } })).toContain('lxc.net.0.type = "none"')
    expect(linesOf({ process: { capabilities: { bounding: [] } } })).toContain('lxc.cap.keep = "none"')
  })

  test('takes no line of a value’s own making', () => {
    const evil = 'A=1\nlxc.hook.pre-start = touch /owned'
    expect(() => linesOf({ process: { env: [evil] } })).toThrow(/lxc\.environment: .* line break in it/)
    expect(() => linesOf({ hostname: 'a\nb' })).toThrow(/lxc\.uts\.name/)
    expect(() => linesOf({ process: { cwd: '/a\nb' } })).toThrow(/lxc\.init\.cwd/)
  })

  test('is refused where LXC has no word', () => {
    const refused: [Json, RegExp][] = [
      [{ process: { user: { umask: 0o77 } } }, /\$\.process\.user\.umask/],
      [{ process: { env: ['NAMELESS'] } }, /\$\.process\.env/],
      [{ process: { capabilities: { ambient: ['CAP_CHOWN'] } } }, /ambient/],
      [{ process: { scheduler: { policy: 'SCHED_IDLE' } } }, /scheduler/],
      [{ hooks: { poststop: [{ path: '/bin/true' }] } }, /\$\.hooks/],
      [{ linux: { rootfsPropagation: 'shared' } }, /rootfsPropagation/],
      [{ linux: { devices: [{ type: 'c', path: '/etc/x' }] } }, /in \/dev only/],
      [{ linux: { namespaces: [{ type: 'pid' }] } }, /mount namespace/],
      [{ linux: { namespaces: [{ type: 'mount' }, { type: 'user' }] } }, /user namespace/],
      [{ mounts: [{ destination: '/x', type: 'tmpfs', options: ['tmpcopyup'] }] }, /mounts\[0\]\.options/],
    ]
    for (const [changes, words] of refused) {
      expect(() => refuseInexpressible(configWith(changes)), JSON.stringify(changes)).toThrow(words)
      expect(() => refuseInexpressible(configWith(changes))).toThrow(/another runtime/)
    }
    expect(() => refuseInexpressible(configWith())).not.toThrow()
  })
})

test('mounts are lines of fstab, at places that are no links', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lc-lxc-'))
  try {
    const rootfs = join(directory, 'rootfs')
    mkdirSync(join(rootfs, 'run'), { recursive: true })
    symlinkSync('/run', join(rootfs, 'link'))
    symlinkSync('../../../../../..', join(rootfs, 'out'))
    writeFileSync(join(directory, 'a file'), '')
    const config = configWith({
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
        { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=1k'] },
        { destination: '/link/data', type: 'bind', source: directory, options: ['rbind', 'ro'] },
        { destination: '/out/etc/my\tfile', type: 'bind', source: 'a file' },
      ],
      linux: { maskedPaths: ['/proc/timer_list', '/nowhere'], readonlyPaths: ['/proc/sys'] },
    })
    const places = { bundle: directory, rootfs, mountPoint: '/m' }
    const escaped = directory.replaceAll(' ', '\\040')
    expect(mountEntries(config, places)).toEqual([
      'proc proc proc nosuid 0 0',
      'shm dev/shm tmpfs size=1k,create=dir 0 0',
      `${escaped} run/data none rbind,ro 0 0`,
      `${escaped}/a\\040file etc/my\\011file none bind 0 0`,
      '/dev/null proc/timer_list none bind 0 0',
      '/m/proc/sys proc/sys none rbind,ro 0 0',
    ])
    const volumes = [{ destination: '/data/', type: 'bind', source: 'volume' }]
    mkdirSync(join(directory, 'volume'))
    for (const cwd of ['/link/work', '/data/work', '/dev/shm'])
      makeWorkingDirectory(
        configWith({ process: { cwd }, mounts: [...(config.mounts ?? []), ...volumes] }),
        places,
      )
    expect(readdirSync(join(rootfs, 'run'))).toEqual(['data', 'work'])
    expect(readdirSync(join(directory, 'volume'))).toEqual(['work'])
    symlinkSync('/etc', join(rootfs, 'sys'))
    const linked = configWith({ mounts: [{ destination: '/sys', type: 'sysfs', source: 'sysfs' }] })
    expect(() => mountEntries(linked, places)).toThrow(/mounts\[0\]/)
    const comment = configWith({ mounts: [{ destination: '/x', type: 'tmpfs', source: '#x' }] })
    expect(() => mountEntries(comment, places)).toThrow(/mounts\[0\]/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a seccomp profile keeps its meaning', () => {
  const args = (...list: [number, number, string, number?][]) =>
    list.map(([index, value, op, valueTwo]) => ({
      ...{ index, value, op },
      ...(valueTwo === undefined ? {} : { valueTwo }),
    }))
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    syscalls: [
      { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
      { names: ['clone'], action: 'SCMP_ACT_ALLOW', args: args([0, 255, 'SCMP_CMP_MASKED_EQ', 0]) },
      {
        names: ['socket'],
        action: 'SCMP_ACT_ALLOW',
        args: args([0, 1, 'SCMP_CMP_EQ'], [0, 2, 'SCMP_CMP_EQ']),
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  }
  expect(lxcSeccomp(profile).trimEnd().split('\n')).toEqual([
    ...['2', 'allowlist errno 38', '[all]', 'read allow', 'write allow'],
    'clone allow [0,0,SCMP_CMP_MASKED_EQ,255]',
    'socket allow [0,1,SCMP_CMP_EQ]',
    'socket allow [0,2,SCMP_CMP_EQ]',
    'clone3 errno 38',
  ])
  expect(lxcSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' })).toBe('2\ndenylist\n')
  expect(() => lxcSeccomp({ defaultAction: 'SCMP_ACT_LOG' })).toThrow(/SCMP_ACT_LOG/)
})

test('the hook’s script is one, whatever is in its values', () => {
  const config = configWith({
    linux: {
      sysctl: { 'net.ipv4.conf.eth0/1.x': "1'; touch /owned; '" },
      devices: [{ type: 'c', path: '/dev/a b', major: 1, minor: 3, fileMode: 0o600, uid: 1, gid: 2 }],
    },
  })
  const script = hookScript(config, { directory: "/d'", log: '/l', counters: '/c' })
  execFileSync('sh', ['-n'], { input: script })
  expect(script).toContain(
    String.raw`printf %s '1'\''; touch /owned; '\''' >'/proc/sys/net/ipv4/conf/eth0.1/x'`,
  )
  expect(script).toContain(`mknod -m 600 "$LXC_ROOTFS_MOUNT"'/dev/a b' c 1 3`)
})

test('a machine without LXC says which package it lacks', () => {
  const hostConfig = { Runtime: 'lxc' }
  expect(() => runtimeOf({ hostConfig }, {})).toThrow(
    'unknown or invalid runtime name: lxc: the program lxc-start is not installed (the package lxc has it)',
  )
  expect(runtimeOf({ hostConfig }, { lxc: '/usr/bin/lxc-start' })).toEqual({
    name: 'lxc',
    program: '/usr/bin/lxc-start',
  })
})

describe('LXC’s log', () => {
  const line = (level: string, text: string): string =>
    `lxc-start box 20261129025612.986 ${level}    ${text}\n`
  const started = line('NOTICE', 'start - ../src/lxc/start.c:post_start:2205 - Started "sh" with pid "47"')
  const ended = (how: string): string =>
    line('INFO', `error - ../src/lxc/error.c:lxc_error_set_and_log:31 - ${how}`)

  test('has the end', () => {
    expect(hasStarted(started)).toBe(true)
    expect(hasStarted(ended('x'))).toBe(false)
    expect(endIn(`${started}${ended('Child <47> ended on error (3)')}stopped\n`, 47)).toBe(3)
    expect(endIn(`${started}${ended('Child <47> ended on signal Killed(9)')}`, 47)).toBe(137)
    expect(endIn(`${started}${ended('Child <47> ended on signal (15)')}`, 47)).toBe(143)
    expect(endIn(`${started}stopped\n`, 47)).toBe(0)
    expect(endIn(started, 47)).toBeUndefined()
    expect(endIn(`${started}${ended('Child <4> ended on error (3)')}`, 47)).toBeUndefined()
  })

  test('has the reason', () => {
    const failed = (reason: string, program: string): string =>
      line('ERROR', `start - ../src/lxc/start.c:start:2197 - ${reason} - Failed to exec "${program}"`)
    const missing = lxcError(failed('No such file or directory', 'sh'), 'start')
    expect(missing).toMatchObject({
      exitStatus: 127,
      message: 'exec: "sh": executable file not found in $PATH',
    })
    expect(lxcError(failed('Permission denied', '/x'), 'start')).toMatchObject({
      exitStatus: 126,
      message: 'exec: "/x": permission denied',
    })
    const other = line('ERROR', 'conf - ../src/lxc/conf.c:run_buffer:322 - Script exited with status 1')
    expect(lxcError(`${other}${other}`, 'create').message).toBe(
      'lxc-start, create: Script exited with status 1',
    )
    expect(lxcError('', 'create').message).toMatch(/did not take its configuration/)
  })
})
