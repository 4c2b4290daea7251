// What each flag of `docker run` does to config.json: one row, one flag. Limits and rights.
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { HostConfig } from '../../../../engine/api/host-config.ts'
import { encode } from '../../../../engine/libcontainer/config/encode.ts'
import { validateConfig } from '../../../../engine/libcontainer/config/validate.ts'
import { defaultCapabilities } from '../../../../engine/libcontainer/defaults.ts'
import { mountOf, namespacesIn, sda, spec } from '../../../suites/spec-request.ts'

test('with no flag at all, it is what Docker gives a container, and a config that the runtime takes', () => {
  const config = spec()
  expect(config).toMatchObject({
    root: { path: tmpdir(), readonly: false },
    hostname: 'ffffffffffff',
    process: {
      args: ['sh', '-c', 'x'],
      cwd: '/',
      terminal: false,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOSTNAME=ffffffffffff'],
      capabilities: { bounding: defaultCapabilities },
      noNewPrivileges: false,
      rlimits: [],
    },
    linux: {
      cgroupsPath: `/tocker/${'f'.repeat(64)}`,
      sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    },
  })
  expect(namespacesIn(config)).toEqual({
    mount: 'new',
    network: 'new',
    uts: 'new',
    pid: 'new',
    ipc: 'new',
    cgroup: 'new',
  })
  expect(config.linux?.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO')
  expect(config.linux?.resources).toEqual({ devices: expect.any(Array) })
  expect(mountOf(config, '/etc/hosts')).toMatchObject({ source: '/var/x/hosts', type: 'bind' })
  const warnings: string[] = []
  validateConfig(encode(config), tmpdir(), (line) => warnings.push(line))
  expect(warnings).toEqual([])
})

describe('limits', () => {
  test.each<[HostConfig, object]>([
    [{ Memory: 1000 }, { memory: { limit: 1000, swap: 2000 } }],
    [{ Memory: 1000, MemorySwap: 1000 }, { memory: { limit: 1000, swap: 1000 } }],
    [{ Memory: 1000, MemorySwap: -1 }, { memory: { limit: 1000 } }],
    [{ MemoryReservation: 500, MemorySwappiness: 0 }, { memory: { reservation: 500, swappiness: 0 } }],
    [{ MemorySwappiness: -1 }, {}],
    [{ OomKillDisable: true }, { memory: { disableOOMKiller: true } }],
    [{ CpuShares: 512 }, { cpu: { shares: 512 } }],
    [{ NanoCpus: 1_500_000_000 }, { cpu: { period: 100_000, quota: 150_000 } }],
    [{ CpuPeriod: 50_000, CpuQuota: 25_000 }, { cpu: { period: 50_000, quota: 25_000 } }],
    [{ CpusetCpus: '0-1', CpusetMems: '0' }, { cpu: { cpus: '0-1', mems: '0' } }],
    [{ BlkioWeight: 300 }, { blockIO: { weight: 300 } }],
    [
      { BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 200 }] },
      { blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 200 }] } },
    ],
    [
      { BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1024 }] },
      { blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1024 }] } },
    ],
    [
      { BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 10 }] },
      { blockIO: { throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 10 }] } },
    ],
    [{ PidsLimit: 50 }, { pids: { limit: 50 } }],
    [{ PidsLimit: -1 }, { pids: { limit: -1 } }],
    [{ PidsLimit: 0 }, {}],
  ])('%j', (hostConfig, expected) => {
    const { devices: _, ...resources } = spec(hostConfig).linux?.resources ?? {}
    expect(resources).toEqual(expected)
  })

  test('where the kernel does not count swap, none is limited', () => {
    expect(spec({ Memory: 1000 }, { host: { countsSwap: false } }).linux?.resources?.memory).toEqual({
      limit: 1000,
    })
  })

  test.each<[HostConfig, string]>([
    [{ BlkioDeviceReadBps: [{ Path: '/dev/no', Rate: 1 }] }, 'stat /dev/no: no such file or directory'],
  ])('%j is refused', (hostConfig, message) => {
    expect(() => spec(hostConfig)).toThrow(message)
  })

  test('ulimits, with those of the daemon behind them, and infinity exact', () => {
    const config = spec(
      {
        Ulimits: [
          { Name: 'nofile', Soft: 10, Hard: 20 },
          { Name: 'core', Soft: -1, Hard: -1 },
        ],
      },
      {
        host: {
          defaultUlimits: [
            { Name: 'nofile', Soft: 1, Hard: 1 },
            { Name: 'nproc', Soft: 5, Hard: 6 },
          ],
        },
      },
    )
    const { rlimits } = JSON.parse(encode(config)).process
    expect(rlimits.map(({ type, soft }: { type: string; soft: number }) => [type, soft])).toEqual([
      ['RLIMIT_NOFILE', 10],
      ['RLIMIT_CORE', 2 ** 64],
      ['RLIMIT_NPROC', 5],
    ])
    expect(encode(config)).toContain('"soft":18446744073709551615')
  })
})

describe('rights', () => {
  const bounding = (hostConfig: HostConfig) => spec(hostConfig).process?.capabilities?.bounding ?? []

  test('capabilities', () => {
    expect(bounding({ CapAdd: ['net_admin'] })).toEqual([...defaultCapabilities, 'CAP_NET_ADMIN'])
    expect(bounding({ CapDrop: ['ALL'] })).toEqual([])
    expect(bounding({ CapDrop: ['all'], CapAdd: ['CAP_CHOWN'] })).toEqual(['CAP_CHOWN'])
    expect(bounding({ CapAdd: ['ALL'], CapDrop: ['SYS_ADMIN'] })).not.toContain('CAP_SYS_ADMIN')
    expect(bounding({ CapAdd: ['ALL'] })).toHaveLength(41)
    expect(() => spec({ CapAdd: ['FLY'] })).toThrow('unknown capability: "CAP_FLY"')
  })

  test('a capability opens what the filter keeps shut for want of it', () => {
    const allowed = (hostConfig: HostConfig) =>
      spec(hostConfig).linux?.seccomp?.syscalls?.some(({ names }) => names.includes('mount')) ?? false
    expect([allowed({}), allowed({ CapAdd: ['SYS_ADMIN'] })]).toEqual([false, true])
  })

  test('--privileged', () => {
    const config = spec({ Privileged: true }, { host: { apparmorProfile: 'docker-default' } })
    expect(config.process).toMatchObject({ apparmorProfile: 'unconfined' })
    expect(config.process?.capabilities?.bounding).toHaveLength(41)
    expect(config.linux).toMatchObject({ maskedPaths: [], readonlyPaths: [], devices: [sda] })
    expect(config.linux?.resources?.devices).toEqual([{ allow: true, access: 'rwm' }])
    expect(config.linux?.seccomp).toBeUndefined()
    for (const destination of ['/sys', '/sys/fs/cgroup'])
      expect(mountOf(config, destination)?.options).not.toContain('ro')
  })

  test('--security-opt', () => {
    expect(spec({ SecurityOpt: ['no-new-privileges'] }).process?.noNewPrivileges).toBe(true)
    expect(spec({ SecurityOpt: ['no-new-privileges=false'] }).process?.noNewPrivileges).toBe(false)
    expect(spec({ SecurityOpt: ['seccomp=unconfined'] }).linux?.seccomp).toBeUndefined()
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['chmod'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_NET_ADMIN'] } },
        { name: 'bpf', action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'] } },
        { names: ['x'], action: 'SCMP_ACT_KILL', includes: { minKernel: '9.9' } },
        { names: ['y'], action: 'SCMP_ACT_LOG', includes: { arches: ['arm64'] } },
      ],
    }
    const seccomp = (hostConfig: HostConfig) =>
      spec({ ...hostConfig, SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] }).linux?.seccomp
    expect(seccomp({})).toMatchObject({
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO' }],
    })
    expect(seccomp({ CapAdd: ['BPF', 'NET_ADMIN'] })?.syscalls).toEqual([
      { names: ['bpf'], action: 'SCMP_ACT_ALLOW' },
    ])
    expect(() => spec({ SecurityOpt: ['seccomp={'] })).toThrow('Decoding seccomp profile failed')
    expect(() => spec({ SecurityOpt: ['what'] })).toThrow('invalid --security-opt 1: "what"')
    expect(() => spec({ SecurityOpt: ['a=b'] })).toThrow('invalid --security-opt 2: "a=b"')
    const apparmor = (SecurityOpt: string[]) =>
      spec({ SecurityOpt }, { host: { apparmorProfile: 'd' } }).process?.apparmorProfile
    expect([apparmor([]), apparmor(['apparmor=mine']), apparmor(['apparmor:unconfined'])]).toEqual([
      'd',
      'mine',
      'unconfined',
    ])
    expect(spec({ SecurityOpt: ['apparmor=mine'] }).process?.apparmorProfile).toBeUndefined()
  })

  test('paths that are hidden or read-only can be others, or none', () => {
    expect(spec({ MaskedPaths: [], ReadonlyPaths: ['/x'] }).linux).toMatchObject({
      maskedPaths: [],
      readonlyPaths: ['/x'],
    })
  })
})
