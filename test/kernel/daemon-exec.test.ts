// What happens to programs that were put into a container when it goes: they go with it,
// and the daemon is none the worse. Needs root.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('docker exec', () => {
  test('in a container that is removed meanwhile, again and again', async () => {
    const tockerd = await Tockerd.open()
    {
      await using _ = tockerd
      const { pid } = tockerd
      for (let round = 0; round < 10; round++) {
        const id = await tockerd.ok('run', '-d', '--network', 'none', 'busybox', 'sleep', '1000')
        const execs = Array.from({ length: 5 }, () => tockerd.docker(['exec', id, 'sleep', '1000']))
        await tockerd.ok('exec', '-d', id, 'sleep', '1000')
        await tockerd.ok('rm', '-f', id)
        await Promise.all(execs)
      }
      expect(await tockerd.ok('ps', '-aq')).toBe('')
      expect(tockerd.pid).toBe(pid)

      // While it runs, inspect has its PID, as the host counts.
      const id = await tockerd.ok('run', '-d', '--network', 'none', 'busybox', 'sleep', '1000')
      const post = async (path: string, body: object): Promise<string> =>
        (await tockerd.request('POST', path, JSON.stringify(body))).body.toString()
      const made = JSON.parse(await post(`/containers/${id}/exec`, { Cmd: ['sleep', '4711'] }))
      await post(`/exec/${made.Id}/start`, { Detach: true })
      const inspect = async () =>
        JSON.parse((await tockerd.request('GET', `/exec/${made.Id}/json`)).body.toString())
      const { Pid, Running } = await inspect()
      expect(Running).toBe(true)
      expect(readFileSync(`/proc/${Pid}/cmdline`, 'utf8').split('\0')).toEqual(['sleep', '4711', ''])
      await tockerd.ok('rm', '-f', id)
      expect(await inspect()).toMatchObject({ Running: false, Pid: 0 })
    }
    await expect.poll(() => tockerd.leftovers()).toEqual([])
  })

  test.each(['tocker', 'runc'])('has the rights and limits of the container, by %s', async (runtime) => {
    await using tockerd = await Tockerd.open()
    const flags = ['--security-opt', 'no-new-privileges', '--oom-score-adj', '77']
    const limits = ['--ulimit', 'sigpending=100:200', '--ulimit', 'core=-1', '--cap-drop', 'CHOWN']
    const id = await tockerd.ok(
      ...['run', '-d', '--network', 'none', '--runtime', runtime, ...flags, ...limits],
      ...['busybox', 'sleep', '1000'],
    )
    const words = (pid: string): string[] => [
      ...['sh', '-c'],
      `cd /proc/${pid}; grep -E '^(NoNew|Cap|Seccomp)' status; cat oom_score_adj limits; cat attr/current 2>&1 || true`,
    ]
    const first = await tockerd.ok('exec', id, ...words('1'))
    expect(first).toMatch(/NoNewPrivs:\s+1/)
    expect(first).toMatch(/^Max pending signals +100 +200 /m)
    expect(await tockerd.ok('exec', id, ...words('self'))).toBe(first)
    await tockerd.ok('rm', '-f', id)
  })
})
