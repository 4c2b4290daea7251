// What goes wrong on the command line: one line that says what to do, the exit status that
// Docker's client has, and nothing left behind. Needs root.
import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandLine, openTocker, type Tocker } from '../suites/tocker.ts'

let directory: string
let tocker: Tocker

/** PIDs of processes with these words on their command line. */
async function processes(words: string): Promise<string> {
  return (await execa('pgrep', ['-f', `^${words}`], { reject: false })).stdout
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'images that fail on the command line (needs root on Linux)',
  () => {
    beforeAll(async () => {
      tocker = await openTocker()
      directory = tocker.directory
      await tocker.ok('image', 'bootstrap')
      await tocker.ok('run', '--name', 'taken', 'busybox', 'sh', '-c', 'echo x > /x')
    })
    afterAll(() => tocker[Symbol.asyncDispose]())

    test.each([
      [1, ['rmi', 'nothing'], /^tocker: No such image: nothing:latest$/],
      [1, ['history', 'nothing'], /No such image/],
      [1, ['save', 'nothing'], /No such image/],
      [1, ['tag', 'nothing', 'x'], /No such image/],
      [1, ['tag', 'busybox', 'UPPER'], /must be lowercase/],
      [1, ['tag', 'busybox', 'x:y:z'], /invalid reference format/],
      [1, ['inspect', 'nothing'], /No such object: nothing/],
      [1, ['diff', 'nothing'], /No such container: nothing/],
      [1, ['rm', 'nothing'], /No such container/],
      [1, ['commit', 'nothing'], /No such container/],
      [1, ['export', 'nothing'], /No such container/],
      [1, ['rmi', 'busybox'], /must force.*container [\da-f]{12} is using/],
      [1, ['import', '/nowhere'], /no such file/],
      [1, ['import', '-c', 'FROM x', '/dev/null'], /"FROM" is not a valid change command/],
      [1, ['load', '-i', '/etc/passwd'], /the archive cannot be used/],
      [1, ['load', '-i', '/tmp'], /is a directory/],
      [1, ['images', '-f', 'colour=red'], /invalid filter 'colour'/],
      [
        125,
        ['images', '-f', 'colour'],
        /invalid argument "colour" for "-f, --filter" flag: it is name=value/,
      ],
      [1, ['images', '--format', '{{.Nope}}'], /there is no field \.Nope; there are .*Repository/],
      [1, ['save', '-o', '/nowhere/x', 'busybox'], /directory "\/nowhere" does not exist/],
      [1, ['save', '-o', '/tmp', 'busybox'], /is a directory: name a file/],
      [
        1,
        ['image', 'bootstrap', 'windows'],
        /cannot be made here: busybox:latest and debian:bookworm-slim can/,
      ],
      [125, ['run', '--name', 'taken', 'busybox', 'true'], /The container name "\/taken" is already in use/],
      [125, ['run', '--name', '-', 'busybox', 'true'], /Invalid container name/],
      [125, ['run', '--pull', 'never', 'nothing'], /No such image: nothing:latest/],
      [
        125,
        ['run', '-u', 'nosuch', '--network', 'none', '--rm', 'busybox', 'true'],
        /unable to find user nosuch/,
      ],
      [125, ['run', '-w', 'relative', 'busybox', 'true'], /needs to be an absolute path/],
      [125, ['run', '--entrypoint', '', 'busybox'], /No command specified/],
    ])('status %d: %j', async (status, words, message) => {
      const { exitCode, stderr } = await tocker(...words)
      expect(stderr).toMatch(message)
      expect(stderr).toMatch(/^tocker: [^\n]+$/)
      expect(exitCode).toBe(status)
    })

    test('of several, one that fails does not keep the others', async () => {
      await tocker.ok('tag', 'busybox', 'second')
      const { exitCode, stdout, stderr } = await tocker('rmi', 'nothing', 'second')
      expect([exitCode, stdout, stderr]).toEqual([
        1,
        'Untagged: second:latest',
        'tocker: No such image: nothing:latest',
      ])
    })

    test('an image for another machine: a warning, and then what the kernel says', async () => {
      await execa(...commandLine(tocker.host, 'import', '--platform', 'linux/s390x', '-', 'other'), {
        inputFile: '/dev/null',
      })
      const { exitCode, stderr } = await tocker('run', '--rm', 'other', '/x')
      expect(stderr).toMatch(
        /WARNING: The requested image's platform \(linux\/s390x\) does not match the detected host platform/,
      )
      expect(exitCode).toBe(127)
      const pulled = await tocker('run', '--pull', 'never', '--platform', 'linux/arm64', 'other', '/x')
      expect(pulled.stderr).toMatch(/does not match the specified platform: wanted linux\/arm64/)
      await tocker.ok('rmi', 'other')
    })

    test('nobody there, nobody allowed, no address: one line that says what to do', async () => {
      const asking = async (host: string, ...before: string[]) => {
        const [node, words] = commandLine(host, 'images')
        const [file = '', ...rest] = [...before, node, ...words]
        const { exitCode, stderr } = await execa(file, rest, { reject: false, cwd: '/' })
        expect(exitCode).toBe(1)
        return stderr
      }
      expect(await asking('unix:///nowhere.sock')).toBe(
        "tocker: Cannot connect to the tocker daemon at unix:///nowhere.sock: is tockerd running? start it with 'sudo tockerd &'",
      )
      expect(await asking('tcp://127.0.0.1:1')).toMatch(
        /^tocker: Cannot connect .* at tcp:\/\/127\.0\.0\.1:1:/,
      )
      expect(await asking('ssh://host')).toMatch(
        /^tocker: unable to parse docker host `ssh:\/\/host`: [^\n]+$/,
      )
      // The way there, but not the socket.
      await chmod(tocker.daemon.directory, 0o755)
      expect(
        await asking(tocker.host, 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'),
      ).toMatch(
        /^tocker: permission denied at unix:.*; run it with sudo, or as a member of the socket's group$/,
      )
    })

    test('an archive that ends in the middle leaves no image and no layer', async () => {
      const file = join(directory, 'half.tar')
      await tocker.ok('save', '-o', file, 'busybox')
      await truncate(file, 1_000_000)
      const layers = async () => (await readdir(join(tocker.root, 'overlay2'))).length
      const [there, images] = [await layers(), (await tocker.ok('images', '-aq')).stdout]
      const { exitCode, stderr } = await tocker('load', '-i', file)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/^tocker: [^\n]+$/)
      expect((await tocker.ok('images', '-aq')).stdout).toBe(images)
      expect(await layers()).toBe(there)
    })

    test('a full disk: one line, and everything is as it was when there is room again', async () => {
      const disk = join(directory, 'disk')
      await mkdir(disk)
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'lc-small', disk])
      try {
        await using small = await openTocker(['--data-root', join(disk, 'root')])
        const { exitCode, stderr } = await small('image', 'bootstrap')
        expect(exitCode).toBe(1)
        expect(stderr).toMatch(/ENOSPC|no space left/)
        expect(stderr).toMatch(/^tocker: [^\n]+$/)
        await execa('mount', ['-o', 'remount,size=64m', disk])
        expect((await small.ok('images', '-aq')).stdout).toBe('')
        await small.ok('image', 'bootstrap')
        expect((await small.ok('run', '--rm', 'busybox', 'echo', 'fine')).stdout).toBe('fine')
        const full = await small('save', '-o', '/dev/full', 'busybox')
        expect([full.exitCode, full.stderr]).toEqual([1, expect.stringMatching(/ENOSPC/)])
      } finally {
        await execa('umount', [disk])
      }
    })

    test('many at a time: each has its own, and who goes away takes nothing along', async () => {
      const runs = await Promise.all(
        [1, 2, 3].map((number) =>
          tocker.ok('run', '--rm', 'busybox', 'sh', '-c', `sleep 0.2; echo ${number}`),
        ),
      )
      expect(runs.map(({ stdout }) => stdout)).toEqual(['1', '2', '3'])
      const long = spawn(...commandLine(tocker.host, 'run', '--name', 'long', 'busybox', 'sleep', '4243'), {
        stdio: 'ignore',
      })
      await expect.poll(() => processes('sleep 4243')).not.toBe('')
      expect((await tocker.ok('ps')).stdout).toMatch(/"sleep 4243" .* Up .* long/)
      expect((await tocker('rm', 'long')).stderr).toMatch(/You cannot remove a running container/)
      expect((await tocker.ok('commit', 'long', 'snap')).stdout).toMatch(/^sha256:/)
      await tocker.ok('rmi', 'snap')
      // kill -9 of who started it: it is the daemon's, and goes on.
      const killed = new Promise((resolve) => long.once('exit', resolve))
      long.kill('SIGKILL')
      await killed
      expect((await tocker.ok('ps')).stdout).toMatch(/"sleep 4243" .* Up .* long/)
      // Somebody who is still attached does not keep the daemon from ending.
      const attached = spawn(...commandLine(tocker.host, 'attach', 'long'), { stdio: 'ignore' })
      const left = new Promise((resolve) => attached.once('exit', resolve))
      await tocker.daemon.stop()
      await left
      await tocker.daemon.start()
      expect(await processes('sleep 4243')).toBe('')
      await tocker.ok('rm', '-f', 'long')
    })

    test('SIGTERM reaches the container, and its end is written down', async () => {
      const script = 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
      const child = execa(
        ...commandLine(tocker.host, 'run', '--name', 'trap', 'busybox', 'sh', '-c', script),
        {
          reject: false,
        },
      )
      await new Promise((resolve) => child.stdout.once('data', resolve))
      child.kill('SIGTERM')
      expect((await child).exitCode).toBe(9)
      expect((await tocker.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'trap')).stdout).toBe(
        'exited 9',
      )
      await tocker.ok('rm', 'trap')
    })

    test('Ctrl-C in the middle of a load: it ends, and the next verb finds nothing broken', async () => {
      const file = join(directory, 'whole.tar')
      await tocker.ok('save', '-o', file, 'busybox')
      const images = (await tocker.ok('images', '-q')).stdout
      const child = execa(...commandLine(tocker.host, 'load'), { reject: false })
      child.stdin.on('error', () => {})
      child.stdin.write((await readFile(file)).subarray(0, 1_000_000))
      const loads = async () => (await tocker.daemon.request('GET', '/jobs')).body.toString()
      await expect.poll(loads).toMatch(/"image-load"[^}]*\}[^}]*"running"/)
      child.kill('SIGINT')
      const { signal, stderr } = await child
      expect([signal, stderr]).toEqual(['SIGINT', ''])
      expect((await tocker.ok('images', '-q')).stdout).toBe(images)
    })

    test('nothing is left', async () => {
      await tocker[Symbol.asyncDispose]()
      await expect.poll(() => tocker.daemon.leftovers()).toEqual([])
    })
  },
)
