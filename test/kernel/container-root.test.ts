// /dev, hidden paths, sysctls and the root itself, on this machine's own kernel. Needs root.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bind, dev, insideSuite, mountAt, proc } from '../suites/inside.ts'

insideSuite('the root of a container', (box) => {
  test('six devices, those of the config, links', async () => {
    const { error, output } = await box.inside({
      mounts: [proc, dev],
      devices: {
        list: [
          { path: '/dev/sub/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o640, uid: 3, gid: 4 },
          { path: '/dev/pipe', type: 'p', fileMode: 0o622 },
          { path: '/dev/loop7', type: 'b', major: 7, minor: 70000 },
          { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o600 },
          { path: '/dev/ptmx', type: 'c', major: 5, minor: 2 },
        ],
        bind: false,
      },
      script:
        'cd /dev; stat -c "%n %F %a %u:%g %t:%T" null tty sub/fuse pipe loop7; for l in fd stdin stdout stderr ptmx core; do readlink $l; done',
    })
    expect(error).toBeUndefined()
    expect(output.split('\n')).toEqual([
      'null character special file 600 0:0 1:3',
      'tty character special file 666 0:0 5:0',
      'sub/fuse character special file 640 3:4 a:e5',
      'pipe fifo 622 0:0 0:0',
      'loop7 block special file 666 0:0 7:11170',
      ...['/proc/self/fd', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2', 'pts/ptmx'],
      ...(existsSync('/proc/kcore') ? ['/proc/kcore'] : []),
    ])
  })

  test('in a user namespace they are the host’s own', async () => {
    const { error, output } = await box.inside(
      {
        mounts: [bind('/proc', '/proc'), dev],
        context: { userNamespace: true },
        devices: { list: [{ path: '/dev/pipe', type: 'p' }], bind: true },
        script:
          'echo x > /dev/null; head -c 3 /dev/zero | wc -c; grep -c " /dev/[a-z]* " /proc/mounts; stat -c %F /dev/pipe',
      },
      '--user',
      '--map-root-user',
    )
    expect(error).toBeUndefined()
    expect(output).toBe('3\n6\nfifo')
  })

  test('masked files are empty, masked directories too, read-only ones are read-only', async () => {
    await mkdir(join(box.rootfs, 'secret'))
    await writeFile(join(box.rootfs, 'secret/file'), 'x')
    await writeFile(join(box.rootfs, 'plain'), 'x')
    const answer = await box.inside({
      mounts: [{ ...proc, options: ['nosuid', 'noexec', 'nodev'] }, dev],
      devices: { list: [], bind: false },
      masked: ['/proc/keys', '/secret', '/plain', '/not/there', '/etc/passwd/below'],
      readonlyPaths: ['/proc/sys', '/etc', '/nor/this'],
      script:
        'wc -c < /proc/keys; wc -c < /plain; ls -A /secret | wc -l; touch /secret/x; touch /etc/x; echo x > /proc/sys/kernel/ostype',
    })
    expect(answer.error).toBeUndefined()
    expect(answer.output).toMatch(/^0\n0\n0\n/)
    expect(answer.output.match(/Read-only file system/gi)).toHaveLength(3)
    expect(mountAt(answer, '/proc/sys')).toMatch(/^ro,nosuid,nodev,noexec/)
  })

  test('sysctls are written through /proc/sys, and through nothing else', async () => {
    const { output, error } = await box.inside(
      {
        mounts: [proc],
        sysctl: { 'net.ipv4.ip_forward': '1', 'kernel/shmmni': '99', 'net.ipv4.conf.lo.forwarding': '1' },
        readonlyPaths: ['/proc/sys'],
        script: 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni',
      },
      '--net',
      '--ipc',
    )
    expect(error).toBeUndefined()
    expect(output).toBe('1\n99')
    const set = async (sysctl: Record<string, string>) =>
      (await box.inside({ mounts: [proc], sysctl }, '--net')).error
    expect(await set({ 'kernel.ostype': 'x' })).toMatch(/kernel.ostype belongs to no namespace/)
    expect(await set({ 'net.ipv4.nope': '1' })).toMatch(/set net.ipv4.nope to "1": openat2\(2\): ENOENT/)
    expect(await set({ 'net.ipv4.ip_forward': 'many' })).toMatch(/set net.ipv4.ip_forward to "many".*EINVAL/)
    expect((await box.inside({ sysctl: { 'net.ipv4.ip_forward': '1' } })).error).toMatch(
      /\/proc is not the kernel.s: no procfs is mounted there/,
    )
  })

  test.each([
    ['shared', /^shared:\d+$/],
    ['rslave', /^$/],
    ['private', /^$/],
    ['runbindable', /^unbindable$/],
  ])('the root is %s when asked, read-only when asked', async (propagation, expected) => {
    const script = 'touch /x'
    const answer = await box.inside({ mounts: [proc], propagation, readonly: true, script })
    expect(answer.output).toMatch(/Read-only file system/)
    expect(mountAt(answer, '/')?.split(' ').slice(1).join(' ')).toMatch(expected)
  })

  test('without pivot_root the root is the same, and no other /proc is left underneath', async () => {
    const script = 'ls /; pwd'
    const { error, output, mountinfo } = await box.inside({ mounts: [proc], noPivot: true, script })
    expect(error).toBeUndefined()
    expect(output).toMatch(/^bin$/m)
    expect(mountinfo.split('\n').filter((line) => / - proc /.test(line))).toHaveLength(1)
  })

  test('a destination with a space', async () => {
    const script = 'grep -c "x.040y" /proc/mounts'
    const { error, output } = await box.inside({ mounts: [proc, bind(box.outside, '/x y')], script })
    expect([error, output]).toEqual([undefined, '1'])
  })
})
