// The driver that needs no other program: libcontainer, in this process.
//
// One init waits ahead of its container, warm, in a cgroup that is named after an id
// that nobody has yet (libcontainer/warm.ts, reservation.ts): whoever makes a container
// asks reservedId() first. While one start follows another, two do. A midwife waits for
// the next exec (libcontainer/midwives.ts). Everything else goes by libcontainer's state
// directory (recorded.ts).
//
// Next: engine/libcontainer/create.ts
import { existsSync } from 'node:fs'
import { loadConfig } from '../../libcontainer/config/validate.ts'
import { createContainer } from '../../libcontainer/create.ts'
import { deleteContainer } from '../../libcontainer/delete.ts'
import type { ExecOptions } from '../../libcontainer/exec.ts'
import type { Listener } from '../../libcontainer/host-channel.ts'
import { killContainer } from '../../libcontainer/kill.ts'
import { Midwives } from '../../libcontainer/midwives.ts'
import { startContainer } from '../../libcontainer/run.ts'
import { containerDirectory } from '../../libcontainer/state.ts'
import { InitPool, type PoolOptions } from '../../libcontainer/warm.ts'
import { sinkHere } from '../../trace/scope.ts'
import type { CreateRequest, ExecRequest, Made } from './driver.ts'
import { ConsolePair, RecordedDriver, type RecordedOptions } from './recorded.ts'

export interface NativeOptions extends RecordedOptions {
  /** Ids and cgroups for the inits that wait; left out, none waits. */
  reserve?: NonNullable<PoolOptions['reserve']>
}

/** Milliseconds after an exec before the next midwife is spawned: that takes the CPU which the program wants. */
const pause = 20
/** And after a container was made that nobody starts. */
const patience = 1000
/** Two starts within so many are followed by a third: an init that is spawned for it now would not be ready. */
const burst = 1000

export class NativeDriver extends RecordedDriver {
  readonly name = 'native'
  readonly #pool: InitPool | undefined
  readonly #midwives: Midwives | undefined
  #refill: NodeJS.Timeout | undefined
  #calm: NodeJS.Timeout | undefined

  constructor(options: NativeOptions) {
    super(options)
    const { init, reserve, onWarning } = options
    this.#pool = reserve && new InitPool(init, { reserve, ...this.listener })
    this.#midwives = reserve && new Midwives(init, onWarning)
  }

  /** The id for which an init waits in its cgroup. */
  reservedId(): string | undefined {
    return this.#pool?.reservedId()
  }

  async create({ id, bundle, stdio, terminal }: CreateRequest): Promise<Made> {
    const { root, init } = this
    const config = loadConfig(bundle, this.listener.onWarning)
    using _ = this.reaper.expect()
    using console = terminal ? new ConsolePair() : undefined
    const { state, birth } = await createContainer({
      ...{ root, id, bundle, config, init, stdio, listener: this.#heard(), trace: sinkHere() !== undefined },
      ...(console ? { console: console.theirs } : {}),
      ...(this.#pool ? { warm: this.#pool } : {}),
    })
    this.#fillAfter(patience)
    try {
      return this.made(birth, state.init?.pid ?? 0, console)
    } catch (error) {
      await this.delete(id, true)
      throw error
    }
  }

  async start(id: string): Promise<void> {
    await startContainer(this.root, this.load(id), this.#heard())
    this.#expectMore()
  }

  /** X-ray: what init asks of the kernel is told to whoever hears of ours. */
  #heard(): Listener {
    const onTrace = sinkHere()
    return onTrace ? { ...this.listener, onTrace } : this.listener
  }

  override async exec(id: string, request: ExecRequest): Promise<Made> {
    try {
      return await super.exec(id, request)
    } finally {
      this.#fillAfter(pause)
    }
  }

  protected override get helpers(): Pick<ExecOptions, 'midwives'> {
    return this.#midwives ? { midwives: this.#midwives } : {}
  }

  async kill(id: string, signal: number, all = false): Promise<void> {
    killContainer(this.root, this.load(id), signal, all)
  }

  async delete(id: string, force = false): Promise<void> {
    if (!existsSync(containerDirectory(this.root, id))) return
    await deleteContainer(this.root, this.load(id), { force, ...this.listener })
  }

  /** Who starts one container often starts another, and then more: two inits wait, until nobody does any more. */
  #expectMore(): void {
    if (this.#pool === undefined) return
    if (this.#calm !== undefined) this.#pool.size = 2
    clearTimeout(this.#calm)
    this.#calm = setTimeout(() => {
      this.#calm = undefined
      if (this.#pool) this.#pool.size = 1
    }, burst)
    this.#calm.unref()
    // Once the start is told.
    this.#fillAfter(0)
  }

  #fillAfter(milliseconds: number): void {
    if (this.#pool === undefined) return
    clearTimeout(this.#refill)
    this.#refill = setTimeout(() => {
      this.#pool?.fill()
      this.#midwives?.fill()
    }, milliseconds)
    this.#refill.unref()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#refill)
    clearTimeout(this.#calm)
    this.#pool?.[Symbol.dispose]()
    this.#midwives?.[Symbol.dispose]()
  }
}
