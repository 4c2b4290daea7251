// Volumes that are mounts, over the ends of daemons: what runs keeps them, who comes later sees
// the same, and after the last one nothing is mounted. Needs root.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readMountinfo } from '../../engine/syscalls/mountinfo.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('volumes that are mounts', () => {
  const run = (tockerd: Tockerd, name: string, ...words: string[]): Promise<string> =>
    tockerd.ok(...['run', '-d', '--network', 'none', '--stop-timeout', '0', '--name', name], ...words)
  const sleeper = ['busybox', 'sleep', '1000']

  test.each([
    ['stop', 'tmpfs'],
    ['kill', 'tmpfs'],
    ['stop', 'bind'],
    ['kill', 'bind'],
  ] as const)('after a %s of the daemon the next one counts on: %s', async (end, type) => {
    const tockerd = await Tockerd.open(['--live-restore'])
    {
      await using stack = new AsyncDisposableStack()
      stack.use(tockerd)
      stack.defer(() => removeAll(tockerd))
      const device = join(tockerd.directory, 'device')
      mkdirSync(device)
      const options =
        type === 'tmpfs'
          ? ['type=tmpfs', 'device=tmpfs', 'o=size=1m']
          : ['type=none', `device=${device}`, 'o=bind']
      await tockerd.ok('volume', 'create', ...options.flatMap((one) => ['-o', one]), 'shared')
      const target = await tockerd.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', 'shared')
      const mounts = (): number => readMountinfo().filter(({ where }) => where === target).length
      expect(mounts()).toBe(0)
      await run(tockerd, 'first', '-v', 'shared:/a', '-v', 'shared:/b', ...sleeper)
      await tockerd.ok('exec', 'first', 'sh', '-c', 'echo first > /a/word')
      expect(mounts()).toBe(1)

      await tockerd[end]()
      expect(mounts()).toBe(1)
      await tockerd.start()
      expect(mounts()).toBe(1)
      await run(tockerd, 'second', '-v', 'shared:/a', ...sleeper)
      expect(mounts()).toBe(1)
      expect(await tockerd.ok('exec', 'second', 'cat', '/a/word')).toBe('first')
      await tockerd.ok('exec', 'second', 'sh', '-c', 'echo second > /a/word')
      expect(await tockerd.ok('exec', 'first', 'cat', '/b/word')).toBe('second')
      if (type === 'bind') expect(readFileSync(join(device, 'word'), 'utf8')).toBe('second\n')

      await tockerd.ok('stop', 'first')
      expect(mounts()).toBe(1)
      await tockerd[end]()
      await tockerd.start()
      expect(mounts()).toBe(1)
      expect(await tockerd.ok('exec', 'second', 'cat', '/a/word')).toBe('second')
      await tockerd.ok('rm', '-f', 'second')
      expect(mounts()).toBe(0)
      await tockerd.ok('start', 'first')
      expect(mounts()).toBe(1)
    }
    expect(mountsBelow(tockerd)).toEqual([])
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })

  test('its last container ends while there is no daemon: the next one unmounts it', async () => {
    const tockerd = await Tockerd.open()
    {
      await using _ = tockerd
      await tockerd.ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'shared')
      await run(tockerd, 'one', '-v', 'shared:/a', ...sleeper)
      const pid = Number(await tockerd.ok('inspect', '-f', '{{.State.Pid}}', 'one'))
      await tockerd.kill()
      process.kill(pid, 'SIGKILL')
      await tockerd.start()
      await expect.poll(() => mountsBelow(tockerd).filter((one) => one.includes('/volumes/'))).toEqual([])
      await run(tockerd, 'two', '-v', 'shared:/a', ...sleeper)
      await run(tockerd, 'three', '-v', 'shared:/a', ...sleeper)
    }
    expect(mountsBelow(tockerd)).toEqual([])
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })
})

function mountsBelow({ directory }: Tockerd): string[] {
  return readMountinfo().flatMap(({ where }) => (where.startsWith(directory) ? [where] : []))
}

/** Or they would outlive the test. */
async function removeAll(tockerd: Tockerd): Promise<void> {
  const ids = (await tockerd.ok('ps', '-aq')).split('\n').filter(Boolean)
  if (ids.length > 0) await tockerd.ok('rm', '-f', ...ids)
}

describe.runIf(isRoot)('volumes', () => {
  test('outlive a change of the storage driver, which has a database of its own', async () => {
    await using tockerd = await Tockerd.open(['--storage-driver=vfs'])
    const run = (script: string): Promise<string> =>
      tockerd.ok('run', '--rm', '--network', 'none', '-v', 'kept:/a', 'busybox', 'sh', '-c', script)
    await run('echo word > /a/file')
    const id = await tockerd.ok('volume', 'create')
    await tockerd.stop()
    await tockerd.start(['--storage-driver=overlay2'])
    await tockerd.stop()
    await tockerd.start(['--storage-driver=vfs'])
    expect(await run('cat /a/file')).toBe('word')
    const path = await tockerd.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', id)
    await tockerd.ok('volume', 'rm', 'kept', id)
    expect(readdirSync(join(path, '../..'))).toEqual([])
  })
})
