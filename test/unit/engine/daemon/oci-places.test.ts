// What each flag of `docker run` does to config.json: namespaces, mounts, devices.
import { describe, expect, test } from 'vitest'
import type { HostConfig } from '../../../../engine/api/host-config.ts'
import { machineFacts } from '../../../../engine/daemon/container/host-facts.ts'
import type { HostFacts } from '../../../../engine/daemon/container/oci-spec.ts'
import type { MountPoint } from '../../../../engine/daemon/container/record.ts'
import { mountOf, namespacesIn, sda, spec } from '../../../suites/spec-request.ts'

describe('namespaces', () => {
  test.each<[HostConfig, object]>([
    [{ NetworkMode: 'host' }, { network: undefined }],
    [{ NetworkMode: 'container:other' }, { network: '/proc/4711/ns/net' }],
    [{ PidMode: 'host' }, { pid: undefined }],
    [{ PidMode: 'container:other' }, { pid: '/proc/4711/ns/pid' }],
    [{ IpcMode: 'host' }, { ipc: undefined }],
    [{ IpcMode: 'container:other' }, { ipc: '/proc/4711/ns/ipc' }],
    [{ UTSMode: 'host' }, { uts: undefined }],
    [{ CgroupnsMode: 'host' }, { cgroup: undefined }],
  ])('%j', (hostConfig, expected) => {
    expect(namespacesIn(spec(hostConfig))).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    )
    for (const [type, value] of Object.entries(expected))
      if (value === undefined) expect(namespacesIn(spec(hostConfig))[type]).toBeUndefined()
  })

  test('on cgroup v1 the container sees the host’s cgroups, as with Docker', () => {
    expect(namespacesIn(spec({}, { host: { cgroupVersion: 1 } })).cgroup).toBeUndefined()
  })

  test('who shares the host’s names has none of its own, and who shares a network no sysctls of it', () => {
    expect(spec({ UTSMode: 'host' }).hostname).toBeUndefined()
    expect(spec({ NetworkMode: 'host' }).linux?.sysctl).toEqual({})
  })

  test('userns-remap', () => {
    const idMappings = {
      uids: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gids: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    }
    const config = spec({}, { host: { idMappings } })
    expect(namespacesIn(config).user).toBe('new')
    expect(config.linux?.uidMappings).toEqual(idMappings.uids)
    expect(mountOf(config, '/sys/fs/cgroup')?.options).not.toContain('ro')
    expect(namespacesIn(spec({ UsernsMode: 'host' }, { host: { idMappings } })).user).toBeUndefined()
    expect(namespacesIn(spec({ NetworkMode: 'container:other' }, { host: { idMappings } })).user).toBe(
      '/proc/4711/ns/user',
    )
  })

  test.each<[HostConfig, string]>([
    [{ Privileged: true }, 'privileged mode is incompatible with user namespaces'],
    [{ NetworkMode: 'host' }, "cannot share the host's network namespace when user namespaces are enabled"],
    [{ PidMode: 'host' }, 'cannot share the host PID namespace when user namespaces are enabled'],
    [{ IpcMode: 'host' }, "cannot share the host's IPC namespace when user namespaces are enabled"],
  ])('with userns-remap, %j is refused, but not with --userns=host', (hostConfig, message) => {
    const range = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
    const host = { idMappings: { uids: range, gids: range } }
    expect(() => spec(hostConfig, { host })).toThrow(message)
    expect(() => spec({ ...hostConfig, UsernsMode: 'host' }, { host })).not.toThrow()
  })

  test.each<[HostConfig, string]>([
    [{ PidMode: 'x' }, 'invalid PID mode: x'],
    [{ IpcMode: 'x' }, 'invalid IPC mode: x'],
    [{ UTSMode: 'x' }, 'invalid UTS mode: x'],
    [{ UsernsMode: 'x' }, 'invalid USER mode: x'],
    [{ CgroupnsMode: 'x' }, 'invalid cgroup namespace mode: x'],
  ])('%j is refused', (hostConfig, message) => {
    expect(() => spec(hostConfig)).toThrow(message)
  })
})

describe('mounts', () => {
  const point = { type: 'bind', source: '/host', mode: '', writable: true, propagation: 'rprivate' } as const

  test('binds and volumes', () => {
    const config = spec(
      {},
      {
        points: [
          { ...point, destination: '/data/deep' },
          {
            ...point,
            type: 'volume',
            name: 'v',
            destination: '/data',
            writable: false,
            nonRecursive: true,
            propagation: '',
          },
        ],
      },
    )
    expect(mountOf(config, '/data/deep')).toEqual({
      destination: '/data/deep',
      source: '/host',
      type: 'bind',
      options: ['rbind', 'rprivate'],
    })
    expect(mountOf(config, '/data')?.options).toEqual(['bind', 'ro'])
    const order = (config.mounts ?? []).map(({ destination }) => destination)
    expect(order.indexOf('/data')).toBeLessThan(order.indexOf('/data/deep'))
    expect(config.linux?.rootfsPropagation).toBeUndefined()
    expect(
      spec({}, { points: [{ ...point, destination: '/x', propagation: 'rshared' }] }).linux
        ?.rootfsPropagation,
    ).toBe('shared')
    expect(
      spec({}, { points: [{ ...point, destination: '/x', propagation: 'rslave' }] }).linux?.rootfsPropagation,
    ).toBe('rslave')
  })

  test('what is read-only is so with all that is mounted below, as far as the runtime can', () => {
    const options = (more: Partial<MountPoint>, facts: Partial<HostFacts> = {}) =>
      mountOf(
        spec({}, { points: [{ ...point, writable: false, destination: '/x', ...more }], host: facts }),
        '/x',
      )?.options
    expect(options({})).toEqual(['rbind', 'rro', 'rprivate'])
    expect(options({ readonlyBelow: 'always' })).toEqual(['rbind', 'rro', 'rprivate'])
    expect(options({ readonlyBelow: 'never' })).toEqual(['rbind', 'ro', 'rprivate'])
    expect(options({}, { knowsRro: false })).toEqual(['rbind', 'ro', 'rprivate'])
    expect(() => options({ readonlyBelow: 'always' }, { knowsRro: false })).toThrow('/x: this runtime cannot')
  })

  test('what the user mounts wins over what is there anyway', () => {
    const config = spec({}, { points: [{ ...point, destination: '/dev' }] })
    expect((config.mounts ?? []).filter(({ destination }) => destination.startsWith('/dev'))).toHaveLength(1)
  })

  test('tmpfs, by --tmpfs and by --mount', () => {
    const options = (hostConfig: HostConfig) => mountOf(spec(hostConfig), '/t')?.options
    expect(options({ Tmpfs: { '/t': '' } })).toEqual(['noexec', 'nosuid', 'nodev', 'rprivate'])
    expect(options({ Tmpfs: { '/t': 'size=1m,exec,rw' } })).toEqual([
      'nosuid',
      'nodev',
      'rprivate',
      'size=1m',
      'exec',
      'rw',
    ])
    expect(() => spec({ Tmpfs: { '/t': 'what' } })).toThrow('invalid tmpfs option ["what"]')
    const byMount: HostConfig = {
      Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1770 } }],
    }
    expect(options(byMount)).toEqual(['noexec', 'nosuid', 'nodev', 'rprivate', 'size=4096', 'mode=1770'])
  })

  test('--security-opt writable-cgroups', () => {
    const options = (SecurityOpt: string[]) => mountOf(spec({ SecurityOpt }), '/sys/fs/cgroup')?.options
    expect(options([])).toContain('ro')
    expect(options(['writable-cgroups=false'])).toContain('ro')
    expect(options(['writable-cgroups=true'])).not.toContain('ro')
  })

  test('/dev/shm', () => {
    const shm = (hostConfig: HostConfig, facts: Partial<HostFacts> = {}) =>
      mountOf(spec(hostConfig, { host: facts }), '/dev/shm')
    expect(shm({})?.options).toContain('size=67108864')
    expect(shm({ ShmSize: 1024 })?.options).toContain('size=1024')
    expect(shm({ IpcMode: 'none' })).toBeUndefined()
    expect(shm({ IpcMode: 'host' })).toMatchObject({ type: 'bind', source: '/dev/shm' })
    expect(shm({ IpcMode: 'shareable' }, { sharedMemory: '/s' })).toMatchObject({
      type: 'bind',
      source: '/s',
    })
    expect(shm({ IpcMode: 'container:other' }, { sharedMemory: '/s' })).toMatchObject({
      type: 'bind',
      source: '/s',
    })
  })

  test('--read-only', () => {
    const config = spec({ ReadonlyRootfs: true }, { points: [{ ...point, destination: '/data' }] })
    expect(config.root.readonly).toBe(true)
    const readOnly = (config.mounts ?? [])
      .filter(({ options }) => options?.includes('ro'))
      .map((one) => one.destination)
    // The daemon's own files, too, as with dockerd.
    expect(readOnly.toSorted()).toEqual(['/etc/hosts', '/sys', '/sys/fs/cgroup'])
  })
})

describe('devices', () => {
  test('--device and --device-cgroup-rule', () => {
    const config = spec({
      Devices: [
        { PathOnHost: '/dev/sda', PathInContainer: '/dev/xvda', CgroupPermissions: 'r' },
        { PathOnHost: '/dev/snd', PathInContainer: '', CgroupPermissions: '' },
      ],
      DeviceCgroupRules: ['c 10:* rwm'],
    })
    expect(config.linux?.devices).toEqual([
      { ...sda, path: '/dev/xvda' },
      expect.objectContaining({ path: '/dev/snd/seq', major: 116 }),
    ])
    expect(config.linux?.resources?.devices?.slice(-3)).toEqual([
      { allow: true, type: 'b', major: 8, minor: 0, access: 'r' },
      { allow: true, type: 'c', major: 116, minor: 1, access: 'rwm' },
      { allow: true, type: 'c', major: 10, access: 'rwm' },
    ])
    expect(() => spec({ DeviceCgroupRules: ['x'] })).toThrow("invalid device cgroup rule format: 'x'")
    expect(() =>
      spec({ Devices: [{ PathOnHost: '/dev/no', PathInContainer: '/dev/no', CgroupPermissions: 'r' }] }),
    ).toThrow(/"\/dev\/no": no such file/)
  })

  test('of this machine', () => {
    const facts = machineFacts()
    expect(facts.devicesAt('/dev/null')).toEqual([
      expect.objectContaining({ type: 'c', major: 1, minor: 3, fileMode: 0o666 }),
    ])
    expect(facts.deviceNumbers('/dev/zero')).toEqual({ major: 1, minor: 5 })
    expect(facts.devicesAt('/nowhere')).toEqual([])
    expect(facts.hostDevices().map(({ path }) => path)).not.toContain('/dev/null')
  })
})
