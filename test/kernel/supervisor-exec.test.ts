// Exec by the supervisor: another process of a container, from its start to its end, and what
// becomes of one that is killed, or whose container goes, on the way. Needs root.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nothingLeft } from '../suites/nothing-left.ts'
import { collect, Supervision, unframe } from '../suites/supervision.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('exec (needs root)', () => {
  let supervision: Supervision
  let id: string
  const shell = (script: string, more: object = {}) => ({
    args: ['sh', '-c', script],
    cwd: '/',
    env: ['PATH=/bin'],
    user: { uid: 0, gid: 0 },
    ...more,
  })
  beforeAll(async () => {
    supervision = await Supervision.open()
    id = await supervision.create(['sleep', '1000'])
    await supervision.client.start({ container: id })
  })
  afterAll(async () => {
    const words = await supervision.close()
    await nothingLeft(() => supervision.leftovers(), words)
  })

  test('is made, attached to, and started; its input ends when its client says so', async () => {
    const { client } = supervision
    const request = { container: id, exec: 'e1' }
    await client.exec({
      ...request,
      terminal: false,
      stdin: true,
      process: shell('cat; echo err >&2; exit 4'),
    })
    const { stream } = await client.attach({ ...request, stdin: true, stdout: true, stderr: true })
    await client.start(request)
    stream.end('some input')
    expect(unframe(await collect(stream))).toEqual({ stdout: 'some input', stderr: 'err\n' })
    expect((await client.wait(request)).status).toBe(4)
    await client.delete(request)
    expect(await client.list()).not.toContainEqual(expect.objectContaining({ exec: 'e1' }))
  })

  test('of a program that is not there is an error, and its status 127', async () => {
    const { client } = supervision
    const request = { container: id, exec: 'e2' }
    await client.exec({
      ...request,
      terminal: false,
      stdin: false,
      process: shell('', { args: ['/nowhere'] }),
    })
    await expect(client.start(request)).rejects.toMatchObject({ exitStatus: 127 })
    expect(await client.wait(request)).toMatchObject({
      status: 127,
      reason: expect.stringContaining('nowhere'),
    })
    await client.delete(request)
  })

  test('can be killed, and ends with its container', async () => {
    const { client } = supervision
    const other = await supervision.create(['sleep', '1000'])
    await client.start({ container: other })
    for (const exec of ['a', 'b']) {
      await client.exec({
        container: other,
        exec,
        terminal: true,
        stdin: false,
        process: shell('sleep 1000', { terminal: true }),
      })
      await client.start({ container: other, exec })
    }
    await client.kill({ container: other, exec: 'a', signal: 15 })
    expect((await client.wait({ container: other, exec: 'a' })).status).toBe(143)
    await client.kill({ container: other, signal: 9 })
    expect((await client.wait({ container: other, exec: 'b' })).status).toBe(137)
    expect((await client.wait({ container: other })).status).toBe(137)
    await client.delete({ container: other })
  })

  test('whose process is killed before it has its terminal is an error, and nobody waits for that terminal', async () => {
    const { client } = supervision
    const other = await supervision.create(['sleep', '1000'])
    await client.start({ container: other })
    const execs = ['a', 'b', 'c', 'd']
    for (const exec of execs)
      await client.exec({
        ...{ container: other, exec, terminal: true, stdin: false },
        process: shell('sleep 1000', { terminal: true }),
      })
    // Several at once: of these one at most finds somebody who waits for it, and the others are born in there.
    const starts = Promise.allSettled(execs.map((exec) => client.start({ container: other, exec })))
    // They come into a cgroup that is frozen, are killed there, and when it thaws they are dead.
    await client.pause(other)
    await expect.poll(async () => (await client.pids(other)).length, { timeout: 10_000 }).toBeGreaterThan(3)
    const [first] = (await client.list()).filter((one) => one.container === other)
    for (const pid of await client.pids(other)) if (pid !== first?.pid) process.kill(pid, 'SIGKILL')
    await client.resume(other)
    const answers = (await starts).map((one) => (one.status === 'rejected' ? String(one.reason) : ''))
    expect(answers).toContainEqual(expect.stringContaining('was killed before it had a terminal'))
    for (const exec of execs) {
      await client.kill({ container: other, exec, signal: 9 }).catch(() => {})
      await client.wait({ container: other, exec })
    }
    await client.delete({ container: other, force: true })
  })

  test('that is started while its container goes is an error, and leaves nothing', async () => {
    const { client } = supervision
    // runc takes a while to delete it, when its directory is gone already.
    const runtime = { name: 'runc', program: 'runc' }
    const other = await supervision.create(['sleep', '1000'], { runtime })
    await client.start({ container: other })
    const execs = Array.from({ length: 100 }, (_, index) => `e${index}`)
    for (const exec of execs)
      await client.exec({
        ...{ container: other, exec, terminal: false, stdin: false },
        process: shell('true'),
      })
    await client.kill({ container: other, signal: 9 })
    await client.wait({ container: other })
    const gone = client.delete({ container: other })
    for (const exec of execs) {
      await expect(client.start({ container: other, exec })).rejects.toThrow()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await gone
    expect(existsSync(join(supervision.exec, 'containers', other))).toBe(false)
  })
})
