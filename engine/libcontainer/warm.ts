// Inits that are spawned ahead of their containers. Node's own start is most of the
// time that a container takes; an init that has started already is a container within
// milliseconds.
//
//   cold   spawn Node, load, read the request, become the container
//   warm                     read the request, become the container
//
// For a daemon. An idle init holds 20 MB, and would hold 50 if it did not give back what
// only its start had needed (clean-pages.ts): keep one, and two while one start follows another. When the daemon dies, they
// read the end of their socket, and exit.
//
// Next: engine/libcontainer/reservation.ts
import { errorLine } from '../errors.ts'
import type { Cgroup } from './cgroups/cgroup.ts'
import type { Namespace } from './config/linux.ts'
import { HostChannel } from './host-channel.ts'
import { fitsIdleInit, IdleInit, type InitSource, type WarmInit } from './idle-init.ts'
import { Reservation } from './reservation.ts'

/** Milliseconds from a promise to its container's start. */
const promise = 10_000

export interface PoolOptions {
  /** How many are kept ready; it can change. */
  size?: number
  /** A container's id ahead of its container, with its cgroup, not made yet: there the init waits. */
  reserve?: () => { id: string; cgroup: Cgroup }
  /** Told what went wrong with an init that nobody waits for yet: then containers start cold. */
  onWarning?: (line: string) => void
}

export class InitPool implements InitSource, Disposable {
  readonly #init: readonly [string, ...string[]]
  readonly #options: PoolOptions
  #size: number
  #idle: PooledInit[] = []

  /** @param init command line that becomes init */
  constructor(init: readonly [string, ...string[]], options: PoolOptions = {}) {
    this.#init = init
    this.#options = options
    this.#size = options.size ?? 1
    this.fill()
  }

  /** More will be there with the next fill(); what is too much goes, unless it was promised. */
  set size(size: number) {
    this.#size = size
    const free = this.#idle.filter(({ promised }) => !promised)
    for (const one of free.slice(size)) this.#forsake(one)
  }

  /**
   * Spawns what is missing. To be called when there is time: after a container was started. It throws nothing:
   * where no init can be had ahead, on a full disk for one, containers start cold, and say themselves what they lack.
   */
  fill(): void {
    const { reserve, onWarning } = this.#options
    this.#idle = this.#idle.filter((one) => one.alive)
    try {
      while (this.#idle.filter(({ promised }) => !promised).length < this.#size)
        this.#idle.push(new PooledInit(this.#init, reserve, onWarning))
    } catch (error) {
      onWarning?.(`no init waits ahead: ${errorLine(error)}`)
    }
  }

  /**
   * The id for which an init waits in its cgroup: give it to the next container, and that starts soonest.
   * Each is told once: of two containers that are created, one gets it. As many promises as there are inits.
   * Who has one and is not started soon loses its init, and starts a little later when it does.
   */
  reservedId(): string | undefined {
    if (this.#idle.filter(({ promised }) => promised).length >= this.#size) return undefined
    const found = this.#idle.find((one) => one.alive && one.reservation?.inside && !one.promised)
    if (found === undefined) return undefined
    found.promised = true
    setTimeout(() => this.#forsake(found), promise).unref()
    return found.reservation?.id
  }

  /** Its container was created, and perhaps will never be started: others get a promise again. */
  #forsake(init: PooledInit): void {
    if (!this.#idle.includes(init)) return
    this.#idle = this.#idle.filter((one) => one !== init)
    init.end()
  }

  /**
   * @param id of the container; what was reserved is taken last, and what was promised to another not at all:
   * that one's cgroup would go while it is being started in there
   */
  take(namespaces: readonly Namespace[], id?: string): WarmInit | undefined {
    if (!fitsIdleInit(namespaces)) {
      // Who waits in this container's cgroup is of no use to it, and in its way.
      const inside = this.#idle.find(({ reservation }) => reservation !== undefined && reservation.id === id)
      if (inside) this.#forsake(inside)
      return undefined
    }
    const worth = ({ reservation }: PooledInit): number =>
      reservation === undefined ? 1 : reservation.id === id ? 2 : 0
    // It may have been killed while it slept.
    this.#idle = this.#idle.filter((one) => one.alive)
    const [best] = this.#idle
      .filter((one) => !one.promised || one.reservation?.id === id)
      .sort((a, b) => worth(b) - worth(a))
    this.#idle = this.#idle.filter((one) => one !== best)
    return best?.take()
  }

  [Symbol.dispose](): void {
    for (const init of this.#idle.splice(0)) init[Symbol.dispose]()
  }
}

/** One that rehearses, says that it is ready, and may have a cgroup. */
class PooledInit implements Disposable {
  reservation?: Reservation
  /** Somebody was told its id. */
  promised = false
  readonly #init: IdleInit
  readonly #channel: HostChannel
  /** What goes with it when it ends without a container. */
  readonly #unused: DisposableStack
  readonly #warn: (error: unknown) => void

  constructor(
    init: readonly [string, ...string[]],
    reserve: PoolOptions['reserve'],
    onWarning: (line: string) => void = () => {},
  ) {
    using undo = new DisposableStack()
    const idle = undo.use(new IdleInit(init, [{ type: 'pid' }], 'rehearse'))
    this.#init = idle
    this.#channel = new HostChannel(idle.handOver(), {})
    undo.defer(() => this.#channel.close())
    const { child } = idle.birth
    undo.defer(child.onEnd(() => this.end()))
    this.#warn = (error) => onWarning(`an init that waited: ${errorLine(error)}`)
    this.#unused = undo.move()
    this.#waitUntilReady(reserve).catch(this.#warn)
  }

  /** Called by a signal or a timer: what goes wrong here has no caller to go to. */
  end(): void {
    try {
      this[Symbol.dispose]()
    } catch (error) {
      this.#warn(error)
    }
  }

  async #waitUntilReady(reserve: PoolOptions['reserve']): Promise<void> {
    const ready = await this.#channel.ready()
    // Taken before it was: then its cgroup is the container's matter.
    if (!ready || this.#unused.disposed || reserve === undefined) return
    this.reservation = this.#unused.use(new Reservation(this.#init.birth.child.pid, reserve()))
    this.reservation.enter()
  }

  get alive(): boolean {
    return this.#init.alive
  }

  /** It gets a container, which takes over what is there. */
  take(): WarmInit {
    const { reservation } = this
    reservation?.release()
    this.#unused.move()
    return {
      birth: this.#init.birth,
      channel: this.#channel,
      pass: (fds) => this.#init.pass(fds),
      ...(reservation ? { reservation } : {}),
    }
  }

  [Symbol.dispose](): void {
    this.#unused.dispose()
  }
}
