// `tocker run --layer`: what a container writes goes into a directory of its own.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'

let directory: string
let before: string[]

function tocker(...args: string[]) {
  return execa(process.execPath, [join(packageRoot(), 'dist/tocker.mjs'), ...args], {
    reject: false,
    stdin: 'ignore',
  })
}
function run(...args: string[]) {
  return tocker('run', '--rootfs', join(directory, 'box'), ...args)
}

// Overlays are mounted by root: elsewhere there is nothing to test.
describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  '--layer (needs root on Linux)',
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'lc-kernel-'))
      before = leftovers()
      await tocker('rootfs', join(directory, 'box'))
    })
    afterAll(async () => {
      await rm(directory, { recursive: true, force: true })
    })

    test('takes every write, keeps it for the next run, and leaves the root filesystem as it was', async () => {
      const layer = join(directory, 'a layer: one, two')
      const first = await run('--layer', layer, '--', 'sh', '-c', 'echo mine > /new; rm /etc/group; ls /')
      expect(first.stdout).toMatch(/^new$/m)
      const again = await run('--layer', layer, '--', 'sh', '-c', 'cat /new; ls /etc')
      expect(again.stdout).toMatch(/^mine$/m)
      expect(again.stdout).not.toMatch(/^group$/m)
      expect((await run('--', 'ls', '/etc/group')).exitCode).toBe(0)
      // A whiteout: a character device 0/0 stands for what was deleted.
      const whiteout = await stat(join(layer, 'diff/etc/group'))
      expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0])
      expect(await readFile(join(layer, 'diff/new'), 'utf8')).toBe('mine\n')
    })

    test('is mounted for the container alone', async () => {
      const layer = join(directory, 'private')
      const { stdout } = await run('--layer', layer, '--', 'grep', ' / ', '/proc/self/mountinfo')
      expect(stdout).toContain('- overlay overlay')
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(layer)
    })

    test('on a file system that cannot hold one, says why', async () => {
      const { stderr, exitCode } = await run('--layer', '/proc/layer', '--', 'true')
      expect(exitCode).toBe(125)
      expect(stderr).toMatch(/^tocker: .*\/proc\/layer/)
      expect(stderr).not.toMatch(/ {4}at /)
    })

    test('nothing is left behind', async () => {
      await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
    })
  },
)
