// A systemd-journald of a test's own: in a mount namespace whose /run is empty, so that its
// socket and its files are nobody else's.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

const program = ['/usr/lib/systemd/systemd-journald', '/lib/systemd/systemd-journald'].find((path) =>
  existsSync(path),
)
export const hasJournald = program !== undefined && existsSync('/etc/machine-id')

export class Journald implements AsyncDisposable {
  /** It holds the namespace. */
  readonly #keeper: ChildProcess
  #daemon: ChildProcess | undefined

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper
  }

  static async open(): Promise<Journald> {
    const script = 'mount -t tmpfs tmpfs /run && echo ready && exec sleep infinity'
    const keeper = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(keeper.stdout ?? keeper, 'data')
    const journald = new Journald(keeper)
    await journald.start()
    return journald
  }

  /** Path of the mount namespace. */
  get namespace(): string {
    return `/proc/${this.#keeper.pid}/ns/mnt`
  }

  get #socket(): string {
    return `/proc/${this.#keeper.pid}/root/run/systemd/journal/socket`
  }

  async start(): Promise<void> {
    const words = [`--mount=${this.namespace}`, program ?? '']
    this.#daemon = spawn('nsenter', words, { stdio: 'ignore' })
    for (let tries = 0; !existsSync(this.#socket); tries++) {
      if (tries > 1500) throw new Error('systemd-journald does not come up')
      await sleep(20)
    }
  }

  /** And its socket goes, as on a host without it. */
  async stop(): Promise<void> {
    await end(this.#daemon)
    rmSync(this.#socket, { force: true })
  }

  /** What `journalctl` finds, one object an entry. */
  async find(...matches: string[]): Promise<Record<string, unknown>[]> {
    const words = [`--mount=${this.namespace}`, 'journalctl', '--output=json', '--all', ...matches]
    const { stdout } = await execa('nsenter', words)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#daemon)
    await end(this.#keeper)
  }
}

async function end(process: ChildProcess | undefined): Promise<void> {
  if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
  const ended = once(process, 'exit')
  process.kill()
  await ended
}
