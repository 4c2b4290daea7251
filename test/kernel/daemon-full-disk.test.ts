// A data-root on a disk that is full: what cannot be done is refused in one line that says
// so, nothing of it is half made, and with room again everything goes on. Needs root.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('tockerd on a full disk', () => {
  let disk: string
  let tockerd: Tockerd
  let isOpen = false
  const filler = (): string => join(disk, 'filler')
  const layers = (): string[] => readdirSync(join(disk, 'root/vfs')).toSorted()
  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'lc-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'lc-disk', disk])
    tockerd = await Tockerd.open([`--data-root=${join(disk, 'root')}`])
    isOpen = true
  })
  afterAll(async () => {
    rmSync(filler(), { force: true })
    if (isOpen) await tockerd[Symbol.asyncDispose]()
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })
  /** @param left bytes that stay free */
  const fill = (left: number): void => {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(filler(), Buffer.alloc(Math.max(bavail * bsize - left, 0)), { flag: 'a' })
  }
  const room = (): void => rmSync(filler(), { force: true })

  test.each([0, 64 * 1024, 512 * 1024])(
    'with %i bytes left, run is refused, and leaves nothing',
    async (left) => {
      const before = layers()
      fill(left)
      const { exitCode, stderr } = await tockerd.docker(['run', '--network', 'none', 'busybox', 'true'])
      expect(exitCode).toBe(125)
      expect(stderr).toMatch(/no space|ENOSPC|disk is full/i)
      expect(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.includes('Error')).length,
      ).toBe(1)
      expect(await tockerd.ok('ps', '-aq')).toBe('')
      room()
      expect(layers()).toEqual(before)
      expect(await tockerd.ok('run', '--rm', '--network', 'none', 'busybox', 'echo', 'well')).toBe('well')
      expect(layers()).toEqual(before)
    },
  )

  test('a container that fills it is stopped and removed like all others', async () => {
    const before = layers()
    const id = await tockerd.ok(
      'run',
      '-d',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'cat /dev/zero > /big; sleep 1000',
    )
    await expect.poll(() => statfsSync(disk).bavail).toBe(0)
    expect((await tockerd.docker(['stop', '-t', '0', id])).exitCode).toBe(0)
    expect(await tockerd.ok('inspect', '-f', '{{.State.Running}} {{.State.ExitCode}}', id)).toBe('false 137')
    await tockerd.ok('rm', id)
    expect(layers()).toEqual(before)
  })

  test('nothing is left behind', async () => {
    isOpen = false
    await tockerd[Symbol.asyncDispose]()
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})
