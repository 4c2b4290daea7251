// config.md of the OCI runtime specification 1.2, "Mounts" and "Linux mount options":
// every option that a runtime MUST know, by what /proc/self/mountinfo says. Needs root.
import { existsSync } from 'node:fs'
import { chown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { baseMounts, baseNamespaces } from '../suites/bundle-config.ts'
import { must, mustEach } from '../suites/must.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('mounts (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
    await mkdir(join(runtime.directory, 'shared/sub'), { recursive: true })
    await writeFile(join(runtime.directory, 'shared/file'), 'text\n')
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const tmpfs = (...options: string[]) => ({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options })
  const bind = (source: string, ...options: string[]) => ({
    destination: '/data',
    type: 'none',
    source,
    options,
  })
  const shared = () => join(runtime.directory, 'shared')

  /** mountinfo's line for /data: `rw,noatime shared:1 | rw,sync`. proc_pid_mountinfo(5). */
  async function line(...mounts: object[]): Promise<string> {
    const { status, stdout, stderr } = await runtime.run('grep " /data " /proc/self/mountinfo', {
      mounts: [...baseMounts, ...mounts],
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const [own = '', superblock = ''] = (stdout.trim().split('\n').at(-1) ?? '').split(' - ')
    return `${own.split(' ').slice(5).join(' ')} | ${superblock.split(' ')[2]}`
  }

  // Where an option only undoes another, that one comes first.
  mustEach(
    'the mount option %s works',
    [
      ['async', ['sync', 'async'], /^(?!.*\bsync)/],
      ['atime', ['noatime', 'atime'], /^(?!.*noatime)/],
      ['defaults', ['defaults'], /^rw/],
      ['dev', ['nodev', 'dev'], /^(?!.*nodev)/],
      ['diratime', ['nodiratime', 'diratime'], /^(?!.*nodiratime)/],
      ['dirsync', ['dirsync'], /\| .*dirsync/],
      ['exec', ['noexec', 'exec'], /^(?!.*noexec)/],
      ['iversion', ['iversion'], /^rw/],
      ['lazytime', ['lazytime'], /\| .*lazytime/],
      ['loud', ['silent', 'loud'], /^rw/],
      ['noatime', ['noatime'], /^rw,noatime/],
      ['nodev', ['nodev'], /^rw,nodev/],
      ['nodiratime', ['nodiratime'], /nodiratime/],
      ['noexec', ['noexec'], /noexec/],
      ['noiversion', ['noiversion'], /^rw/],
      ['nolazytime', ['lazytime', 'nolazytime'], /^(?!.*lazytime)/],
      ['norelatime', ['norelatime'], /^rw/],
      ['nostrictatime', ['strictatime', 'nostrictatime'], /relatime/],
      ['nosuid', ['nosuid'], /nosuid/],
      ['relatime', ['relatime'], /^rw,relatime/],
      ['ro', ['ro'], /^ro/],
      ['rw', ['ro', 'rw'], /^rw/],
      ['silent', ['silent'], /^rw/],
      ['strictatime', ['strictatime'], /^(?!.*(relatime|noatime))/],
      ['suid', ['nosuid', 'suid'], /^(?!.*nosuid)/],
      ['sync', ['sync'], /\| .*sync/],
      ['private', ['private'], /^\S+ +\|/],
      ['rprivate', ['rprivate'], /^\S+ +\|/],
      ['shared', ['shared'], /shared:/],
      ['rshared', ['rshared'], /shared:/],
      ['unbindable', ['unbindable'], /unbindable/],
      ['runbindable', ['runbindable'], /unbindable/],
      ['size, which belongs to the file system', ['size=64k', 'mode=700'], /\| .*size=64k.*mode=700/],
      ['nosymfollow', ['nosymfollow'], /nosymfollow/],
    ] as const,
    async (_name, options, expected) => {
      expect(await line(tmpfs(...options))).toMatch(expected)
    },
  )

  mustEach('a bind mount with %s works', [['bind'], ['rbind']] as const, async (option) => {
    const { stdout } = await runtime.run('cat /data/file', {
      mounts: [...baseMounts, bind(shared(), option)],
    })
    expect(stdout).toBe('text\n')
  })

  mustEach(
    'a bind mount with %s has it too',
    [
      ['ro', /^ro/],
      ['nosuid', /nosuid/],
      ['nodev', /nodev/],
      ['noexec', /noexec/],
      ['noatime', /noatime/],
      ['slave', /^(?!.*shared:)/],
      ['rslave', /^(?!.*shared:)/],
    ] as const,
    async (option, expected) => {
      expect(await line(bind(shared(), 'bind', option))).toMatch(expected)
    },
  )

  must('remount changes what is mounted already', async () => {
    expect(await line(tmpfs(), tmpfs('remount', 'ro'))).toMatch(/^ro/)
  })

  must('a relative source of a bind mount begins at the bundle', async () => {
    const { stdout } = await runtime.run('ls /data', {
      mounts: [...baseMounts, bind('rootfs/etc', 'bind', 'ro')],
    })
    expect(stdout).toBe('group\npasswd\n')
  })

  must('a relative destination begins at /', async () => {
    const { stdout } = await runtime.run('cat /data/file', {
      mounts: [...baseMounts, { ...bind(shared(), 'bind'), destination: 'data' }],
    })
    expect(stdout).toBe('text\n')
  })

  must('a file is bound onto a file, which is made where it is missing', async () => {
    const { stdout } = await runtime.run('cat /data', {
      mounts: [...baseMounts, bind(join(shared(), 'file'), 'bind')],
    })
    expect(stdout).toBe('text\n')
  })

  must('mounts are made in the order of the list', async () => {
    const deep = { ...tmpfs(), destination: '/data/sub' }
    const inOrder = await runtime.run('awk "/data/ {print \\$2}" /proc/mounts', {
      mounts: [...baseMounts, tmpfs(), deep],
    })
    expect(inOrder.stdout).toBe('/data\n/data/sub\n')
    // The other way round the first one is covered.
    const { stdout } = await runtime.run('touch /data/sub/x 2>/dev/null || echo covered', {
      mounts: [...baseMounts, deep, tmpfs()],
    })
    expect(stdout).toBe('covered\n')
  })

  must('tmpcopyup copies what the directory held', async () => {
    const container = await runtime.container({
      process: { args: ['cat', '/etc/group'] },
      mounts: [...baseMounts, { ...tmpfs('tmpcopyup'), destination: '/etc' }],
    })
    const { stdout } = await runtime.call(['run', '--bundle', container.bundle, container.id])
    expect(stdout).toContain('nogroup')
  })

  mustEach(
    'the recursive option %s reaches what is mounted below',
    [
      ['rro', /^ro,/],
      ['rnosuid', /nosuid/],
      ['rnodev', /nodev/],
      ['rnoexec', /noexec/],
      ['rnoatime', /noatime/],
    ] as const,
    async (option, expected) => {
      const { stdout } = await runtime.run('grep " /data" /proc/self/mountinfo', {
        mounts: [...baseMounts, bind('/sys', 'rbind', option)],
      })
      const lines = stdout.trim().split('\n')
      expect(lines.length).toBeGreaterThan(1)
      for (const one of lines) expect(one.split(' ')[5]).toMatch(expected)
    },
  )

  must('idmap shows files under other owners', async () => {
    const directory = join(runtime.directory, 'mapped')
    await mkdir(directory)
    await chown(directory, 100_000, 100_000)
    const mapping = [{ containerID: 100_000, hostID: 0, size: 65_536 }]
    const mount = { ...bind(directory, 'bind', 'idmap'), uidMappings: mapping, gidMappings: mapping }
    const { stdout } = await runtime.run('stat -c %u:%g /data', { mounts: [...baseMounts, mount] })
    expect(stdout).toBe('0:0\n')
  })

  must('idmap without mappings and without a user namespace is refused', async () => {
    const mounts = [...baseMounts, bind(shared(), 'bind', 'idmap')]
    expect((await runtime.run('true', { mounts })).status).not.toBe(0)
  })

  must('uidMappings of a mount come with gidMappings', async () => {
    const uidMappings = [{ containerID: 0, hostID: 0, size: 1 }]
    const mounts = [...baseMounts, { ...bind(shared(), 'bind', 'idmap'), uidMappings }]
    expect((await runtime.run('true', { mounts })).status).not.toBe(0)
  })

  must('symlinks in the root filesystem lead no mount outside', async () => {
    const container = await runtime.container({
      process: { args: ['ls', '/inside'] },
      mounts: [...baseMounts, { ...bind(shared(), 'bind'), destination: '/link/made' }],
    })
    const outside = join(runtime.directory, 'outside')
    await mkdir(outside)
    await symlink(`../../..${outside}`, join(container.bundle, 'rootfs/link'))
    await runtime.call(['run', '--bundle', container.bundle, container.id])
    expect(existsSync(join(outside, 'made'))).toBe(false)
  })

  must('/proc as a symlink is refused', async () => {
    const container = await runtime.container({
      mounts: [{ destination: '/link/proc', type: 'proc', source: 'proc' }, ...baseMounts],
    })
    await mkdir(join(container.bundle, 'rootfs/elsewhere'))
    await symlink('/elsewhere', join(container.bundle, 'rootfs/proc2'))
    await container.configure({
      mounts: [{ destination: '/proc2', type: 'proc', source: 'proc' }, ...baseMounts],
      linux: { namespaces: baseNamespaces },
    })
    expect((await container.create()).status).not.toBe(0)
  })
})
