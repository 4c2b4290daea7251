// What each flag of `docker run` does to config.json: what runs, as whom, with which environment.
import { describe, expect, test } from 'vitest'
import type { ContainerConfig } from '../../../../engine/api/container-config.ts'
import type { HostConfig } from '../../../../engine/api/host-config.ts'
import { commandOf, environmentOf, mergeConfig } from '../../../../engine/daemon/container/merge-config.ts'
import { resolveUser } from '../../../../engine/daemon/container/user.ts'
import { mountOf, spec } from '../../../suites/spec-request.ts'

describe('the process', () => {
  test.each<[HostConfig, ContainerConfig, object]>([
    [{}, { Tty: true }, { terminal: true, env: expect.arrayContaining(['TERM=xterm']) }],
    [{ ConsoleSize: [24, 80] }, { Tty: true }, { consoleSize: { height: 24, width: 80 } }],
    [{}, { WorkingDir: '/w' }, { cwd: '/w' }],
    [{}, { Hostname: 'h' }, { env: expect.arrayContaining(['HOSTNAME=h']) }],
    [{ OomScoreAdj: -500 }, {}, { oomScoreAdj: -500 }],
    [{ Init: true }, {}, { args: ['/sbin/docker-init', '--', 'sh', '-c', 'x'] }],
    [{ Init: true, PidMode: 'host' }, {}, { args: ['sh', '-c', 'x'] }],
  ])('%j %j', (hostConfig, config, expected) => {
    expect(spec(hostConfig, { config }).process).toMatchObject(expected)
  })

  test('more', () => {
    expect(spec({}, { config: { Hostname: 'h', Domainname: 'd' } })).toMatchObject({
      hostname: 'h',
      linux: { sysctl: { 'kernel.domainname': 'd' } },
    })
    expect(spec({ Sysctls: { 'net.ipv4.ip_forward': '1' }, Annotations: { a: 'b' } })).toMatchObject({
      annotations: { a: 'b' },
      linux: { sysctl: { 'net.ipv4.ip_forward': '1' } },
    })
    expect(spec({ CgroupParent: '/mine' }).linux?.cgroupsPath).toBe(`/mine/${'f'.repeat(64)}`)
    expect(mountOf(spec({ Init: true }), '/sbin/docker-init')).toMatchObject({ source: '/usr/bin/tini' })
  })

  test('environment: what is named again stands in its place, a name alone takes it away', () => {
    expect(environmentOf({ Env: ['A=1', 'PATH=/x', 'HOSTNAME', 'E='] }, 'h')).toEqual([
      'PATH=/x',
      'A=1',
      'E=',
    ])
  })

  test('entrypoint and command', () => {
    const image = {
      Entrypoint: ['/e'],
      Cmd: ['c'],
      Env: ['A=1', 'B=2'],
      WorkingDir: '/i',
      User: 'u',
      Labels: { x: '1' },
    }
    const run = (own: ContainerConfig) => commandOf(mergeConfig(own, image))
    expect(run({})).toEqual({ path: '/e', args: ['c'] })
    expect(run({ Cmd: ['d'] })).toEqual({ path: '/e', args: ['d'] })
    expect(run({ Entrypoint: ['/mine'] })).toEqual({ path: '/mine', args: [] })
    expect(run({ Entrypoint: [''], Cmd: ['x', 'y'] })).toEqual({ path: 'x', args: ['y'] })
    expect(() => commandOf({})).toThrow('No command specified')
    const health = { Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } }
    expect(mergeConfig({ Env: ['B=3'], Healthcheck: { Retries: 2 } }, { ...image, ...health })).toMatchObject(
      {
        ...{ WorkingDir: '/i', User: 'u', Labels: { x: '1' } },
        Env: ['B=3', 'A=1'],
        Healthcheck: { Test: ['CMD', 'x'], Interval: 5, Retries: 2 },
      },
    )
  })
})

describe('--user', () => {
  const files = {
    passwd: 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:/bin/false\n1000:x:7:8::/:\n',
    group: 'root:x:0:\nweb:x:34:\nlog:x:50:web,root\ndisk:x:6:web\n',
  }

  test.each([
    ['', { uid: 0, gid: 0, additionalGids: [0, 50] }],
    ['web', { uid: 33, gid: 34, additionalGids: [34, 50, 6] }],
    ['33', { uid: 33, gid: 34, additionalGids: [34, 50, 6] }],
    ['web:log', { uid: 33, gid: 50, additionalGids: [50] }],
    ['500', { uid: 500, gid: 0, additionalGids: [0] }],
    ['500:600', { uid: 500, gid: 600, additionalGids: [600] }],
    ['1000', { uid: 7, gid: 8, additionalGids: [8] }],
  ])('%j', (text, expected) => {
    expect(resolveUser(text, files)).toEqual(expected)
  })

  test('groups that are added, and names that are not there', () => {
    expect(resolveUser('500', files, ['disk', '77']).additionalGids).toEqual([0, 6, 77])
    expect(() => resolveUser('nobody', files)).toThrow(
      'unable to find user nobody: no matching entries in passwd file',
    )
    expect(() => resolveUser('web:x', files)).toThrow(
      'unable to find group x: no matching entries in group file',
    )
    expect(resolveUser('5:6', { passwd: '', group: '' })).toEqual({ uid: 5, gid: 6, additionalGids: [6] })
  })
})
