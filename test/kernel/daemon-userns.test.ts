// userns-remap: root of a container is nobody on the host. The stock docker client, on a
// daemon that maps and on one that does not. Needs root.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { NetworkStage } from '../suites/network-stage.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Subordinate } from '../suites/subordinate.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const first = 200_000
const own = 'daemon:200000:65536'

describe.runIf(isRoot)('userns-remap (needs root)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lc-userns-'))
  let before: string[]
  let subordinate: Subordinate
  let stage: NetworkStage
  let plain: Tockerd
  beforeAll(async () => {
    before = leftovers()
    subordinate = await Subordinate.open(own)
    const flags = ['--userns-remap=daemon', '--storage-driver=overlay2']
    stage = await NetworkStage.open(flags, subordinate.mounts)
    plain = await Tockerd.open()
  })
  afterAll(async () => {
    await using all = new AsyncDisposableStack()
    all.defer(() => rmSync(directory, { recursive: true }))
    all.use(subordinate)
    all.use(plain)
    all.defer(() => expect(subordinate.below(stage.tockerd.directory)).toEqual([]))
    all.use(stage)
    await all.disposeAsync()
    await nothingMoreThan(before)
  })
  const ok = (...words: string[]): Promise<string> => stage.tockerd.ok(...words)
  const sh = (script: string, ...words: string[]): Promise<string> =>
    ok('run', '--rm', '--network', 'none', ...words, 'busybox', 'sh', '-c', script)
  const inspect = (format: string, ...what: string[]): Promise<string> => ok('inspect', '-f', format, ...what)
  const whose = (path: string): number[] => [statSync(path).uid, statSync(path).gid]

  test('root inside is somebody else outside, and the files of both are root’s', async () => {
    await stage.sleeper('box', '--network', 'none')
    const pid = await inspect('{{.State.Pid}}', 'box')
    for (const kind of ['uid', 'gid'])
      expect(readFileSync(`/proc/${pid}/${kind}_map`, 'utf8').trim().split(/\s+/)).toEqual([
        ...['0', `${first}`, '65536'],
      ])
    expect(statSync(`/proc/${pid}`).uid).toBe(first)
    expect(await ok('exec', 'box', 'stat', '-c', '%u:%g', '/', '/bin/busybox', '/etc/hosts', '/dev')).toBe(
      Array(4).fill('0:0').join('\n'),
    )
    for (const path of ['', 'bin/busybox', 'etc/resolv.conf'])
      expect(whose(`/proc/${pid}/root/${path}`)).toEqual([first, first])
    await ok('exec', 'box', 'sh', '-c', 'echo more >> /etc/hosts; touch /new; chown 7:8 /new')
    expect(whose(`/proc/${pid}/root/new`)).toEqual([first + 7, first + 8])
    await ok('rm', '-f', 'box')
  })

  test('the data-root is this mapping’s, and nobody else may pass there', async () => {
    const root = join(stage.tockerd.directory, `root/${first}.${first}`)
    expect(await ok('info', '-f', '{{.DockerRootDir}} {{json .SecurityOptions}}')).toMatch(
      `${root} ["name=seccomp,profile=builtin","name=userns"`,
    )
    expect([statSync(root).mode & 0o777, ...whose(root)]).toEqual([0o710, 0, first])
  })

  test('the same image has the same id, here and on a daemon that maps nobody', async () => {
    const id = await inspect('{{.Id}}', 'busybox')
    const archive = join(directory, 'box.tar')
    await ok('save', '-o', archive, 'busybox')
    await plain.ok('load', '-i', archive)
    expect(await plain.ok('inspect', '-f', '{{.Id}}', 'busybox')).toBe(id)
    await ok('run', '--name', 'wrote', '--network', 'none', 'busybox', 'sh', '-c', 'touch /a; chown 3:4 /a')
    await ok('commit', 'wrote', 'wrote')
    await ok('save', '-o', archive, 'wrote')
    await plain.ok('load', '-i', archive)
    const format = ['--type', 'image', '-f', '{{.Id}} {{.RootFS.Layers}}', 'wrote']
    expect(await plain.ok('inspect', ...format)).toBe(await ok('inspect', ...format))
    const stat = ['stat', '-c', '%u:%g', '/a', '/']
    expect(await plain.ok('run', '--rm', '--network', 'none', 'wrote', ...stat)).toBe('3:4\n0:0')
    expect(await ok('run', '--rm', '--network', 'none', 'wrote', ...stat)).toBe('3:4\n0:0')
    expect(await ok('diff', 'wrote')).toBe('A /a')
    await ok('export', '-o', archive, 'wrote')
    const listed = execFileSync('tar', ['--numeric-owner', '-tvf', archive, 'a', 'bin'], { encoding: 'utf8' })
    expect(listed).toMatch(/ 3\/4 .* a$/m)
    expect(listed).not.toContain(`${first}`)
    await ok('rm', 'wrote')
  })

  test('a daemon that was killed finds its containers again; one that maps nobody has a data-root of its own', async () => {
    const { tockerd } = stage
    await stage.sleeper('box', '--network', 'none')
    await tockerd.kill()
    await tockerd.start()
    expect(await ok('exec', 'box', 'stat', '-c', '%u', '/')).toBe('0')
    await ok('stop', '-t', '0', 'box')
    expect(await inspect('{{.State.ExitCode}}', 'box')).toBe('137')
    await ok('start', 'box')
    await ok('rm', '-f', 'box')
    await tockerd.stop()
    await tockerd.start(['--storage-driver=overlay2'])
    expect(await ok('images', '-q')).toBe('')
    await tockerd.stop()
    await tockerd.start()
    expect(await ok('images', '--format', '{{.Repository}}')).toContain('busybox')
  })

  test('cp, into a container that runs and one that does not', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, 'text')
    await stage.sleeper('box', '--network', 'none', '-v', '/data')
    await ok('create', '--name', 'still', '--network', 'none', '-v', '/data', 'busybox')
    for (const name of ['box', 'still']) {
      for (const place of ['/file', '/data/file']) {
        await ok('cp', '-a', file, `${name}:${place}`)
        const { stdout } = await execa(`docker cp ${name}:${place} - | tar --numeric-owner -tvf -`, {
          ...{ shell: true, env: stage.tockerd.environment },
        })
        expect(stdout).toMatch(/ 0\/0 .* file$/)
      }
    }
    await ok('start', 'still')
    expect(await ok('exec', 'box', 'stat', '-c', '%u:%g', '/file', '/data', '/data/file')).toBe(
      '0:0\n0:0\n0:0',
    )
    await ok('rm', '-fv', 'box', 'still')
  })

  test('volumes, binds, tmpfs and a working directory are root’s', async () => {
    const bind = join(directory, 'bind')
    const script = 'touch /new/x /mine/x /t/x; stat -c %u:%g . /new /new/x /mine /mine/x /t /t/x'
    const places = ['-v', 'data:/new', '-v', `${bind}:/mine`, '--tmpfs', '/t', '-w', '/made/here']
    expect(await sh(script, ...places)).toBe(Array(7).fill('0:0').join('\n'))
    const volume = await ok('volume', 'inspect', '-f', '{{.Mountpoint}}', 'data')
    for (const path of [volume, join(volume, 'x'), bind, join(bind, 'x')])
      expect(whose(path)).toEqual([first, first])
    // Where the image has something, the volume begins with that.
    expect(await sh('ls /bin | grep -c busybox; stat -c %u /bin/busybox', '-v', 'copy:/bin')).toMatch(
      /^\d+\n0$/,
    )
    await ok('volume', 'rm', 'data', 'copy')
  })

  test('a bind of a directory that only the host’s root may pass', async () => {
    const secret = join(directory, 'secret')
    mkdirSync(join(secret, 'shared'), { recursive: true, mode: 0o755 })
    writeFileSync(join(secret, 'shared/file'), 'text')
    execFileSync('chmod', ['700', secret])
    expect(
      await sh('cat /srv/file; echo; stat -c %u /srv; touch /srv/x || true', '-v', `${secret}/shared:/srv`),
    ).toBe('text\n65534')
  })

  test('exec, users, a terminal, capabilities inside', async () => {
    await stage.sleeper('box', '--network', 'none')
    expect(await ok('exec', '-u', '12:34', 'box', 'id', '-u')).toBe('12')
    const admin = async (...words: string[]): Promise<bigint> => {
      const line = await ok('exec', ...words, 'box', 'grep', 'CapEff', '/proc/self/status')
      return (BigInt(`0x${line.split(/\s+/)[1]}`) >> 21n) & 1n
    }
    expect([await admin(), await admin('--privileged')]).toEqual([0n, 1n])
    const echo = ['sh', '-c', 'cat; echo out > /dev/stdout; echo err > /dev/stderr']
    expect((await stage.tockerd.docker(['exec', '-i', 'box', ...echo], 'in\n')).stdout).toBe('in\nout')
    for (const runtime of ['tocker', 'runc'])
      for (const user of ['0', '7']) {
        const words = [
          'run',
          '-i',
          '--rm',
          '--network',
          'none',
          '--runtime',
          runtime,
          '-u',
          user,
          'busybox',
          ...echo,
        ]
        expect(await stage.tockerd.docker(words, 'in\n')).toEqual({
          exitCode: 0,
          stdout: 'in\nout',
          stderr: 'err',
        })
      }
    for (const runtime of ['tocker', 'runc']) {
      const line = `docker run --rm -t --runtime ${runtime} --network none busybox sh -c 'tty; stat -c %u /dev/console'`
      const { stdout } = await execa('script', ['-qec', line, '/dev/null'], {
        ...{ env: stage.tockerd.environment, stdin: 'ignore' },
      })
      expect(stdout.trim().split(/\s+/)).toEqual(['/dev/pts/0', '0'])
    }
    await ok('rm', '-f', 'box')
    expect(await stage.refused('run', '--rm', '--network', 'none', '-u', '70000', 'busybox', 'id')).toMatch(
      /does not map 70000/,
    )
  })

  test('networks: the gateway answers, names are found, and namespaces are shared', async () => {
    await ok('network', 'create', 'own')
    await stage.sleeper('web', '--network', 'own', '-p', '8080:80', '--ipc', 'shareable')
    const gateway = "ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'"
    expect(
      await ok(
        'run',
        '--rm',
        '--network',
        'own',
        'busybox',
        'sh',
        '-c',
        `ping -c 1 -W 5 $(${gateway}); ping -c 1 -W 5 web; ls /sys/class/net`,
      ),
    ).toMatch(/ 0% packet loss[\s\S]* 0% packet loss[\s\S]*eth0\nlo$/)
    const joined = ['--network', 'container:web', '--pid', 'container:web', '--ipc', 'container:web']
    const said = await ok(
      'run',
      '--rm',
      ...joined,
      'busybox',
      'sh',
      '-c',
      'ps | grep -c sleep; touch /dev/shm/x; stat -c %u /dev/shm',
    )
    expect(said).toMatch(/^\d\n0$/)
    await ok('network', 'disconnect', 'own', 'web')
    await ok('network', 'connect', 'own', 'web')
    await stage.clear()
  })

  test('--userns=host: as on any other daemon, in a tree whose owners are shifted', async () => {
    const words = ['--userns', 'host', '--privileged', '--pid', 'host']
    expect(await sh('tr -s " " < /proc/self/uid_map; stat -c %u /bin/busybox', ...words)).toBe(
      ` 0 0 4294967295\n${first}`,
    )
    expect(
      await ok('run', '--rm', '--userns', 'host', '--network', 'host', 'busybox', 'ls', '/sys/class/net'),
    ).toContain('up0')
  })

  test.each([
    [
      ['--privileged'],
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    ],
    [['--network', 'host'], "cannot share the host's network namespace when user namespaces are enabled"],
    [['--pid', 'host'], 'cannot share the host PID namespace when user namespaces are enabled'],
    [['--ipc', 'host'], "cannot share the host's IPC namespace when user namespaces are enabled"],
  ])('%j is refused', async (words, reason) => {
    const said = await stage.refused('create', ...words, 'busybox')
    expect(said).toBe(`Error response from daemon: ${reason}`)
  })

  test('what cannot be is one line, with --validate and without', async () => {
    const at = join(directory, 'refused')
    const before = [
      ...[
        `--mount=${subordinate.mounts}`,
        process.execPath,
        join(packageRoot(), 'dist/tockerd.mjs'),
        '-H',
        `unix://${at}/sock`,
      ],
      ...[`--data-root=${at}/root`, `--exec-root=${at}/exec`, `--pidfile=${at}/pid`],
    ]
    const say = (...words: string[]) => execa('nsenter', [...before, ...words], { reject: false })
    expect((await say('--validate', '--userns-remap=daemon')).stdout).toBe('configuration OK')
    expect((await say('--validate', '--userns-remap=no-such')).stderr).toBe(
      'tockerd: userns-remap: "no-such": there is no user no-such in /etc/passwd',
    )
    subordinate.write('daemon:200000:1000')
    expect((await say('--userns-remap=daemon')).stderr).toBe(
      'tockerd: userns-remap: "daemon": daemon has 1000 ids in /etc/subuid, and images need 65536: give it more there',
    )
    subordinate.write(own)
    mkdirSync(at, { mode: 0o700 })
    expect((await say('--userns-remap=daemon')).stderr).toBe(
      `tockerd: userns-remap: containers' root, ${first}:${first}, may not pass ${at}: chmod o+x ${at}`,
    )
  })
})
