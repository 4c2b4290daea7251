// The supervisor: the life of a container from outside, and what survives whom. Needs root.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nothingLeft } from '../suites/nothing-left.ts'
import { collect, Supervision, unframe } from '../suites/supervision.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('supervisor (needs root)', () => {
  let supervision: Supervision
  beforeAll(async () => {
    supervision = await Supervision.open()
  })
  afterAll(async () => {
    const words = await supervision.close()
    await nothingLeft(() => supervision.leftovers(), words)
  })

  describe('a container', () => {
    test('ends with its status, and its output is in the log, stream by stream', async () => {
      const { id, end } = await supervision.run('echo out; echo err >&2; exit 7')
      expect(end).toMatchObject({ status: 7, oomKilled: false })
      expect(await supervision.log(id)).toEqual({ stdout: 'out\n', stderr: 'err\n' })
      await supervision.client.delete({ container: id })
    })

    test('that a signal ends has 128 and its number', async () => {
      const id = await supervision.create('kill -9 $$; sleep 100')
      await supervision.client.start({ container: id })
      await supervision.client.kill({ container: id, signal: 9 })
      expect((await supervision.client.wait({ container: id })).status).toBe(137)
      await supervision.client.delete({ container: id })
    })

    test('reads what an attached client writes, to the end of it', async () => {
      const { client } = supervision
      const id = await supervision.create(['cat'], { stdin: true })
      const { stream, framed } = await client.attach({
        container: id,
        stdin: true,
        stdout: true,
        stderr: true,
      })
      expect(framed).toBe(true)
      await client.start({ container: id })
      const sent = 'one\ntwo'.repeat(50_000)
      stream.end(sent)
      expect(unframe(await collect(stream))).toEqual({ stdout: sent, stderr: '' })
      expect((await client.wait({ container: id })).status).toBe(0)
      await client.delete({ container: id })
    })
  })

  describe('with a terminal', () => {
    test('keys go in, the screen comes out, and it has the size that was asked for', async () => {
      const { client } = supervision
      const script = 'trap "stty size" WINCH; stty -echo; stty size; read line; echo "got $line"; read line'
      const id = await supervision.create(script, { terminal: true, stdin: true })
      const { stream, framed } = await client.attach({
        container: id,
        stdin: true,
        stdout: true,
        stderr: true,
      })
      expect(framed).toBe(false)
      let screen = ''
      stream.on('data', (chunk) => {
        screen += chunk
      })
      stream.resume()
      await client.resize({ container: id, rows: 11, columns: 22 })
      await client.start({ container: id })
      await expect.poll(() => screen).toContain('11 22')
      stream.write('key\n')
      await expect.poll(() => screen).toContain('got key')
      stream.write('\n')
      expect((await client.wait({ container: id })).status).toBe(0)
      // The end may be told before the last of the screen has come.
      await expect.poll(() => screen).toBe((await supervision.log(id)).stdout)
      await client.delete({ container: id })
    })

    test('everything that is printed arrives, however fast', async () => {
      const { id } = await supervision.run('stty -opost; seq 1 20000', { terminal: true })
      expect((await supervision.log(id)).stdout).toBe(numbers(1, 20_000))
      await supervision.client.delete({ container: id })
    })

    test('one that does not read its keys holds up nobody', async () => {
      const { client } = supervision
      const id = await supervision.create('stty raw -echo; sleep 1000', { terminal: true, stdin: true })
      const { stream } = await client.attach({ container: id, stdin: true, stdout: true, stderr: true })
      await client.start({ container: id })
      stream.write(Buffer.alloc(1024 * 1024, 'x'))
      const { id: other, end } = await supervision.run('exit 3')
      expect(end.status).toBe(3)
      stream.destroy()
      await client.kill({ container: id, signal: 9 })
      await client.wait({ container: id })
      for (const container of [id, other]) await client.delete({ container })
    })
  })

  test('several see the same output, one that leaves changes nothing, and one that comes late sees the rest', async () => {
    const { client } = supervision
    const id = await supervision.create('read line; echo one; read line; echo two', {
      stdin: true,
      stdinOnce: false,
    })
    const attach = (stdin: boolean) => client.attach({ container: id, stdin, stdout: true, stderr: false })
    const [first, second, third] = [await attach(true), await attach(false), await attach(false)]
    await client.start({ container: id })
    third.stream.destroy()
    first.stream.write('\n')
    await expect.poll(async () => (await supervision.log(id)).stdout).toBe('one\n')
    const late = await attach(false)
    first.stream.end('\n')
    expect(unframe(await collect(first.stream)).stdout).toBe('one\ntwo\n')
    expect(unframe(await collect(second.stream)).stdout).toBe('one\ntwo\n')
    expect(unframe(await collect(late.stream)).stdout).toBe('two\n')
    await client.wait({ container: id })
    await client.delete({ container: id })
  })

  test('a client that does not read holds up a container, and not its end', async () => {
    const { client } = supervision
    const id = await supervision.create(['yes'])
    const { stream } = await client.attach({ container: id, stdin: false, stdout: true, stderr: true })
    await client.start({ container: id })
    await expect.poll(async () => existsSync(supervision.logConfig(id).path)).toBe(true)
    await client.kill({ container: id, signal: 9 })
    expect((await client.wait({ container: id })).status).toBe(137)
    stream.destroy()
    await client.delete({ container: id })
  })

  test('nor does one whose place others write on, and those write for nobody', async () => {
    const { client, pid } = supervision
    const id = await supervision.create(['sleep', '1000'])
    await client.start({ container: id })
    const request = { container: id, exec: 'left' }
    const process = {
      args: ['sh', '-c', 'yes & exit 3'],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
    }
    await client.exec({ ...request, terminal: false, stdin: false, process })
    const { stream } = await client.attach({ ...request, stdin: false, stdout: true, stderr: true })
    await client.start(request)
    const memory = (): number =>
      Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    const before = memory()
    expect((await client.wait(request)).status).toBe(3)
    expect(memory() - before).toBeLessThan(20_000)
    stream.destroy()
    await client.delete({ container: id, force: true })
  })

  test('a client that is cut off ends the input that was its own', async () => {
    const { client } = supervision
    const script = 'head -c 1000000 /dev/zero; cat > /dev/null'
    const id = await supervision.create(script, { stdin: true })
    const { stream } = await client.attach({ container: id, stdin: true, stdout: true, stderr: true })
    await client.start({ container: id })
    await expect.poll(async () => existsSync(supervision.logConfig(id).path)).toBe(true)
    // With bytes for it on their way, and so without an end: the other side reads ECONNRESET.
    stream.destroy()
    expect((await client.wait({ container: id })).status).toBe(0)
    await client.delete({ container: id })
  })

  test('what a create that failed has left of its name is in nobody’s way', async () => {
    const { client } = supervision
    const id = 'lc-left-behind'
    mkdirSync(join(supervision.exec, 'containers', id, 'execs'), { recursive: true })
    await supervision.createAs(id, ['true'])
    await client.start({ container: id })
    expect((await client.wait({ container: id })).status).toBe(0)
    await client.delete({ container: id })
  })

  test('pause, resume and the list of what is there', async () => {
    const { client } = supervision
    const id = await supervision.create(['sleep', '1000'])
    const phase = async () => (await client.list()).find(({ container }) => container === id)?.phase
    expect(await phase()).toBe('created')
    await client.start({ container: id })
    await client.pause(id)
    expect(await phase()).toBe('paused')
    await client.resume(id)
    expect(await phase()).toBe('running')
    expect(await client.pids(id)).toHaveLength(1)
    await expect(client.delete({ container: id })).rejects.toMatchObject({ kind: 'conflict' })
    await client.delete({ container: id, force: true })
    expect(await phase()).toBeUndefined()
  })

  test('by runc, too', async () => {
    const { client } = supervision
    const runtime = { name: 'runc', program: 'runc' }
    const { id, end } = await supervision.run('echo by another; exit 9', { runtime })
    expect(end.status).toBe(9)
    expect((await supervision.log(id)).stdout).toBe('by another\n')
    await client.delete({ container: id })
  })

  test('a create that fails leaves nothing', async () => {
    const { client } = supervision
    const before = await client.list()
    const wrong = supervision.create(['true'], { config: { root: { path: '/nowhere' } } })
    await expect(wrong).rejects.toThrow(/nowhere/)
    await expect(supervision.create(['true'], { log: { options: { what: '1' } } })).rejects.toThrow(
      /unknown log opt/,
    )
    await expect(
      supervision.create(['true'], { runtime: { name: 'none', program: '/no/runtime' } }),
    ).rejects.toThrow(/not installed/)
    expect(await client.list()).toEqual(before)
  })

  test('an id that was reserved is one that starts', async () => {
    const { client } = supervision
    // Each id is told once.
    let id = ''
    const reserved = async () => {
      id ||= (await client.reserve()) ?? ''
      return id
    }
    await expect.poll(reserved).not.toBe('')
    const linux = { cgroupsPath: `${supervision.parent}/${id}` }
    await supervision.createAs(id, 'echo warm', { config: { linux } })
    await client.start({ container: id })
    expect((await client.wait({ container: id })).status).toBe(0)
    await client.delete({ container: id })
  })

  test('while one start follows another more inits wait, and afterwards no more than before', async () => {
    const { client, pid, directory } = supervision
    const children = (): string[] => {
      const all = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
      return all.filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('node'))
    }
    const ids = ['a', 'b', 'c', 'd']
    for (const [index, container] of ids.entries()) {
      ids[index] = (await client.reserve()) ?? container
      await supervision.createAs(ids[index], ['sleep', '1000'])
      await client.start({ container: ids[index] })
    }
    // One that becomes a container, and one that has an exec.
    for (const most of [3, 2]) await expect.poll(() => children().length).toBe(most)
    // Of containers that were made from reserved ids nothing is noted any more.
    expect(readdirSync(join(directory, 'exec/reserved')).length).toBeLessThanOrEqual(2)
    for (const container of ids) await client.delete({ container, force: true })
  })

  test('a container that writes as fast as it can takes no memory of ours', async () => {
    const { client } = supervision
    const log = { options: { 'max-size': '8m', 'max-file': '2' } }
    const { id, end } = await supervision.run(
      'head -c 5000000 /dev/urandom; echo; yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 40000000; echo; echo the end',
      { log },
    )
    expect(end.status).toBe(0)
    expect((await supervision.log(id, log)).stdout).toMatch(/\nthe end\n$/)
    const [, most = ''] =
      /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${supervision.pid}/status`, 'utf8')) ?? []
    expect(Number(most)).toBeLessThan(300_000)
    await client.delete({ container: id })
  })

  test('knows what was asked of it, and says what was wrong', async () => {
    const { client } = supervision
    await expect(client.start({ container: 'nobody' })).rejects.toMatchObject({ kind: 'not-found' })
    await expect(client.start({ container: '../x' })).rejects.toMatchObject({ kind: 'invalid' })
    expect(existsSync(join(supervision.exec, 'pid'))).toBe(true)
    expect(readFileSync(join(supervision.exec, 'pid'), 'utf8')).toBe(String(supervision.pid))
  })
})

/** What seq(1) prints. */
function numbers(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('')
}
