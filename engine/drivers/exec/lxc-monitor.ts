// lxc-start in the foreground: LXC's monitor of one container, from its start to its end.
//
// Started by create(), and a child of whoever called that; the next process, after that
// one was killed, finds it by the file `monitor` in the container's directory.
//
// With a terminal there are two in a row. LXC makes the container's own, in the
// container's /dev/pts, and passes on what comes between it and the terminal that
// lxc-start itself is on: which is one of ours. setsid(1) makes that its controlling
// terminal, so that it hears of another size (SIGWINCH), and that we are gone (SIGHUP).
//
//   container     LXC       us
//   0,1,2 = slave  <--->  master │ slave  <--->  master = Made.console
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../errors.ts'
import { identify, isAlive, type ProcessIdentity } from '../../libcontainer/process-identity.ts'
import type { RuntimeState } from '../../libcontainer/state.ts'
import { startFifo } from '../../libcontainer/status.ts'
import { startChild } from '../../syscalls/command.ts'
import { lockOutput, resizeTerminal, terminalNumber, unlockTerminal } from '../../syscalls/terminal.ts'
import { readyFifo } from './lxc-hook.ts'

type Stdio = readonly [number, number, number]
interface Size {
  height?: number
  width?: number
}

export interface Started {
  /** The PID of the container's first process, once it waits for start(); undefined when there will be none. */
  ready: Promise<number | undefined>
  /** lxc-start's own exit status. */
  ended: Promise<number>
  console?: number
}

export class Monitor {
  readonly #directory: string

  /** @param directory the container's */
  constructor(directory: string) {
    this.#directory = directory
  }

  #file(name: string): string {
    return join(this.#directory, name)
  }

  /** @param io descriptors 0 to 2 of the container, or the size of its terminal */
  start(program: string, args: readonly string[], io: Stdio | Size): Started {
    const { child, console } =
      'length' in io
        ? { child: spawnPlain(program, args, io), console: undefined }
        : spawnOnTerminal(program, args, io)
    // For both ends: so it is not at its end before the hook writes.
    const fd = openSync(this.#file(readyFifo), constants.O_RDWR | constants.O_NONBLOCK)
    const from = new Socket({ fd, readable: true, writable: false })
    const identity = identify(child.pid)
    if (identity) writeFileSync(this.#file('monitor'), JSON.stringify(identity), { mode: 0o600 })
    const said = new Promise<number>((resolve) => from.once('data', (text) => resolve(Number(String(text)))))
    // A program that is not there rejects: create() is told by `ready`.
    const ready = Promise.race([said, child.ended.then(() => undefined)]).finally(() => from.destroy())
    return { ready, ended: child.ended, ...(console === undefined ? {} : { console }) }
  }

  log(): string {
    try {
      return readFileSync(this.#file('log'), 'utf8')
    } catch {
      // ENOENT: it has not come that far.
      return ''
    }
  }

  /** What the hook start-host waits for. @throws EngineError `conflict` when it does not wait */
  tell(word: 'start' | 'stop'): void {
    const fifo = this.#file(startFifo)
    try {
      // Nobody reads a FIFO of which nobody is left: ENXIO, in place of waiting for ever.
      const go = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        // Its absence is what "running" is known by, libcontainer/status.ts.
        unlinkSync(fifo)
        writeSync(go, `${word}\n`)
      } finally {
        closeSync(go)
      }
    } catch (cause) {
      throw new EngineError('conflict', 'the container has no process that waits to be started', { cause })
    }
  }

  /** Resolves with true as soon as the log has it, with false when lxc-start has ended without. */
  async until(isTrue: (log: string) => boolean): Promise<boolean> {
    const identity = this.#identity()
    for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
      // First this: what it wrote last, it wrote before.
      const lives = identity !== undefined && isAlive(identity)
      if (isTrue(this.log())) return true
      if (!lives) return false
      await sleep(pause)
    }
  }

  /** Of a container that waits for start(), and was sent a signal: if that was its end, lxc-start may see it. */
  async releaseIfGone({ init }: RuntimeState): Promise<void> {
    for (let tries = 0; tries < 20 && init && isAlive(init); tries++) await sleep(tries)
    if (init && isAlive(init)) return
    this.#giveUp()
  }

  /** Ends it, with its container if there is one still. */
  async end(): Promise<void> {
    const identity = this.#identity()
    if (!identity) return
    this.#giveUp()
    // It has cgroups to remove; unless it hangs, a few milliseconds.
    for (let waited = 0; waited < 3000 && isAlive(identity); waited += 5) await sleep(5)
    if (!isAlive(identity)) return
    // Its container goes with it: lxc.monitor.signal.pdeath.
    process.kill(identity.pid, 'SIGKILL')
    for (let waited = 0; waited < 3000 && isAlive(identity); waited += 5) await sleep(5)
  }

  #giveUp(): void {
    try {
      this.tell('stop')
    } catch {
      // It was started, or it never came to the hook.
    }
  }

  #identity(): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(this.#file('monitor'), 'utf8'))
    } catch {
      return undefined
    }
  }
}

/** LXC locks a file for each container, in directories as deep as the path of ours, and never removes them. */
export function removeLock(root: string, id: string): void {
  const top = '/run/lxc'
  const directory = join(top, 'lock', root)
  rmSync(join(directory, `.${id}`), { force: true })
  try {
    for (let path = directory; path.startsWith(top); path = dirname(path)) rmdirSync(path)
  } catch {
    // ENOENT: there are none. ENOTEMPTY: another container's is in it.
  }
}

/** Not our environment: of what LXC and sh(1) read from it, nothing is wanted. */
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

function spawnPlain(file: string, args: readonly string[], stdio: Stdio) {
  return startChild({ file, args, stdio, env }, true)
}

function spawnOnTerminal(program: string, args: readonly string[], { width = 0, height = 0 }: Size) {
  const flags = constants.O_RDWR | constants.O_NOCTTY
  const master = openSync('/dev/ptmx', flags)
  try {
    unlockTerminal(master)
    const slave = openSync(`/dev/pts/${terminalNumber(master)}`, flags)
    try {
      if (width > 0 && height > 0) resizeTerminal(master, { rows: height, columns: width })
      // The container's own makes "\r\n" of "\n", and once is enough. LXC wants ours to do it, too.
      lockOutput(slave)
      const stdio = [slave, slave, slave]
      return {
        child: startChild({ file: 'setsid', args: ['--ctty', program, ...args], stdio, env }),
        console: master,
      }
    } finally {
      closeSync(slave)
    }
  } catch (error) {
    closeSync(master)
    throw error
  }
}
