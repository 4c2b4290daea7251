// What runtimes fell for: a root filesystem, or another container with the same
// volume, that leads a mount elsewhere. Needs root. Nothing may reach the host.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Mount } from '../../engine/libcontainer/config/linux.ts'
import { bind, exchange, insideSuite, proc } from '../suites/inside.ts'

insideSuite('mounts under attack', (box) => {
  test.each(['proc', 'sysfs'])('%s over a symbolic link is refused', async (type) => {
    const name = type === 'proc' ? 'proc' : 'sys'
    await rm(join(box.rootfs, name), { recursive: true })
    await symlink(box.outside, join(box.rootfs, name))
    const { error } = await box.inside({ mounts: [{ destination: `/${name}`, type, source: type }] })
    expect(error).toMatch(/^\$\.mounts\[0\]: mount (proc|sysfs) on \/(proc|sys): openat2\(2\): ELOOP/)
    expect(await readdir(box.outside)).toEqual([])
  })

  test('a link in place of a parent is refused for proc as well', async () => {
    await symlink('/proc', join(box.rootfs, 'link'))
    const mounts = [{ destination: '/link/sub', type: 'proc', source: 'proc' }]
    expect((await box.inside({ mounts })).error).toMatch(/ELOOP/)
  })

  test.each([
    ['with ..', '/../../../../../../../../etc/x'],
    ['with .. in the middle', '/usr/../../../tmp/y'],
  ])('a destination %s stays inside', async (_, destination) => {
    const { error, output } = await box.inside({
      mounts: [proc, bind(box.outside, destination)],
      script: 'cut -d" " -f5 /proc/self/mountinfo',
    })
    expect(error).toBeUndefined()
    expect(output).toMatch(/^\/(etc\/x|tmp\/y)$/m)
  })

  test('an absolute link leads to inside, even when its target is missing', async () => {
    await symlink(box.outside, join(box.rootfs, 'data'))
    await symlink('../../../../run/systemd/resolv.conf', join(box.rootfs, 'etc-link'))
    await writeFile(join(box.outside, 'hello'), '')
    const { error, output } = await box.inside({
      mounts: [
        proc,
        { destination: '/data', type: 'tmpfs', source: 'tmpfs' },
        bind(join(box.outside, 'hello'), '/etc-link'),
      ],
      script: 'cut -d" " -f5 /proc/self/mountinfo',
    })
    expect(error).toBeUndefined()
    expect(output.split('\n')).toEqual(expect.arrayContaining([box.outside, '/run/systemd/resolv.conf']))
  })

  test('links in a circle are an error', async () => {
    await symlink('b', join(box.rootfs, 'a'))
    await symlink('a', join(box.rootfs, 'b'))
    expect((await box.inside({ mounts: [bind(box.outside, '/a/x')] })).error).toMatch(/ELOOP/)
  })

  test('a magic link of procfs is not followed', async () => {
    await symlink('/proc/1/root', join(box.rootfs, 'host'))
    const { error } = await box.inside({ mounts: [proc, bind(box.outside, '/host/tmp')] })
    expect(error).toMatch(/ELOOP|EXDEV/)
  })

  test('directories and links that take turns, 2000 mounts: none lands outside', async () => {
    // As another container with the same volume would do it (CVE-2021-30465).
    const place = await mkdtemp(join(box.rootfs, 'turns-'))
    const names = [join(place, 'volume'), join(place, 'volume.link')] as const
    await mkdir(names[0])
    await symlink('/', names[1])
    {
      await using _ = await exchange(...names)
      // The link leads to the host's "/"; on the host, this is where all mounts would come to lie.
      const entry = (index: number): Mount => ({
        destination: `/${basename(place)}/volume${box.outside}/${index}`,
        type: 'tmpfs',
      })
      const answer = await box.inside({
        // So many that the two get turns enough also where they share one processor.
        mounts: Array.from({ length: 200 }, (_, index) => entry(index % 7)),
        tolerant: 10,
        before: 'cut -d" " -f5 /proc/self/mountinfo',
      })
      // What is renamed away in the very moment is an error, and no harm.
      const harmless = ['ENOENT', 'ENOTDIR', 'EEXIST', 'EAGAIN', 'EWOULDBLOCK', 'ELOOP', 'EINVAL']
      expect(Object.keys(answer.refusals).filter((code) => !harmless.includes(code))).toEqual([])
      expect(answer.mounted).toBeGreaterThan(50)
      const mountPoints = answer.before.split('\n')
      expect(mountPoints.filter((where) => where.startsWith(box.outside))).toEqual([])
      expect(mountPoints.filter((where) => where.startsWith(box.rootfs)).length).toBeGreaterThan(50)
      expect(await readdir(box.outside)).toEqual([])
    }
  })

  test.each(['/proc', '/proc/self/attr', '/proc/sys/kernel'])('nothing is bound over %s', async (path) => {
    const { error } = await box.inside({ mounts: [proc, bind(box.outside, path)] })
    expect(error).toMatch(/over \/proc there may be nothing but a procfs|inside \/proc, only/)
  })

  test('but what lxcfs emulates may be, and a procfs over /proc', async () => {
    await writeFile(join(box.outside, 'uptime'), 'fake')
    const { error, output } = await box.inside({
      mounts: [bind('/proc', '/proc'), bind(join(box.outside, 'uptime'), '/proc/uptime')],
      script: 'cat /proc/uptime',
    })
    expect(error).toBeUndefined()
    expect(output).toBe('fake')
  })

  test('a cgroup mount that a link leads to /proc is refused', async () => {
    await rm(join(box.rootfs, 'sys'), { recursive: true })
    await mkdir(join(box.rootfs, 'sys/fs'), { recursive: true })
    await symlink('/proc/sys', join(box.rootfs, 'sys/fs/cgroup'))
    const mounts = [proc, { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup' }]
    expect((await box.inside({ mounts })).error).toMatch(/inside \/proc, only/)
  })

  test('/dev/null that is a link to what shall be masked hides nothing, and is refused', async () => {
    await rm(join(box.rootfs, 'dev'), { recursive: true })
    await mkdir(join(box.rootfs, 'dev'))
    await symlink('/proc/version', join(box.rootfs, 'dev/null'))
    const { error } = await box.inside({ mounts: [proc], masked: ['/proc/uptime'] })
    expect(error).toMatch(/^\$\.linux\.maskedPaths: hide \/proc\/uptime: \/dev\/null of the container is not/)
  })

  test('a device node that the image brings is not followed when it is a link', async () => {
    await rm(join(box.rootfs, 'dev'), { recursive: true })
    await mkdir(join(box.rootfs, 'dev'))
    await symlink(join(box.outside, 'target'), join(box.rootfs, 'dev/null'))
    const { error } = await box.inside({ mounts: [proc], devices: { list: [], bind: false } })
    expect(error).toMatch(/make the device \/dev\/null: another file is there already/)
    expect(await readdir(box.outside)).toEqual([])
  })

  test('a sysctl does not climb out of its namespace', async () => {
    const sysctl = { 'net/../kernel/ostype': 'x' }
    expect((await box.inside({ mounts: [proc], sysctl }, '--net')).error).toMatch(/belongs to no namespace/)
  })
})
