// A daemon that ends and lets its containers go on: what they stand on stays, and the next
// daemon has them as if it had started them itself. Needs root.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('live-restore', () => {
  test.each(['overlay2', 'vfs'])(
    'on %s: stopped or killed, a daemon takes nothing from under its containers',
    async (driver) => {
      const tockerd = await Tockerd.open([`--storage-driver=${driver}`, '--live-restore'])
      const trees = (): string[] =>
        readFileSync('/proc/self/mountinfo', 'utf8')
          .split('\n')
          .flatMap((line) =>
            line.includes(join(tockerd.directory, 'root')) ? [line.split(' ')[4] ?? ''] : [],
          )
      {
        await using _ = tockerd
        await using stack = new AsyncDisposableStack()
        stack.defer(() => removeAll(tockerd))
        const script = 'i=0; while :; do i=$((i+1)); echo $i > /new; mv /new /count; sleep 0.1; done'
        const id = await tockerd.ok(
          'run',
          '-d',
          '--network',
          'none',
          '--name',
          'on',
          'busybox',
          'sh',
          '-c',
          script,
        )
        const before = trees()
        const pid = await tockerd.ok('inspect', '-f', '{{.State.Pid}}', id)
        const count = (): number => Number(readFileSync(`/proc/${pid}/root/count`, 'utf8') || 0)
        for (const end of ['stop', 'kill', 'stop'] as const) {
          await tockerd[end]()
          expect(trees(), end).toEqual(before)
          const was = count()
          await expect.poll(count).toBeGreaterThan(was)
          await tockerd.start()
          expect(trees(), end).toEqual(before)
          expect(await tockerd.ok('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', id)).toBe(
            `running ${pid}`,
          )
          // By the tree that it writes, and not by another view of the same layer.
          expect(Number(await tockerd.ok('exec', id, 'cat', '/count'))).toBeGreaterThan(was)
          expect(await tockerd.ok('diff', id)).toContain('A /count')
          await tockerd.ok('export', '-o', join(tockerd.directory, 'tar'), id)
          expect(trees(), end).toEqual(before)
        }
        await tockerd.ok('restart', '-t', '0', id)
        expect(trees()).toEqual(before)
        await tockerd.ok('rm', '-f', id)
        expect(trees()).toEqual([])
      }
      await expect.poll(() => tockerd.leftovers()).toEqual([])
    },
  )
})

/** Or they would outlive the test. */
async function removeAll(tockerd: Tockerd): Promise<void> {
  const ids = (await tockerd.ok('ps', '-aq')).split('\n').filter(Boolean)
  if (ids.length > 0) await tockerd.ok('rm', '-f', ...ids)
}
