// Bind mounts on this machine's own kernel: kinds, flags, propagation, owners. Needs root.
import { spawnSync } from 'node:child_process'
import { closeSync } from 'node:fs'
import { chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { Mount } from '../../engine/libcontainer/config/linux.ts'
import { openMountTrees } from '../../engine/libcontainer/idmapped.ts'
import { bind, fixture, insideSuite, mountAt, proc } from '../suites/inside.ts'
import type { Answer, Request } from './mounts-inside.ts'

insideSuite('bind mounts', (box) => {
  test('a file over a directory, and back, is said in words; missing ones are made', async () => {
    const file = join(box.outside, 'file')
    await writeFile(file, 'content')
    const errorOf = async (mount: Mount) => (await box.inside({ mounts: [mount] })).error
    expect(await errorOf(bind(file, '/etc'))).toMatch(/source is a file, and the destination is not/)
    expect(await errorOf(bind(box.outside, '/bin/busybox'))).toMatch(
      /source is a directory, and the destination is not/,
    )
    expect(await errorOf(bind(`${file}-no`, '/x'))).toMatch(
      /^\$\.mounts\[0\]: mount .*file-no on \/x: open_tree\(2\): ENOENT/,
    )
    const { output } = await box.inside({
      mounts: [proc, bind(file, '/new/a/file'), bind(box.outside, '/new/b/directory')],
      script: 'cat /new/a/file /new/b/directory/file; stat -c "%F %a" /new /new/a',
    })
    expect(output).toBe('contentcontentdirectory 755\ndirectory 755')
  })

  test('ro is for the mount, rro for those below it too', async () => {
    const mounts: Mount[] = [
      proc,
      { destination: '/tree', type: 'tmpfs', source: 'tmpfs' },
      bind('/dev/shm', '/tree/shm', 'nosuid', 'noexec'),
    ]
    const tree = join(box.rootfs, 'tree')
    const plain = await box.inside({ mounts: [...mounts, bind(tree, '/plain', 'ro')] })
    expect([mountAt(plain, '/plain'), mountAt(plain, '/plain/shm')]).toEqual([
      expect.stringMatching(/^ro,/),
      expect.stringMatching(/^rw,nosuid,/),
    ])
    const all = await box.inside({ mounts: [...mounts, bind(tree, '/all', 'rro', 'rnosuid', 'rnoatime')] })
    expect([mountAt(all, '/all'), mountAt(all, '/all/shm')]).toEqual([
      'ro,nosuid,noatime',
      'ro,nosuid,noexec,noatime',
    ])
    expect(mountAt(all, '/tree/shm')).toMatch(/^rw,/)
  })

  test('flags are added, taken away, and otherwise left as they are', async () => {
    const base = bind(box.outside, '/a', 'nosuid', 'nodev', 'noatime')
    const options = async (...words: string[]) =>
      mountAt(await box.inside({ mounts: [proc, base, bind(join(box.rootfs, 'a'), '/b', ...words)] }), '/b')
    expect(await options('ro')).toBe('ro,nosuid,nodev,noatime')
    expect(await options('suid', 'dev', 'relatime')).toBe('rw,relatime')
    expect(await options('strictatime', 'nodiratime', 'nosymfollow', 'noexec')).toBe(
      'rw,nosuid,nodev,noexec,nodiratime,nosymfollow',
    )
    expect(await options('atime')).toBe('rw,nosuid,nodev,relatime')
    expect(await options('ratime', 'rsuid')).toBe('rw,nodev,relatime')
  })

  test('remount changes what is mounted already', async () => {
    const answer = await box.inside({
      mounts: [
        proc,
        bind(box.outside, '/a'),
        { destination: '/a', type: 'bind', source: 'x', options: ['bind', 'remount', 'ro', 'noexec'] },
        { destination: '/b', type: 'tmpfs', source: 'tmpfs', options: ['size=64k'] },
        { destination: '/b', type: 'tmpfs', source: 'tmpfs', options: ['remount', 'size=128k'] },
      ],
      script: 'grep " /b " /proc/mounts',
    })
    expect(mountAt(answer, '/a')).toBe('ro,noexec,relatime')
    expect(answer.output).toContain('size=128k')
  })

  test.each([
    ['private', /^$/],
    ['slave', /^$/],
    ['shared', /^shared:\d+$/],
    ['rshared', /^shared:\d+$/],
    ['unbindable', /^unbindable$/],
  ])('propagation %s', async (word, expected) => {
    const answer = await box.inside({
      mounts: [
        proc,
        bind(box.outside, '/bound', word),
        { destination: '/own', type: 'tmpfs', source: 'tmpfs', options: [word] },
      ],
    })
    for (const path of ['/bound', '/own'])
      expect(mountAt(answer, path)?.split(' ').slice(1).join(' '), path).toMatch(expected)
  })

  test.each([
    ['rslave', 'rslave', { late: true, back: false }],
    ['rprivate', '', { late: false, back: false }],
    ['rshared', 'shared', { late: true, back: true }],
  ])('a volume that is %s, the root %s: %j', async (word, propagation, expected) => {
    // A machine in small: a shared tree, and the container in a mount namespace below.
    const host = `
      set -e; V=${box.outside}
      mount -t tmpfs host $V; mount --make-shared $V; mkdir $V/late $V/back
      unshare --mount --propagation unchanged --pid --fork ${process.execPath} ${fixture} "$REQUEST" > $V/answer &
      for i in $(seq 200); do [ -e $V/ready ] && break; sleep 0.05; done
      mount -t tmpfs late $V/late; touch $V/go; wait $!
      cut -d' ' -f5 /proc/self/mountinfo | grep "^$V/" || true
      echo; cat $V/answer`
    const request: Request = {
      rootfs: box.rootfs,
      mounts: [proc, bind(box.outside, '/volume', word)],
      propagation,
      script:
        'touch /volume/ready; for i in $(seq 200); do [ -e /volume/go ] && break; sleep 0.05; done; mount -t tmpfs back /volume/back; cut -d" " -f5 /proc/self/mountinfo',
    }
    const unshare = ['--mount', '--propagation', 'private', 'sh', '-c', host]
    const { stdout } = await execa('unshare', unshare, { env: { REQUEST: JSON.stringify(request) } })
    const [seen = '', json = ''] = stdout.split(/\n*(?=\{")/)
    const { output }: Answer = JSON.parse(json)
    expect({ late: output.includes('/volume/late'), back: seen.includes('/back') }).toEqual(expected)
  })

  test('flags that a user namespace must keep are kept, and taking them away is refused', async () => {
    const source = join(box.rootfs, 'outer')
    await mkdir(source)
    const locked = async (...options: string[]): Promise<Answer> => {
      const mounts = [bind('/proc', '/proc'), bind(source, '/locked', ...options)]
      const host = `mount -t tmpfs -o ro,nosuid,nodev x ${source}
        exec unshare --user --map-root-user --mount --pid --fork ${process.execPath} ${fixture} "$REQUEST"`
      const { stdout } = await execa('unshare', ['--mount', 'sh', '-c', host], {
        env: { REQUEST: JSON.stringify({ rootfs: box.rootfs, mounts }) },
      })
      return JSON.parse(stdout)
    }
    const kept = await locked('noexec')
    expect(kept.error).toBeUndefined()
    expect(mountAt(kept, '/locked')).toMatch(/^ro,nosuid,nodev,noexec/)
    expect((await locked('rw')).error).toMatch(/mount_setattr\(2\): EPERM/)
  })

  test('owners are mapped, for those who come through the mount only', async () => {
    await writeFile(join(box.outside, 'mine'), '')
    await chown(join(box.outside, 'mine'), 1000, 1001)
    const mapping = (hostID: number) => [{ containerID: 1000, hostID, size: 10 }]
    const { error, output } = await box.inside(
      {
        mounts: [
          bind('/proc', '/proc'),
          {
            ...bind(box.outside, '/mapped', 'idmap'),
            uidMappings: mapping(5000),
            gidMappings: mapping(6000),
          },
          bind(box.outside, '/plain'),
        ],
        script: 'stat -c "%u %g" /mapped/mine /plain/mine',
      },
      '--no-pid',
    )
    expect(error).toBeUndefined()
    expect(output).toBe('5000 6001\n1000 1001')
    const bare = await box.inside({ mounts: [bind(box.outside, '/mapped', 'idmap')] })
    expect(bare.error).toMatch(/^\$\.mounts\[0\].*no uidMappings/)
  })

  test('in a user namespace owners are mapped by the host’s half', async () => {
    await writeFile(join(box.outside, 'mine'), '')
    await chown(join(box.outside, 'mine'), 7, 8)
    const own = [{ containerID: 0, hostID: 200_000, size: 1000 }]
    const mounts = [bind('/proc', '/proc'), bind(box.outside, '/mapped', 'ridmap')]
    const [tree = -1] = Object.values(
      openMountTrees(mounts, { uidMappings: own, gidMappings: own }, ({ source = '' }) => source),
    )
    try {
      await chown(box.rootfs, 200_000, 200_000)
      const request: Request = {
        rootfs: box.rootfs,
        mounts,
        context: { userNamespace: true, trees: { 1: 3 } },
        script:
          'stat -c "%u %g" /mapped/mine; touch /mapped/new; stat -c "%u %g" /mapped/new; mount -t tmpfs x /mapped',
      }
      const host = `unshare --user sleep 60 & P=$!
        until echo "0 200000 1000" > /proc/$P/uid_map; do sleep 0.05; done 2>&-
        echo "0 200000 1000" > /proc/$P/gid_map
        nsenter --user --target $P --setuid 0 --setgid 0 \
          unshare --mount --pid --fork ${process.execPath} ${fixture} "$REQUEST"; kill $P`
      const { stdout } = spawnSync('sh', ['-c', host], {
        env: { ...process.env, REQUEST: JSON.stringify(request) },
        stdio: ['ignore', 'pipe', 'inherit', tree],
        encoding: 'utf8',
      })
      const { error, output }: Answer = JSON.parse(stdout)
      expect([error, output]).toEqual([undefined, '7 8\n0 0'])
    } finally {
      closeSync(tree)
    }
    expect((await stat(join(box.outside, 'new'))).uid).toBe(0)
  })

  test('options that a bind mount cannot have are said, with their place', async () => {
    const { warnings } = await box.inside({ mounts: [proc, bind(box.outside, '/a', 'size=1m')] })
    expect(warnings).toEqual([expect.stringMatching(/^\$\.mounts\[1\]: a bind mount has no option size=1m/)])
  })
})
