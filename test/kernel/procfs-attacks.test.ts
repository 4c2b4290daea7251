// What runtimes fell for: the container's own files of /proc and /dev, which the runtime
// opens, writes and mounts by their names, lead to others. Needs root.
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Box, dev, exchange, insideSuite, mountAt, proc } from '../suites/inside.ts'

const pts = { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance'] }
const devices = { list: [], bind: false }

/** A /dev of the image's own, with nothing in it. */
async function bareDev({ rootfs }: Box): Promise<string> {
  const directory = join(rootfs, 'dev')
  await rm(directory, { recursive: true })
  await mkdir(directory)
  return directory
}

insideSuite('/proc and /dev under attack', (box) => {
  // CVE-2025-52881, and CVE-2019-16884 before it.
  test.each([
    ['a file of the kernel’s over it', 'mount --bind /proc/sys/kernel/domainname /proc/1/oom_score_adj'],
    ['a directory of another process’s over it', 'mount --bind /proc/self /proc/1'],
    ['a file system over it', 'mount -t tmpfs t /proc/1; echo 0 > /proc/1/oom_score_adj'],
    ['part of /proc over all of it', 'mount --bind /proc/1 /proc; mkdir -p /proc/self'],
    ['a file system over all', 'mount -t tmpfs t /proc; mkdir /proc/self; echo 0 > /proc/self/oom_score_adj'],
  ])('a word for the kernel reaches nothing else: %s', async (_, sabotage) => {
    const { error, unwritten } = await box.inside(
      { mounts: [proc], sabotage, written: { 'self/oom_score_adj': '17' } },
      '--uts',
    )
    expect(error).toBeUndefined()
    expect(unwritten).toEqual({
      'self/oom_score_adj': expect.stringMatching(/is covered: something else|no procfs is mounted there/),
    })
  })

  test('and it is the kernel’s, where nobody does so', async () => {
    const { unwritten, output } = await box.inside({
      mounts: [proc],
      written: { 'self/oom_score_adj': '17', 'self/nothing': '' },
      script: 'cat /proc/1/oom_score_adj',
    })
    expect(unwritten).toEqual({ 'self/nothing': expect.stringContaining('ENOENT') })
    expect(output).toBe('17')
  })

  test('files of the image in place of /proc are not written to', async () => {
    await mkdir(join(box.rootfs, 'proc/self/attr'), { recursive: true })
    await writeFile(join(box.rootfs, 'proc/self/attr/exec'), 'untouched')
    const { unwritten, output } = await box.inside({
      written: { 'self/attr/exec': 'label' },
      script: 'cat /proc/self/attr/exec',
    })
    expect(unwritten).toEqual({ 'self/attr/exec': expect.stringContaining('no procfs is mounted there') })
    expect(output).toBe('untouched')
  })

  test('a sysctl does not become another', async () => {
    const { error } = await box.inside(
      {
        mounts: [proc],
        sabotage: 'mount --bind /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward',
        sysctl: { 'net.ipv4.ip_forward': '1' },
      },
      '--net',
      '--uts',
    )
    expect(error).toMatch(/set net\.ipv4\.ip_forward to "1": .* is covered/)
  })

  // CVE-2025-31133.
  test('without /dev/null nothing is left unmasked', async () => {
    await bareDev(box)
    const { error } = await box.inside({ mounts: [proc], masked: ['/proc/uptime'] })
    expect(error).toMatch(/^\$\.linux\.maskedPaths: hide \/proc\/uptime: open_tree\(2\): ENOENT/)
  })

  test('/dev/null and a link that take turns: only the device is ever mounted', async () => {
    const directory = await bareDev(box)
    await symlink('/proc/sys/kernel/core_pattern', join(directory, 'null.link'))
    const names = [join(directory, 'null'), join(directory, 'null.link')] as const
    await box.inside({ mounts: [proc], devices })
    await using _ = await exchange(...names)
    const masked = Array.from({ length: 200 }, () => '/proc/uptime')
    for (let round = 0; round < 5; round++) {
      const { error, mountinfo } = await box.inside({ mounts: [proc], masked })
      expect(error ?? '').toMatch(/^$|is not the device 1:3/)
      expect(mountinfo).not.toContain('core_pattern')
    }
  })

  test('a directory is masked by an empty one that cannot be written to', async () => {
    const { output } = await box.inside({
      mounts: [proc],
      masked: ['/proc/fs'],
      script: 'ls /proc/fs | wc -l; mkdir /proc/fs/x',
    })
    expect(output).toMatch(/^0\nmkdir: .*Read-only file system/)
  })

  // CVE-2025-52565.
  test.each(['/proc/1/comm', '/etc/new', '../etc/passwd'])(
    '/dev/console that leads to %s',
    async (target) => {
      await symlink(target, join(await bareDev(box), 'console'))
      const { error, mountinfo } = await box.inside({ mounts: [proc, pts], devices, terminal: true })
      expect(error).toMatch(/\/dev\/console of the image is a link/)
      expect(mountinfo).not.toMatch(/^\S+ \S+ \S+ \/\d+ /m)
    },
  )

  test('/dev/pts and a directory of links that take turns: /dev/console is the terminal, or nothing', async () => {
    const directory = await bareDev(box)
    const fake = join(directory, 'pts.fake')
    await mkdir(join(directory, 'pts'))
    await mkdir(fake)
    await symlink('../pts.fake/ptmx', join(fake, 'ptmx'))
    await symlink('/proc/sys/kernel/core_pattern', join(fake, '0'))
    const mounts = [proc, pts]
    await box.inside({ mounts, devices })
    let shown = 0
    await using _ = await exchange(join(directory, 'pts'), fake)
    for (let round = 0; round < 12; round++) {
      const { mountinfo } = await box.inside({ mounts, devices, terminal: true })
      expect(mountinfo).not.toContain('core_pattern')
      if (mountinfo.includes(' /0 /dev/console ')) shown++
    }
    expect(shown).toBeGreaterThan(0)
  })

  test('a terminal of somebody else’s is none', async () => {
    const directory = await bareDev(box)
    await mkdir(join(directory, 'pts'))
    await symlink('/dev/zero', join(directory, 'pts/ptmx'))
    const { error } = await box.inside({ mounts: [proc], devices, terminal: true })
    expect(error).toMatch(/\/dev\/pts is no devpts/)
  })

  test('a terminal is /dev/console, with and without a file there', async () => {
    for (const file of [false, true]) {
      if (file) await writeFile(join(await bareDev(box), 'console'), 'of the image')
      const answer = await box.inside({
        mounts: file ? [proc, pts] : [proc, dev, pts],
        devices,
        terminal: true,
      })
      expect(answer.error).toBeUndefined()
      expect(mountAt(answer, '/dev/console')).toMatch(/^rw/)
    }
  })
})
