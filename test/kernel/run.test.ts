// tocker on this machine's own kernel, whichever cgroup version it has. Needs root.
// Each test looks at what the kernel says; the last one at what is left behind.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'

const bundle = join(packageRoot(), 'dist/tocker.mjs')
let directory: string
let box: string
let before: string[]

function tocker(...args: string[]) {
  return execa(process.execPath, [bundle, ...args], { reject: false, stdin: 'ignore' })
}
function run(...args: string[]) {
  return tocker('run', '--rootfs', box, ...args)
}

// Containers are made of Linux namespaces, and root makes them: elsewhere there is nothing to test.
describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'tocker run (needs root on Linux)',
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'lc-kernel-'))
      before = leftovers()
      box = join(directory, 'box')
      const made = await tocker('rootfs', box)
      expect(made.stdout).toMatch(/busybox with \d+ commands/)
    })
    afterAll(async () => {
      await rm(directory, { recursive: true, force: true })
    })

    test('six namespaces are the container’s own, and the user namespace is not', async () => {
      const { stdout } = await run(
        '--',
        'sh',
        '-c',
        'for n in mnt uts ipc pid net cgroup user; do readlink /proc/self/ns/$n; done',
      )
      const inside = stdout.split('\n')
      for (const [index, name] of ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup'].entries())
        expect(inside[index]).not.toBe(await readlink(`/proc/self/ns/${name}`))
      expect(inside[6]).toBe(await readlink('/proc/self/ns/user'))
    })

    test('at a terminal it has one of its own', async () => {
      const command = `${process.execPath} ${bundle} run --rootfs ${box} -- sh -c 'tty; echo in'`
      const { stdout, exitCode } = await execa('script', ['-qec', command, '/dev/null'], {
        reject: false,
        stdin: 'ignore',
      })
      expect(stdout.replaceAll('\r', '')).toMatch(/\/dev\/pts\/\d+\nin$/m)
      expect(exitCode).toBe(0)
    })

    test('the command is PID 1, sees its own processes only, and has the host name that it was given', async () => {
      const { stdout } = await run(
        '-h',
        'blue',
        '--',
        'sh',
        '-c',
        'echo $$; hostname; ls -d /proc/[0-9]* | wc -l',
      )
      const [pid, name, count] = stdout.split('\n')
      expect([pid, name]).toEqual(['1', 'blue'])
      expect(Number(count)).toBeLessThan(6)
    })

    test('its root is the directory, and the host is out of reach', async () => {
      await writeFile(join(directory, 'secret'), 'x')
      const { stdout } = await run(
        '--',
        'sh',
        '-c',
        `ls /; ls ${directory} 2>&1; cd ../../../..; pwd; wc -l < /proc/mounts`,
      )
      expect(stdout).toMatch(/^bin$/m)
      expect(stdout).toMatch(/No such file/)
      expect(Number(stdout.split('\n').at(-1))).toBeLessThan(30)
    })

    test('devices work, and are the six harmless ones', async () => {
      const { stdout } = await run(
        '--',
        'sh',
        '-c',
        'echo x > /dev/null; head -c 4 /dev/zero | wc -c; head -c 8 /dev/urandom | wc -c; find /dev -type c | grep -v pts | sort | tr "\\n" " "; tty 2>&1',
      )
      expect(stdout).toMatch(
        /^4\n8\n\/dev\/full \/dev\/null \/dev\/random \/dev\/tty \/dev\/urandom \/dev\/zero/,
      )
    })

    test('no network but lo, which is up; with --network host, the host’s', async () => {
      expect(
        (await run('--', 'sh', '-c', 'ls /sys/class/net; ping -c1 -w2 127.0.0.1 >/dev/null && echo up'))
          .stdout,
      ).toBe('lo\nup')
      const { stdout } = await run('--network', 'host', '--', 'readlink', '/proc/self/ns/net')
      expect(stdout).toBe(await readlink('/proc/self/ns/net'))
    })

    test('what the kernel offers to the whole machine is masked or read-only', async () => {
      const { stdout } = await run(
        '--',
        'sh',
        '-c',
        'echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger; wc -c < /proc/keys; touch /sys/x',
      )
      expect(stdout).toBe('0')
    })

    test('--read-only, --workdir, --env', async () => {
      const { stdout, stderr } = await run(
        '--read-only',
        '-w',
        '/tmp',
        '-e',
        'WORD=a b',
        '--',
        'sh',
        '-c',
        'pwd; echo "$WORD"; touch /x',
      )
      expect(stdout).toBe('/tmp\na b')
      expect(stderr).toMatch(/Read-only file system/)
    })

    test('exit statuses are Docker’s: the command’s own, 126, 127, 125, 128 + signal', async () => {
      await writeFile(join(box, 'plain'), 'x')
      const statuses = [['sh', '-c', 'exit 7'], ['/plain'], ['nope'], ['sh', '-c', 'kill -TERM $$; exit 4']]
      expect(
        await Promise.all(statuses.map(async (command) => (await run('--', ...command)).exitCode)),
      ).toEqual([7, 126, 127, 4])
      expect((await run('-m', '20m', '--', 'tail', '/dev/zero')).exitCode).toBe(137)
      expect((await tocker('run', '--rootfs', join(directory, 'none'), '--', 'true')).exitCode).toBe(125)
    })

    test('the memory limit holds, and the killing is said', async () => {
      const { exitCode, stderr } = await run('-m', '30M', '--', 'tail', '/dev/zero')
      expect(exitCode).toBe(137)
      expect(stderr).toMatch(/OOM killer struck \d+ time/)
      expect(
        (await run('-m', '60M', '--', 'sh', '-c', 'head -c 8000000 /dev/zero | tail -c 1 | wc -c')).stdout,
      ).toBe('1')
    })

    test('the pids limit stops a fork bomb', async () => {
      const { stderr } = await run(
        '--pids-limit',
        '8',
        '--',
        'sh',
        '-c',
        'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait',
      )
      expect(stderr).toMatch(/can't fork|Resource temporarily unavailable/)
    })

    test.each([
      [['run'], /'tocker run' requires an image/],
      [['run', '--rootfs', '/tmp'], /'tocker run --rootfs' requires a command/],
      [['run', '--rootfs', '/tmp', '--name', 'x', '--', 'true'], /--name is for a container of an image/],
      [['run', '--layer', '/tmp/x', 'busybox'], /--layer goes with --rootfs/],
      [['run', '--nope', 'busybox'], /unknown flag: --nope \(see 'tocker run --help'\)/],
      [['run', '--rootfs', '/etc/hostname', '--', 'true'], /is not a directory/],
      [['run', '--rootfs', '/', '--', 'true'], /this machine's own "\/"/],
      [
        ['run', '--rootfs', '/nowhere', '--', 'true'],
        /no root filesystem at \/nowhere: make one with 'tocker rootfs \/nowhere'/,
      ],
      [['run', '--rootfs', '/tmp', '-m', '5x', '--', 'true'], /it is a number and k, m or g/],
      [['run', '--rootfs', '/tmp', '--pids-limit', '0', '--', 'true'], /whole number from 1/],
      [['run', '--rootfs', '/tmp', '--network', 'bridge', '--', 'true'], /it is none or host/],
    ])('%j is refused with one line, and status 125', async (args, message) => {
      const { exitCode, stderr } = await tocker(...args)
      expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
      expect(exitCode).toBe(125)
    })

    test('rootfs will not write over what is there', async () => {
      expect((await tocker('rootfs', box)).stderr).toMatch(/exists already/)
    })

    test('a root filesystem with links in place of /proc and /dev leads nowhere outside', async () => {
      const evil = join(directory, 'evil')
      await tocker('rootfs', evil)
      const outside = join(directory, 'outside')
      await mkdir(outside)
      for (const name of ['proc', 'dev']) {
        await rm(join(evil, name), { recursive: true })
        await symlink(outside, join(evil, name))
      }
      const { exitCode } = await tocker('run', '--rootfs', evil, '--', 'true')
      expect(exitCode).not.toBeNull()
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(outside)
      expect((await execa('ls', ['-A', outside])).stdout).toBe('')
    })

    test('--explain tells the whole way, in order, with lines of the source', async () => {
      const { stderr, stdout } = await run('--explain=json', '-m', '64m', '--', 'echo', 'hi')
      expect(stdout).toBe('hi')
      const records = stderr.split('\n').map((line) => JSON.parse(line))
      const names = records.map(({ name }) => name)
      const order = [
        'unshare',
        'clone',
        'setns',
        'mkdir',
        'write',
        'write',
        'unshare',
        'sethostname',
        'ioctl',
        'mount',
        'openat2',
        'mknodat',
        'pivot_root',
        'umount2',
        'setsid',
        'move_mount',
        'capset',
        'seccomp',
        'execve',
        'rmdir',
      ]
      let at = -1
      for (const name of order) {
        at = names.indexOf(name, at + 1)
        expect(at, `${name} is missing or out of order: ${names.join(' ')}`).toBeGreaterThanOrEqual(0)
      }
      const pivot = records.find(({ name }) => name === 'pivot_root')
      expect(pivot).toMatchObject({ process: 'init', args: '".", "."', result: '0' })
      const [file = '', line = 0] = String(pivot.source).split(':')
      expect((await readFile(join(packageRoot(), file), 'utf8')).split('\n')[Number(line) - 1]).toContain(
        'pivotRoot(',
      )
    })

    test('killed with -9, tocker takes its container along, and the next run removes its cgroup', async () => {
      const child = spawn(process.execPath, [bundle, 'run', '--rootfs', box, '--', 'sleep', '4242'], {
        stdio: 'ignore',
      })
      const sleepers = async (): Promise<string> =>
        (await execa('pgrep', ['-f', '^sleep 4242'], { reject: false })).stdout
      await expect.poll(sleepers).not.toBe('')
      child.kill('SIGKILL')
      await expect.poll(sleepers).toBe('')
      expect((await run('--', 'true')).exitCode).toBe(0)
    })

    test('SIGTERM reaches the container', async () => {
      const child = execa(
        process.execPath,
        [
          bundle,
          'run',
          '--rootfs',
          box,
          '--',
          'sh',
          '-c',
          'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done',
        ],
        { reject: false },
      )
      await new Promise((resolve) => child.stdout.once('data', resolve))
      child.kill('SIGTERM')
      const { exitCode, stdout } = await child
      expect([exitCode, stdout]).toEqual([9, 'up\nbye'])
    })

    test('nothing is left behind: no process, mount, cgroup, interface or file', async () => {
      await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
    })
  },
)
