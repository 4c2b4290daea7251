// One life of a container, by every runtime that `docker run --runtime` may name: our own,
// runc and crun by runc's command line, and LXC. What a user sees of it is the same.
// Needs root.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPty } from '../../sandbox-vm/pty.ts'
import { isHybrid } from '../suites/hybrid.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const names = ['tocker', 'runc', ...(isHybrid() ? [] : ['crun']), 'lxc']

describe.runIf(isRoot).each(names)('docker run --runtime %s', (runtime) => {
  let tockerd: Tockerd
  beforeAll(async () => {
    tockerd = await Tockerd.open()
  })
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await tockerd?.[Symbol.asyncDispose]()
    isOpen = false
  }
  afterAll(close)

  const run = (...words: string[]) => tockerd.docker(['run', '--runtime', runtime, ...words])
  const ok = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(...words)
    if (exitCode !== 0) throw new Error(`docker run ${words.join(' ')}: ${exitCode} ${stdout} ${stderr}`)
    return stdout
  }

  test('docker info names it', async () => {
    expect(Object.keys(JSON.parse(await tockerd.ok('info', '--format', '{{json .Runtimes}}')))).toContain(
      runtime,
    )
  })

  test('output, errors and exit status come back, and Docker’s own statuses', async () => {
    const both = await run(
      '--rm',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    )
    expect(both).toMatchObject({ exitCode: 7, stdout: 'out', stderr: 'err' })
    expect(await run('--rm', 'busybox', '/nowhere')).toMatchObject({ exitCode: 127 })
    expect(await run('--rm', 'busybox', 'nowhere')).toMatchObject({ exitCode: 127 })
    expect(await run('--rm', 'busybox', '/etc/passwd')).toMatchObject({ exitCode: 126 })
    expect(await run('--rm', '--nonsense', 'busybox')).toMatchObject({ exitCode: 125 })
    expect(
      await tockerd.docker(['run', '--rm', '-i', '--runtime', runtime, 'busybox', 'cat'], 'words'),
    ).toMatchObject({ exitCode: 0, stdout: 'words' })
  })

  test('user, groups, directory, environment, name, limits and rights are as asked', async () => {
    const user = ['--user', '1000:1001', '--group-add', '7', '-w', '/tmp', '-e', 'A=b  c', '-h', 'blue']
    const asked = 'id; pwd; echo "[$A]"; hostname; grep -E "Cap(Eff|Bnd)|NoNew|Seccomp:" /proc/self/status'
    const lines = (
      await ok('--rm', ...user, '--cap-drop', 'ALL', '--cap-add', 'NET_RAW', 'busybox', 'sh', '-c', asked)
    ).split('\n')
    expect(lines).toEqual([
      expect.stringMatching(/^uid=1000 gid=1001 groups=.*\b7\b/),
      '/tmp',
      '[b  c]',
      'blue',
      'CapEff:\t0000000000000000',
      'CapBnd:\t0000000000002000',
      'NoNewPrivs:\t0',
      'Seccomp:\t2',
    ])
    const limits = [
      '-m',
      '32m',
      '--pids-limit',
      '30',
      '--ulimit',
      'nofile=99:100',
      '--sysctl',
      'net.core.somaxconn=77',
    ]
    const script = 'ulimit -n; ulimit -Hn; cat /proc/sys/net/core/somaxconn'
    expect(await ok('--rm', ...limits, 'busybox', 'sh', '-c', script)).toBe('99\n100\n77')
    const big = 'x=a; while :; do x=$x$x; done'
    await run('--name', 'big', ...limits, '--memory-swap', '32m', 'busybox', 'sh', '-c', big)
    expect(await tockerd.ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'big')).toBe(
      'true 137',
    )
    await tockerd.ok('rm', 'big')
  })

  test('what a container must not do, it may not', async () => {
    for (const script of [
      'mount -t tmpfs none /mnt',
      'echo 1 > /proc/sys/kernel/panic',
      'echo b > /proc/sysrq-trigger',
    ])
      expect(await run('--rm', 'busybox', 'sh', '-c', script), script).toMatchObject({
        exitCode: expect.any(Number),
      })
    const hidden = 'wc -c < /proc/timer_list; ls /sys/firmware /proc/acpi; ls -A /dev'
    const text = await ok('--rm', 'busybox', 'sh', '-c', hidden)
    expect(text.split('\n')[0]).toBe('0')
    expect(text).not.toMatch(/vda|mem|kmsg/)
    expect((await run('--rm', '--read-only', 'busybox', 'touch', '/x')).stderr).toMatch(/Read-only/)
    expect(
      (
        await run(
          '--rm',
          '--device',
          '/dev/zero:/dev/mine:r',
          'busybox',
          'sh',
          '-c',
          'head -c 3 /dev/mine | wc -c',
        )
      ).stdout,
    ).toBe('3')
  })

  test('volumes, files and tmpfs, also where the image has a link', async () => {
    const file = join(tockerd.directory, `a file of ${runtime}`)
    writeFileSync(file, 'bound\n')
    mkdirSync(join(tockerd.directory, 'more'), { recursive: true })
    const mounts = ['-v', 'data:/data', '-v', `${file}:/etc/my file:ro`, '--tmpfs', '/scratch:size=1m']
    const script =
      'echo kept > /data/x; cat "/etc/my file"; touch /scratch/y; echo no > "/etc/my file" || echo sealed'
    expect(await ok('--rm', ...mounts, 'busybox', 'sh', '-c', script)).toBe('bound\nsealed')
    expect(await ok('--rm', '-v', 'data:/data:ro', 'busybox', 'cat', '/data/x')).toBe('kept')
    expect(await ok('--rm', '-v', 'data:/data', '-w', '/data/made', 'busybox', 'pwd')).toBe('/data/made')
    expect(await ok('--rm', '-w', '/not/there/yet', 'busybox', 'pwd')).toBe('/not/there/yet')
    await ok('--name', 'linked', 'busybox', 'sh', '-c', 'mkdir /run; ln -s /run /var-run')
    await tockerd.ok('commit', 'linked', 'linked')
    expect(await ok('--rm', '-v', 'data:/var-run/data', 'linked', 'cat', '/run/data/x')).toBe('kept')
    await tockerd.ok('rm', 'linked')
    await tockerd.ok('volume', 'rm', 'data')
    await tockerd.ok('rmi', 'linked')
  })

  test('on a network of its own making, by name', async () => {
    await tockerd.ok('network', 'create', 'mine')
    await ok('-d', '--name', 'web', '--network', 'mine', 'busybox', 'sleep', '1000')
    const address = await tockerd.ok('inspect', '-f', '{{.NetworkSettings.Networks.mine.IPAddress}}', 'web')
    expect(await ok('--rm', '--network', 'mine', 'busybox', 'nslookup', '-type=a', 'web')).toContain(address)
    const ping = ['ping', '-c', '1', '-W', '5', address]
    expect(await ok('--rm', '--network', 'mine', 'busybox', ...ping)).toContain(' 0% packet loss')
    const space = ['readlink', '/proc/self/ns/net']
    const joined = await ok('--rm', '--network', 'container:web', 'busybox', ...space)
    expect(joined).toBe(await tockerd.ok('exec', 'web', ...space))
    expect(
      await ok('--rm', '--network', 'host', '--pid', 'host', 'busybox', 'readlink', '/proc/self/ns/net'),
    ).toBe(execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim())
    await tockerd.ok('rm', '-f', 'web')
    await tockerd.ok('network', 'rm', 'mine')
  })

  test('logs, top, stats, pause, exec, stop, restart, kill and rm', async () => {
    await ok(
      '-d',
      '--name',
      'life',
      'busybox',
      'sh',
      '-c',
      'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.1; done',
    )
    await expect.poll(() => tockerd.ok('logs', 'life')).toBe('up')
    expect(await tockerd.ok('top', 'life')).toMatch(/trap/)
    expect(await tockerd.ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'life')).toMatch(
      /^life [12]$/,
    )
    await tockerd.ok('pause', 'life')
    expect(await tockerd.ok('ps', '--filter', 'name=life', '--format', '{{.State}}')).toBe('paused')
    await tockerd.ok('unpause', 'life')
    const words = ['exec', '-u', '1000', '-w', '/etc', '-e', 'X=1', 'life']
    expect(await tockerd.ok(...words, 'sh', '-c', 'id -u; pwd; echo $X; ls -d /proc/1')).toBe(
      '1000\n/etc\n1\n/proc/1',
    )
    expect((await tockerd.docker(['exec', 'life', 'sh', '-c', 'exit 9'])).exitCode).toBe(9)
    expect((await tockerd.docker(['exec', 'life', '/nowhere'])).exitCode).toBe(127)
    await tockerd.ok('update', '-m', '40m', '--memory-swap', '40m', 'life')
    await tockerd.ok('stop', 'life')
    const ended = ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'life']
    expect(await tockerd.ok(...ended)).toBe('exited 3')
    await tockerd.ok('start', 'life')
    await tockerd.ok('restart', '-t', '5', 'life')
    await tockerd.ok('kill', 'life')
    await tockerd.ok('wait', 'life')
    expect(await tockerd.ok(...ended)).toBe('exited 137')
    expect(await tockerd.ok('logs', 'life')).toMatch(/^up\nbye\nup/)
    await tockerd.ok('rm', 'life')
    const id = await ok('-d', '--init', 'busybox', 'sleep', '1000')
    await tockerd.ok('rm', '-f', id)
    const { stdout } = await tockerd.docker(['create', '--runtime', runtime, 'busybox', 'true'])
    await tockerd.ok('rm', stdout)
  })

  test('a terminal has a size, and takes what is typed', async () => {
    const script = 'tty; stty size; read line; echo "got $line"; exit 4'
    const words = ['run', '--rm', '-it', '--runtime', runtime, 'busybox', 'sh', '-c', script]
    const shell = openPty({
      command: ['docker', ...words],
      cols: 97,
      rows: 31,
      env: pathAnd(tockerd.environment),
    })
    let text = ''
    shell.onData((chunk) => {
      text += chunk
    })
    await expect.poll(() => text).toMatch(/31 97/)
    shell.write('a key\r')
    expect(await shell.exited).toBe(4)
    expect(text).toMatch(/\/dev\/(pts\/0|console)\r\n/)
    expect(text).toMatch(/got a key\r\n/)
  })

  if (runtime === 'lxc')
    test('LXC’s own tools see it, and its monitor’s end is its own', async () => {
      const id = await ok('-d', '--name', 'seen', 'busybox', 'sleep', '1000')
      const directory = join(tockerd.directory, 'exec/runtimes/lxc')
      const lxc = (tool: string, ...words: string[]): string =>
        execFileSync(tool, ['-P', directory, '-n', id, ...words], { encoding: 'utf8' }).trim()
      expect(lxc('lxc-info', '-s', '-H')).toBe('RUNNING')
      expect(lxc('lxc-attach', '--', 'hostname')).toBe(id.slice(0, 12))
      const { pid } = JSON.parse(readFileSync(join(directory, id, 'monitor'), 'utf8'))
      process.kill(pid, 'SIGKILL')
      expect(await tockerd.ok('wait', 'seen')).toBe('137')
      await tockerd.ok('start', 'seen')
      expect(lxc('lxc-info', '-s', '-H')).toBe('RUNNING')
      await tockerd.ok('rm', '-f', 'seen')
      expect(readdirSync(directory)).toEqual([])
    })

  test('when the supervisor is killed, it is found again', async () => {
    await ok('-d', '--name', 'stays', 'busybox', 'sleep', '1000')
    const pid = await tockerd.ok('inspect', '-f', '{{.State.Pid}}', 'stays')
    process.kill(tockerd.supervisorPid, 'SIGKILL')
    await expect.poll(async () => (await tockerd.docker(['exec', 'stays', 'true'])).exitCode).toBe(0)
    expect(await tockerd.ok('inspect', '-f', '{{.State.Pid}}', 'stays')).toBe(pid)
    await tockerd.ok('rm', '-f', 'stays')
    // A zombie, where PID 1 takes its time.
    expect(existsSync(`/proc/${pid}/exe`) && readlinkSync(`/proc/${pid}/exe`)).toBe(false)
  })

  test('when the daemon ends nothing is left', async () => {
    await close()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})

/** openPty() gives its program nothing else. */
function pathAnd(env: Record<string, string>): Record<string, string> {
  return { ...env, PATH: process.env.PATH ?? '' }
}
