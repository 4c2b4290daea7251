// Tests of what a container finds mounted: a root filesystem for each test, and
// test/kernel/mounts-inside.ts, which does in a mount namespace of its own what
// init does, and looks around there.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import type { Mount } from '../../engine/libcontainer/config/linux.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Answer, Request } from '../kernel/mounts-inside.ts'

export const fixture = join(packageRoot(), 'test/kernel/mounts-inside.ts')

export const proc: Mount = { destination: '/proc', type: 'proc', source: 'proc' }
export const dev: Mount = {
  destination: '/dev',
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', 'mode=755'],
}
export function bind(source: string, destination: string, ...options: string[]): Mount {
  return { destination, type: 'bind', source, options: ['rbind', ...options] }
}

/** Options of the mount at `path`, as mountinfo tells them: `rw,nosuid,relatime`, and its propagation. */
export function mountAt({ mountinfo }: Answer, path: string): string | undefined {
  const line = mountinfo.split('\n').findLast((one) => one.split(' ')[4] === path)
  return line?.split(' - ')[0]?.split(' ').slice(5).join(' ')
}

export interface Box {
  /** A busybox system, new for each test. */
  rootfs: string
  /** A directory of the host's, empty. */
  outside: string
  /** @param unshare which further namespaces, as options of unshare(1) */
  inside(request: Omit<Request, 'rootfs'>, ...unshare: string[]): Promise<Answer>
}

/** Root makes mount namespaces: elsewhere there is nothing to test. */
export function insideSuite(title: string, define: (box: Box) => void): void {
  describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    `${title} (needs root on Linux)`,
    () => {
      let directory: string
      let count = 0
      const box: Box = {
        rootfs: '',
        outside: '',
        inside: (request, ...unshare) => inside({ rootfs: box.rootfs, ...request }, unshare),
      }
      beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), 'lc-inside-'))
        // Root of a user namespace is another user, and has to get through.
        await chmod(directory, 0o755)
        await execa(process.execPath, [
          join(packageRoot(), 'dist/tocker.mjs'),
          'rootfs',
          join(directory, 'box'),
        ])
      })
      afterAll(async () => {
        await rm(directory, { recursive: true, force: true })
      })
      beforeEach(async () => {
        box.rootfs = join(directory, `rootfs-${++count}`)
        box.outside = join(directory, `outside-${count}`)
        await mkdir(box.outside)
        await execa('cp', ['-a', join(directory, 'box'), box.rootfs])
      })
      afterEach(async () => {
        // Whatever a test tried, the host has not seen it.
        expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(directory)
        await rm(box.rootfs, { recursive: true, force: true })
        await rm(box.outside, { recursive: true, force: true })
      })
      define(box)
    },
  )
}

async function inside(request: Request, unshare: readonly string[]): Promise<Answer> {
  const namespaces = unshare.includes('--no-pid') ? [] : ['--pid', '--fork', ...unshare]
  const { stdout } = await execa('unshare', [
    ...['--mount', '--propagation', 'unchanged', ...namespaces],
    ...[process.execPath, fixture, JSON.stringify(request)],
  ])
  return JSON.parse(stdout)
}

/** Another container with the same volume: two names take turns, as fast as can be, until it is disposed of. */
export async function exchange(one: string, other: string): Promise<AsyncDisposable> {
  const child = spawn(
    process.execPath,
    [
      '-e',
      `const [a, b] = process.argv.slice(1)
       const exchange = require('koffi').load('libc.so.6').func('int renameat2(int, str, int, str, uint)')
       require('fs').writeSync(1, 'begins')
       for (;;) exchange(-100, a, -100, b, 2)`,
      ...[one, other],
    ],
    { cwd: packageRoot(), stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await Promise.race([once(child.stdout, 'data'), ended])
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
