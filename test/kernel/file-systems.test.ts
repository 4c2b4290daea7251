// File systems of a container on this machine's own kernel: tmpfs, cgroup, many. Needs root.
import { chmod, chown, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { Mount } from '../../engine/libcontainer/config/linux.ts'
import { setxattr } from '../../engine/syscalls/xattr.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { bind, dev, insideSuite, mountAt, proc } from '../suites/inside.ts'

insideSuite('file systems', (box) => {
  test('tmpcopyup takes along owners, modes, links, devices, times and attributes', async () => {
    const data = join(box.rootfs, 'data')
    await mkdir(join(data, 'sub'), { recursive: true })
    await writeFile(join(data, 'sub/file'), 'text')
    await copyFile('/bin/true', join(data, 'tool'))
    await chown(join(data, 'tool'), 1, 2)
    await chmod(join(data, 'tool'), 0o4755)
    // As setcap(8) cap_net_raw+ep writes it.
    const capability = '0100000200200000000000000000000000000000'
    setxattr(join(data, 'tool'), 'security.capability', Buffer.from(capability, 'hex'))
    await symlink('/etc/nowhere', join(data, 'link'))
    await execa('mknod', [join(data, 'fifo'), 'p'])
    await execa('mknod', ['-m', '602', join(data, 'node'), 'c', '250', '4321'])
    await writeFile(Buffer.from(`${data}/\xff`, 'latin1'), '')
    await chown(data, 7, 8)
    await chmod(data, 0o1770)
    await execa('touch', ['-d', '2020-01-02', join(data, 'sub/file'), join(data, 'sub')])
    const { error, output, before } = await box.inside({
      mounts: [proc, { destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }],
      before: `${process.execPath} --input-type=module -e 'import { getxattr } from "${join(packageRoot(), 'engine/syscalls/xattr.ts')}"
        console.log(Buffer.from(getxattr("${data}/tool", "security.capability")).toString("hex"))'`,
      script:
        'cd /data; stat -c "%n %a %u:%g %F %t:%T" . * sub/file; readlink link; cat sub/file; stat -c %y sub; touch new; ls | wc -l',
    })
    expect(error).toBeUndefined()
    expect(before).toBe(capability)
    expect(output).toContain('. 1770 7:8 directory')
    expect(output).toContain('tool 4755 1:2 regular file')
    expect(output).toContain('fifo 644 0:0 fifo')
    expect(output).toContain('node 602 0:0 character special file fa:10e1')
    expect(output).toContain('/etc/nowhere\ntext2020-01-02')
    expect(output).toMatch(/\n7$/)
    expect(await readdir(data)).not.toContain('new')
  })

  test('what the options of the tmpfs say of its top directory, holds', async () => {
    const options = ['tmpcopyup', 'mode=0700', 'uid=5']
    const { output } = await box.inside({
      mounts: [{ destination: '/etc', type: 'tmpfs', source: 'tmpfs', options }],
      script: 'stat -c "%a %u %g" /etc',
    })
    expect(output).toBe('700 5 0')
  })

  test('a tmpfs is as open as the directory that it covers; read-only after what lies in it', async () => {
    await mkdir(join(box.rootfs, 'closed'), { mode: 0o710 })
    const answer = await box.inside({
      mounts: [
        proc,
        { destination: '/closed', type: 'tmpfs', source: 'tmpfs' },
        { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'noexec'] },
        bind(box.outside, '/run/secrets/one'),
        { ...dev, options: ['ro', 'mode=755'] },
      ],
      devices: { list: [], bind: false },
      script: 'stat -c %a /closed; touch /run/x /dev/x; ls /run/secrets',
    })
    expect(answer.error).toBeUndefined()
    expect(answer.output).toMatch(/^710\n/)
    expect(answer.output.match(/Read-only file system/g)).toHaveLength(2)
    expect(mountAt(answer, '/run')).toMatch(/^ro,noexec/)
    expect(mountAt(answer, '/dev')).toMatch(/^ro,/)
  })

  test('300 mounts, and no descriptor stays open', async () => {
    const mounts = Array.from(
      { length: 300 },
      (_, index): Mount =>
        index % 2 ? bind(box.outside, `/many/${index}`) : { destination: `/many/${index}`, type: 'tmpfs' },
    )
    const { error, output, descriptors } = await box.inside({
      mounts: [proc, ...mounts],
      script: 'grep -c " /many/" /proc/mounts',
    })
    expect([error, output, descriptors]).toEqual([undefined, '300', 0])
  })

  test('an error names the entry, what was tried, and the kernel’s word', async () => {
    const { error } = await box.inside({ mounts: [proc, { destination: '/x', type: 'nofs', source: 'y' }] })
    expect(error).toMatch(
      /^\$\.mounts\[1\]: mount nofs on \/x: mount\(2\): ENODEV "y", "\/proc\/self\/fd\/\d+"<\/x>/,
    )
    expect((await box.inside({ mounts: [{ destination: '/x' }] })).error).toMatch(/it has no type/)
  })

  const cgroup: Mount = {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['ro', 'nosuid'],
  }

  test.each([true, false])(
    'cgroup v1: a directory for each controller, links; a namespace: %j',
    async (own) => {
      const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
      const mountPoint = lines.find((line) => / - cgroup .*memory/.test(line))?.split(' ')[4]
      // A machine with cgroup v2 alone.
      if (mountPoint === undefined) return
      const controllers = [{ name: 'memory', mountPoint, path: mountPoint, options: 'memory' }]
      const answer = await box.inside(
        {
          mounts: [proc, cgroup],
          context: { cgroup: { version: 1, controllers, links: [['mem', 'memory']] }, cgroupNamespace: own },
          script:
            'cd /sys/fs/cgroup; cat mem/memory.limit_in_bytes; touch x; echo 1 > mem/cgroup.procs; readlink mem',
        },
        '--cgroup',
      )
      expect(answer.error).toBeUndefined()
      expect(answer.output).toMatch(/^\d+\n(.*\n)*memory$/)
      expect(answer.output.match(/Read-only file system/gi)).toHaveLength(2)
      expect(mountAt(answer, '/sys/fs/cgroup/memory')).toMatch(/^ro,nosuid,nodev,noexec/)
    },
  )

  test('cgroup v2: mounted in a cgroup namespace', async () => {
    const answer = await box.inside(
      {
        mounts: [proc, cgroup],
        context: { cgroupNamespace: true },
        script: 'ls /sys/fs/cgroup/cgroup.controllers; touch /sys/fs/cgroup/x',
      },
      '--cgroup',
    )
    expect(answer.error).toBeUndefined()
    expect(answer.output).toMatch(/^\/sys\/fs\/cgroup\/cgroup.controllers\n.*Read-only file system/)
    expect(mountAt(answer, '/sys/fs/cgroup')).toMatch(/^ro,nosuid/)
  })

  test('cgroup v2 in a user namespace: bound where mounting is refused', async () => {
    const answer = await box.inside(
      {
        mounts: [bind('/proc', '/proc'), cgroup],
        context: {
          cgroup: { version: 2, path: '/sys/fs/cgroup' },
          userNamespace: true,
          cgroupNamespace: false,
        },
        script: 'ls -d /sys/fs/cgroup/*',
      },
      '--user',
      '--map-root-user',
    )
    expect(answer.error).toBeUndefined()
    expect(mountAt(answer, '/sys/fs/cgroup')).toMatch(/^ro,nosuid/)
  })

  test('sysfs where the network is the host’s, in a user namespace: the host’s own', async () => {
    const answer = await box.inside(
      {
        mounts: [
          bind('/proc', '/proc'),
          { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid'] },
        ],
        context: { userNamespace: true },
        script: 'ls -d /sys/class/net/*',
      },
      '--user',
      '--map-root-user',
    )
    expect(answer.error).toBeUndefined()
    expect(answer.output).toContain('/sys/class/net/lo')
    expect(mountAt(answer, '/sys')).toMatch(/^ro,nosuid/)
  })
})
