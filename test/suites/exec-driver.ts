// What every exec driver must do: engine/drivers/exec/driver.ts, sentence by sentence.
//
// Output goes to files: who reads it, and how it survives, is the supervisor's matter.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReadStream } from 'node:tty'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ExecDriver, Made } from '../../engine/drivers/exec/driver.ts'
import { Reaper } from '../../engine/drivers/exec/reaper.ts'
import { leftovers } from '../leftovers.mjs'
import { makeRootfs } from './bundle.ts'
import { baseConfig, baseNamespaces, type Json, merge } from './bundle-config.ts'
import { processOf, stdio } from './exec-driver-process.ts'
import { wishes } from './exec-driver-wishes.ts'
import { nothingLeft } from './nothing-left.ts'

type Open = (directory: string, reaper: Reaper) => ExecDriver

interface Container extends Made {
  id: string
  output: () => string
}

/** @param language in which the runtime is told what to do: that of the wishes, or one with fewer words */
export function execDriverSuite(name: string, open: Open, language: 'OCI' | 'LXC' = 'OCI'): void {
  describe(`exec driver ${name}`, () => {
    let directory: string
    let driver: ExecDriver
    const reaper = new Reaper()
    /** Nobody else's test has the same. */
    const prefix = `lc-${randomBytes(4).toString('hex')}`
    const made: string[] = []

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'lc-exec-'))
      await makeRootfs(join(directory, 'rootfs'))
      driver = open(join(directory, 'state'), reaper)
    })
    afterEach(async () => {
      for (const id of made.splice(0)) await driver.delete(id, true)
    })
    afterAll(async () => {
      expect(await driver.list()).toEqual([])
      driver[Symbol.dispose]()
      reaper[Symbol.dispose]()
      await rm(directory, { recursive: true, force: true })
      await nothingLeft(() => leftovers().filter((line) => line.includes(prefix)))
    })

    async function bundle(id: string, command: string | readonly string[], overrides: Json): Promise<string> {
      const path = join(directory, id)
      await mkdir(path)
      const args = typeof command === 'string' ? ['sh', '-c', command] : command
      const own = { root: { path: join(directory, 'rootfs') }, process: { args } }
      await writeFile(join(path, 'config.json'), JSON.stringify(merge(merge(baseConfig(id), own), overrides)))
      return path
    }

    async function create(command: string | readonly string[], overrides: Json = {}): Promise<Container> {
      const id = `${prefix}-${randomBytes(6).toString('hex')}`
      const path = await bundle(id, command, overrides)
      made.push(id)
      const log = join(path, 'output')
      const terminal = JSON.stringify(overrides).includes('"terminal":true')
      const one = await stdio(log, (fds) => driver.create({ id, bundle: path, stdio: fds, terminal }))
      return { ...one, id, output: () => readFileSync(log, 'utf8') }
    }

    async function run(command: string | readonly string[], overrides: Json = {}): Promise<Container> {
      const container = await create(command, overrides)
      await driver.start(container.id)
      return container
    }

    test('create makes everything but the program, start runs it, and its status comes back', async () => {
      const { id, pid, ended, output } = await create('echo hello; exit 3')
      expect(await driver.state(id)).toEqual({ status: 'created', pid })
      expect(output()).toBe('')
      await driver.start(id)
      expect(await ended).toBe(3)
      expect(output()).toBe('hello\n')
      expect(await driver.state(id)).toMatchObject({ status: 'stopped' })
      await driver.delete(id)
      expect(await driver.state(id)).toBeUndefined()
    })

    test('a signal that ends it is 128 and its number', async () => {
      const { id, ended } = await run(['sleep', '100'])
      await driver.kill(id, 9)
      expect(await ended).toBe(137)
      await expect(driver.kill(id, 9)).rejects.toMatchObject({ kind: 'conflict' })
    })

    test('it has its own descriptors, and none of ours', async () => {
      const { ended, output } = await run('ls /proc/self/fd')
      await ended
      // 3 is the directory that ls reads.
      expect(output().trim().split('\n')).toEqual(['0', '1', '2', '3'])
    })

    test('a program that is not there, or cannot be run, has Docker’s status', async () => {
      for (const [command, exitStatus] of [
        [['/nowhere'], 127],
        [['nowhere'], 127],
        [['/etc/passwd'], 126],
      ] as const) {
        const id = await create(command).then(
          async (container) => {
            await expect(driver.start(container.id)).rejects.toMatchObject({ exitStatus })
            return container.id
          },
          (error: unknown) => {
            expect(error).toMatchObject({ exitStatus })
            return undefined
          },
        )
        if (id !== undefined) await driver.delete(id, true)
      }
    })

    test('a name is taken once, and a wrong config leaves nothing', async () => {
      const { id } = await create(['sleep', '100'])
      const path = join(directory, id)
      const again = stdio(join(path, 'output'), (fds) =>
        driver.create({ id, bundle: path, stdio: fds, terminal: false }),
      )
      await expect(again).rejects.toMatchObject({ kind: 'conflict' })
      expect(await driver.state(id)).toMatchObject({ status: 'created' })
      const count = (await driver.list()).length
      await expect(create(['true'], { root: { path: '/nowhere' } })).rejects.toThrow(/nowhere/)
      expect(await driver.list()).toHaveLength(count)
    })

    test.each(wishes)('%s is there, or refused with what to do', async (_, overrides, shows, refusal) => {
      const wished = create('unused', overrides)
      if (language === 'LXC') {
        await expect(wished).rejects.toThrow(refusal)
        expect(await driver.list()).toEqual([])
        return
      }
      const { id, ended, output } = await wished
      await driver.start(id)
      expect(await ended).toBe(0)
      expect(output()).toBe(shows)
    })

    test('exec runs beside it, in its namespaces, with a status of its own', async () => {
      const { id, pid } = await run(['sleep', '100'])
      const path = join(directory, id, 'exec')
      const { ended, pid: other } = await stdio(path, (fds) =>
        driver.exec(id, {
          process: processOf(['sh', '-c', 'hostname; readlink /proc/self/ns/pid; exit 5']),
          stdio: fds,
        }),
      )
      expect(other).not.toBe(pid)
      expect(await ended).toBe(5)
      expect(readFileSync(path, 'utf8')).toBe(`blue\n${readlinkSync(`/proc/${pid}/ns/pid`)}\n`)
      const none = stdio(path, (fds) => driver.exec(id, { process: processOf(['/nowhere']), stdio: fds }))
      await expect(none).rejects.toMatchObject({ exitStatus: 127 })
    })

    test('of those that end at once, many at a time, no status is lost', async () => {
      const { id } = await run(['sleep', '100'])
      const process = processOf(['sh', '-c', 'exit 5'])
      const one = () => stdio(join(directory, id, 'exec'), (fds) => driver.exec(id, { process, stdio: fds }))
      for (let round = 0; round < 3; round++) {
        const many = await Promise.all(Array.from({ length: 8 }, one))
        expect(new Set(await Promise.all(many.map(({ ended }) => ended)))).toEqual(new Set([5]))
      }
    })

    test('with a terminal, its master comes back', async () => {
      const { id, console, ended } = await create('tty; stty size; read line; echo "got $line"', {
        process: { terminal: true },
      })
      expect(console).toBeDefined()
      const screen = new ReadStream(console ?? -1)
      let text = ''
      screen
        .on('error', () => {})
        .on('data', (chunk) => {
          text += chunk
        })
      await driver.start(id)
      await expect.poll(() => text).toMatch(/\/dev\/(pts\/0|console)/)
      writeSync(console ?? -1, 'key\n')
      expect(await ended).toBe(0)
      await expect.poll(() => text).toMatch(/got key/)
      screen.destroy()
    })

    test('exec with a terminal has one of its own', async () => {
      const { id } = await run(['sleep', '100'])
      const { console, ended } = await stdio(join(directory, id, 'exec'), (fds) =>
        driver.exec(id, { process: processOf(['tty'], { terminal: true }), stdio: fds }),
      )
      const screen = new ReadStream(console ?? -1)
      let text = ''
      screen
        .on('error', () => {})
        .on('data', (chunk) => {
          text += chunk
        })
      expect(await ended).toBe(0)
      await expect.poll(() => text).toMatch(/\/dev\/pts\/\d/)
      screen.destroy()
    })

    test('a PID namespace whose first process has ended takes nobody in, and the next container is none the worse', async () => {
      const path = join(directory, 'ended')
      await writeFile(path, '')
      execFileSync('unshare', [`--pid=${path}`, '--fork', 'true'])
      try {
        const namespaces = [...baseNamespaces.filter(({ type }) => type !== 'pid'), { type: 'pid', path }]
        await expect(create(['true'], { linux: { namespaces } })).rejects.toThrow()
        const { ended, output } = await run('echo $$')
        expect(await ended).toBe(0)
        expect(output()).toBe('1\n')
      } finally {
        execFileSync('umount', [path])
      }
    })

    test('pause stops everybody, resume lets them go on', async () => {
      const { id } = await run('while :; do :; done')
      await driver.pause(id)
      expect(await driver.state(id)).toMatchObject({ status: 'paused' })
      await expect(driver.pause(id)).rejects.toThrow()
      await driver.resume(id)
      // Somebody else may have been faster: that is no mistake of the runtime's.
      await expect(driver.resume(id)).rejects.toEqual(expect.objectContaining({ kind: 'conflict' }))
      expect(await driver.state(id)).toMatchObject({ status: 'running' })
      await driver.kill(id, 9)
    })

    test('who is paused can be killed', async () => {
      const { id, ended } = await run(['sleep', '100'])
      await driver.pause(id)
      await driver.kill(id, 9)
      // runc leaves it frozen, with the signal waiting: its callers thaw it.
      if ((await driver.state(id))?.status === 'paused') await driver.resume(id)
      expect(await ended).toBe(137)
    })

    test('its processes are counted, and limits can change', async () => {
      const { id } = await run('sleep 100 & sleep 100 & wait')
      await expect.poll(async () => (await driver.pids(id)).length).toBe(3)
      await driver.update(id, { pids: { limit: 77 } })
      expect((await driver.stats(id)).pids).toMatchObject({ current: 3, limit: 77 })
      expect(await driver.oomKills(id)).toBe(0)
      await driver.kill(id, 9, true)
    })

    test('who runs out of memory is counted', async () => {
      const { id, ended } = await run('x=a; while :; do x=$x$x; done', {
        linux: { resources: { memory: { limit: 16 * 1024 ** 2 } } },
      })
      expect(await ended).not.toBe(0)
      expect(await driver.oomKills(id)).toBeGreaterThan(0)
    })

    test('delete wants force while it runs, and is content when there is nothing', async () => {
      const { id, pid, ended } = await run(['sleep', '100'])
      await expect(driver.delete(id)).rejects.toThrow()
      expect(existsSync(`/proc/${pid}`)).toBe(true)
      await driver.delete(id, true)
      expect(await ended).toBe(137)
      expect(await driver.state(id)).toBeUndefined()
      await driver.delete(id)
    })

    test('whoever it leaves behind becomes no zombie of ours', async () => {
      // Without a PID namespace of its own, orphans come to us.
      const namespaces = ['network', 'ipc', 'uts', 'mount'].map((type) => ({ type }))
      const { id, ended } = await run('(sleep 0.2 & sleep 0.2 &) ; exit 0', { linux: { namespaces } })
      expect(await ended).toBe(0)
      const zombies = (): string[] =>
        readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
          .trim()
          .split(' ')
          .filter((pid) => pid !== '' && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      await expect.poll(async () => (await driver.pids(id)).length + zombies().length).toBe(0)
    })

    test('another process of ours finds it, and can end it', async () => {
      const { id, pid, ended } = await run(['sleep', '100'])
      using other = open(join(directory, 'state'), reaper)
      expect(await other.list()).toContain(id)
      expect(await other.state(id)).toEqual({ status: 'running', pid })
      await other.kill(id, 15)
      await other.delete(id, true)
      expect(await ended).toBeGreaterThan(128)
    })
  })
}
