// What mounts are made from, without a kernel: options, mountinfo, sysctls, device numbers.
import { describe, expect, test } from 'vitest'
import type { Namespace } from '../../../engine/libcontainer/config/linux.ts'
import {
  knownMountOptions,
  mountAttributesOf,
  parseMountOptions,
} from '../../../engine/libcontainer/mount-options.ts'
import { sysctlProblem } from '../../../engine/libcontainer/sysctl.ts'
import * as flags from '../../../engine/syscalls/flags.ts'
import { mountAt, readMountinfo } from '../../../engine/syscalls/mountinfo.ts'
import { makedev, splitDevice } from '../../../engine/syscalls/open.ts'

const parse = (...options: string[]) => parseMountOptions({ destination: '/x', type: 'tmpfs', options })

describe('mount options', () => {
  test('words become flags, the rest is for the file system', () => {
    expect(parse('nosuid', 'ro', 'mode=755', 'constructor', 'sync')).toMatchObject({
      set: flags.MS_NOSUID | flags.MS_RDONLY | flags.MS_SYNCHRONOUS,
      clear: 0,
      data: ['mode=755', 'constructor'],
    })
  })

  test('the last word holds', () => {
    expect(parse('ro', 'rw')).toMatchObject({ set: 0, clear: flags.MS_RDONLY })
    expect(parse('rw', 'ro')).toMatchObject({ set: flags.MS_RDONLY, clear: 0 })
    expect(parse('noatime', 'strictatime').set).toBe(flags.MS_STRICTATIME)
  })

  test('an r before it means all mounts below', () => {
    const { set, recursive } = parse('rro', 'rnosuid', 'rrelatime', 'rdev', 'relatime')
    expect(set).toBe(flags.MS_RELATIME)
    expect(recursive.set).toBe(flags.MS_RDONLY | flags.MS_NOSUID | flags.MS_RELATIME)
    expect(mountAttributesOf(recursive)).toEqual({
      set: flags.MOUNT_ATTR_RDONLY | flags.MOUNT_ATTR_NOSUID,
      clear: flags.MOUNT_ATTR_NODEV | flags.MOUNT_ATTR__ATIME,
    })
  })

  test('propagation keeps its order; tmpcopyup, idmap and ridmap are ours', () => {
    expect(parse('rslave', 'shared').propagation).toEqual([flags.MS_SLAVE | flags.MS_REC, flags.MS_SHARED])
    expect(parse('tmpcopyup').tmpcopyup).toBe(true)
    expect(parse('ridmap')).toMatchObject({ idmap: 'ridmap', data: [] })
    const uidMappings = [{ containerID: 0, hostID: 1, size: 1 }]
    expect(parseMountOptions({ destination: '/x', uidMappings }).idmap).toBe('idmap')
  })

  test('the type bind means bind', () => {
    expect(parseMountOptions({ destination: '/x', type: 'bind' }).set).toBe(flags.MS_BIND)
  })

  test('every option of config.md is known', () => {
    const words =
      'async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap'
    expect(knownMountOptions()).toEqual(words.split(' ').sort())
    for (const word of words.split(' ')) expect(parse(word).data, word).toEqual([])
  })
})

test('mountinfo: names are decoded, and of several mounts the nearest and uppermost holds', () => {
  const mounts = readMountinfo(
    [
      '22 1 8:1 / / rw shared:1 - ext4 /dev/sda rw',
      '23 22 0:5 / /a\\040b rw master:2 propagate_from:1 - tmpfs x rw',
      '24 23 0:6 /sub /a\\040b rw - proc proc rw',
      '25 22 0:7 / /a rw - tmpfs x rw',
      '',
    ].join('\n'),
  )
  expect(mountAt('/a b/c', mounts)).toEqual({ root: '/sub', where: '/a b', optional: [], type: 'proc' })
  expect(mountAt('/ab', mounts)).toMatchObject({ where: '/', optional: ['shared:1'] })
  expect(mountAt('/a', mounts)).toMatchObject({ where: '/a' })
})

test('sysctls that would change the host are refused', () => {
  const own: Namespace[] = [{ type: 'network' }, { type: 'ipc' }, { type: 'uts' }]
  for (const name of ['net.ipv4.ip_forward', 'kernel.shmmax', 'fs/mqueue/msg_max', 'kernel.domainname']) {
    expect(sysctlProblem(name, own), name).toBeUndefined()
    expect(sysctlProblem(name, []), name).toMatch(/without a namespace of the container's own/)
    expect(sysctlProblem(name, undefined), name).toBeUndefined()
  }
  for (const [type, name] of [
    ['network', 'net/core/somaxconn'],
    ['ipc', 'kernel.sem'],
    ['uts', 'kernel.domainname'],
  ] as const) {
    const path = `/proc/self/ns/${type === 'network' ? 'net' : type}`
    if (process.platform === 'linux')
      expect(sysctlProblem(name, [{ type, path }])).toContain(`is the host's ${type} namespace`)
    expect(sysctlProblem(name, [{ type, path: '/nowhere' }])).toBeUndefined()
  }
  expect(sysctlProblem('kernel.panic', own)).toMatch(/belongs to no namespace/)
  expect(sysctlProblem('net/../kernel/panic', own)).toMatch(/not the name/)
  expect(sysctlProblem('kernel.hostname', own)).toMatch(/\$\.hostname/)
})

test.each([
  [1, 3, 0x103],
  [7, 70000, 0x11100770],
  [259, 1048575, 0xfff103ff],
])('makedev(%i, %i)', (major, minor, device) => {
  expect(makedev(major, minor)).toBe(device)
  expect(splitDevice(device)).toEqual({ major, minor })
})
