// The provider `qemu`: our own VM, the default. Needs no root and no Docker.
//
// Somebody else owns the VM: the keeper. This file holds a lease on it and an
// SSH connection into it, and makes both again when the VM dies or is reset.
//
// Next: sandbox-vm/keeper-client.ts
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { engineHash, putEngine } from './engine-bundle.ts'
import { ensureImage } from './image/build.ts'
import { KeeperClient, type KeeperState, machineDirectory } from './keeper-client.ts'
import { login } from './login.ts'
import { seenFromOutside } from './outside.ts'
import type { Remote } from './remote.ts'
import {
  type ExecOptions,
  type ExecResult,
  type OpenOptions,
  type Outside,
  type Sandbox,
  SandboxError,
  type SandboxEvent,
  type Shell,
  type ShellOptions,
} from './sandbox.ts'

/** How long a machine may let nobody in, in ms. */
const patience = 30_000

export async function openQemu(options: OpenOptions): Promise<Sandbox> {
  await ensureImage(options)
  const sandbox = new QemuSandbox(options)
  try {
    await sandbox.start()
    return sandbox
  } catch (error) {
    await sandbox.close()
    throw error
  }
}

class QemuSandbox implements Sandbox {
  readonly name = 'qemu'
  readonly #options: OpenOptions
  readonly #listeners = new Set<(event: SandboxEvent) => void>()
  #keeper: KeeperClient | undefined
  /** The connection, or the promise of the next one. Replaced whenever the machine is lost. */
  #remote = Promise.withResolvers<Remote>()
  #current: Remote | undefined
  /** Counts what the keeper says: whatever began before its last word is out of date. */
  #epoch = 0
  #gaveUp = false
  /** Whether the machine was put back because it let nobody in, and nobody was in since. */
  #putBack = false
  #failed = false
  #closed = false

  constructor(options: OpenOptions) {
    this.#options = options
    this.#remote.promise.catch(() => {})
  }

  async start(): Promise<void> {
    const { keep, signal } = this.#options
    const keeper = await KeeperClient.open({
      ...(keep === undefined ? {} : { keep }),
      ...(signal === undefined ? {} : { signal }),
      onState: (state) => void this.#onState(state),
    })
    this.#keeper = keeper
    void keeper.closed.then(() => this.#onKeeperClosed(keeper))
    await this.#remote.promise
  }

  async #onState(state: KeeperState): Promise<void> {
    if (this.#closed) return
    const epoch = ++this.#epoch
    if (state.state === 'starting') {
      this.#options.onProgress?.({ task: state.reason || 'starting the VM' })
      this.#emit({ type: 'restarting', reason: state.reason })
    } else if (state.state === 'ready' && state.port !== undefined) await this.#connect(state.port, epoch)
    else if (state.state === 'failed') this.#fail(new SandboxError('failed', state.reason))
    else this.#lose(state.reason)
  }

  /** Until we are in, or the keeper says something else. A machine under load drops a connection now and then. */
  async #connect(port: number, epoch: number): Promise<void> {
    // A rejected promise stays so: those who ask from now on get another.
    if (this.#gaveUp) this.#renew()
    const deadline = Date.now() + patience
    while (!this.#current) {
      try {
        return await this.#enter(port, epoch)
      } catch (error) {
        if (this.#closed || this.#epoch !== epoch) return
        const mute = error instanceof SandboxError && (error.kind === 'lost' || error.kind === 'timeout')
        if (mute && Date.now() < deadline) {
          await sleep(300)
          continue
        }
        if (mute && !this.#putBack) await this.#revive()
        if (this.#closed || this.#epoch !== epoch) return
        this.#remote.reject(error)
        this.#gaveUp = true
        return
      }
    }
  }

  /** QEMU runs, and nobody gets into the machine: whatever is in it is lost. */
  async #revive(): Promise<void> {
    this.#putBack = true
    this.#emit({ type: 'restarting', reason: 'the VM does not answer: it is put back to its first state' })
    // Refused while another program uses the VM: it may well be inside. A keeper that is gone is followed by another.
    await this.#keeper?.ask({ type: 'reset', force: false }).catch(() => {})
  }

  #renew(): void {
    this.#remote = Promise.withResolvers()
    this.#remote.promise.catch(() => {})
    this.#gaveUp = false
  }

  async #enter(port: number, epoch: number): Promise<void> {
    const remote = await login(machineDirectory(), port)
    try {
      // A snapshot wakes up with the clock and the random numbers of the moment when it was taken.
      const seed = randomBytes(32).toString('base64')
      const { stdout } = await remote.exec(
        `date -s @${(Date.now() / 1000).toFixed(3)} >/dev/null; echo ${seed} | base64 -d > /dev/urandom; ${engineHash}`,
        { timeout: 20_000 },
      )
      if (this.#options.engine !== undefined) await putEngine(remote, this.#options.engine, stdout.trim())
    } catch (error) {
      remote.destroy()
      throw error
    }
    if (this.#closed || this.#epoch !== epoch) return remote.destroy()
    this.#current = remote
    this.#putBack = false
    this.#remote.resolve(remote)
    this.#emit({ type: 'ready' })
    void remote.closed.then(() => {
      if (this.#current !== remote || this.#closed) return
      this.#lose('the connection to the VM ended')
      // The VM runs all the same: whoever ended its sshd sees it come back (lab-init).
      if (this.#epoch === epoch) void this.#connect(port, epoch)
    })
  }

  #lose(reason: string): void {
    if (!this.#current || this.#closed) return
    const remote = this.#current
    this.#current = undefined
    this.#renew()
    remote.destroy()
    this.#emit({ type: 'lost', reason })
  }

  /** There will be no VM: from now on every call says why. */
  #fail(error: unknown): void {
    this.#failed = true
    this.#lose(error instanceof Error ? error.message : String(error))
    this.#remote.reject(error)
  }

  /** The keeper went away: stopped by somebody, or killed. A program that still wants a VM starts another. */
  async #onKeeperClosed(keeper: KeeperClient): Promise<void> {
    if (this.#closed || this.#failed || this.#keeper !== keeper) return
    this.#epoch++
    this.#lose('the VM was stopped')
    await this.start().catch((error: unknown) => this.#fail(error))
  }

  #emit(event: SandboxEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  on(listener: (event: SandboxEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async describe(): Promise<string> {
    const status = await this.#keeper?.ask({ type: 'status' })
    const { stdout } = await this.exec('. /etc/os-release; echo "$PRETTY_NAME, Linux $(uname -r)"')
    const machine = status
      ? `QEMU ${status.qemuVersion}, ${status.acceleration}, ${status.cpus} CPUs, ${status.memoryMegabytes} MB`
      : 'QEMU'
    return `${machine}, ${stdout.trim()}`
  }

  async outside(): Promise<Outside> {
    return seenFromOutside((await this.#keeper?.ask({ type: 'status' }))?.qemuPid)
  }

  async exec(command: string, options?: ExecOptions): Promise<ExecResult> {
    return (await this.#remote.promise).exec(command, options)
  }

  async shell(options: ShellOptions): Promise<Shell> {
    return (await this.#remote.promise).shell(options)
  }

  async put(path: string, content: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    await (await this.#remote.promise).put(path, content, options)
  }

  async get(path: string): Promise<Buffer> {
    return (await this.#remote.promise).get(path)
  }

  async reset(options: { force?: boolean } = {}): Promise<void> {
    // Not waiting for the connection: a VM that lets nobody in is one to reset.
    if (!this.#keeper) throw new SandboxError('lost', 'the VM is not running')
    await this.#keeper.ask({ type: 'reset', force: options.force ?? false })
    await this.#remote.promise
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#remote.reject(new SandboxError('failed', 'the sandbox was closed'))
    this.#current?.destroy()
    this.#keeper?.close()
    this.#listeners.clear()
    await this.#keeper?.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
