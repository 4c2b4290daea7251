// sd_notify(3) of a container that is a service of systemd: the word that it is ready gets
// through, and who waits for it, waits. Needs root.
import { closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import {
  bindUnixDatagram,
  connectUnixDatagram,
  receiveFds,
  receiveNow,
} from '../../engine/syscalls/socket.ts'
import { Runtime } from '../suites/bundle.ts'
import { must } from '../suites/must.ts'

let runtime: Runtime

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('notify (needs root)', () => {
  beforeAll(async () => {
    runtime = await Runtime.open()
  })
  afterEach(() => runtime.clean())
  afterAll(() => runtime.close())

  const patient = { timeout: 20_000 }
  /** Plays systemd, which the runtime finds in its environment. */
  async function withSystemd(work: (socket: number) => Promise<void>): Promise<void> {
    const path = join(runtime.directory, 'systemd.sock')
    const systemd = bindUnixDatagram(path)
    process.env.NOTIFY_SOCKET = path
    try {
      await work(systemd)
    } finally {
      delete process.env.NOTIFY_SOCKET
      closeSync(systemd)
      rmSync(path)
    }
  }
  const heard = (socket: number): string => Buffer.from(receiveNow(socket) ?? []).toString()
  /** Closes the descriptor that the next message has with it. */
  async function passBarrier(socket: number): Promise<void> {
    const fds: number[] = []
    await expect.poll(() => fds.push(...receiveFds(socket)), patient).toBe(1)
    for (const fd of fds) closeSync(fd)
  }
  const speakFrom = (pid: number | undefined): number =>
    connectUnixDatagram(`/proc/${pid}/root/run/notify/notify.sock`)

  must('NOTIFY_SOCKET: systemd hears of a container that it is ready, and start waits for that', () =>
    withSystemd(async (systemd) => {
      const script = 'echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && echo there; sleep 60'
      const container = await runtime.container({ process: { args: ['sh', '-c', script] } })
      expect(await container.create()).toMatchObject({ status: 0 })
      let over = false
      const started = container.start().finally(() => {
        over = true
      })
      await expect.poll(() => container.output(), patient).toBe('/run/notify/notify.sock\nthere\n')
      const { pid } = await container.state()
      const inside = speakFrom(pid)
      writeSync(inside, 'STATUS=nearly')
      expect(over).toBe(false)
      writeSync(inside, 'READY=1\nSTATUS=up')
      closeSync(inside)
      await expect.poll(() => heard(systemd), patient).toBe('READY=1\n')
      await expect.poll(() => heard(systemd), patient).toBe(`MAINPID=${pid}\n`)
      // Until all was read.
      expect(over).toBe(false)
      await passBarrier(systemd)
      expect((await started).status).toBe(0)
    }),
  )

  must('NOTIFY_SOCKET: run in the foreground passes it on, and an end without a word ends the wait', () =>
    withSystemd(async (systemd) => {
      const silent = await runtime.container({ process: { args: ['true'] } })
      await silent.create()
      expect(await silent.start()).toMatchObject({ status: 0 })
      const container = await runtime.container({ process: { args: ['sleep', '60'] } })
      const running = runtime.call(['run', '--bundle', container.bundle, container.id])
      await expect.poll(() => container.status().catch(() => 'not yet'), patient).toBe('running')
      const inside = speakFrom((await container.state()).pid)
      writeSync(inside, 'READY=1')
      closeSync(inside)
      await expect.poll(() => heard(systemd), patient).toBe('READY=1\n')
      // systemd goes on watching the one that it has started: there is no MAINPID.
      await passBarrier(systemd)
      await container.kill()
      expect((await running).status).toBe(137)
    }),
  )
})
