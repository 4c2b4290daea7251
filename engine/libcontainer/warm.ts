// Inits that are spawned ahead. Node's own start is most of the time that a
// container takes; an init that has started already, in a PID namespace of its
// own, and sleeps on its socket, is a container within milliseconds.
//
//   cold   spawn Node, load, read the request, become the container
//   warm                     read the request, become the container
//
// What is not known ahead is passed later: descriptors 0 to 2 and the rest come
// over a second socket (SCM_RIGHTS). Namespaces that init is born into cannot be
// changed, so only containers with a new PID namespace, and no user or time
// namespace to enter, can have one.
//
// For a daemon. An idle init holds about 50 MB, mostly text that all share: keep
// one or two. When the daemon dies, they read the end of their socket, and exit.
// `tocker-runtime create` and `run` do the same on a small scale: one starts while
// the config is read.
//
// Next: engine/libcontainer/reservation.ts
import { closeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { sendFd, socketpair } from '../syscalls/socket.ts'
import { type Birth, giveBirth, steppingStones } from './birth.ts'
import type { Cgroup } from './cgroups/cgroup.ts'
import type { Namespace } from './config/linux.ts'
import { Reservation } from './reservation.ts'

/** An init without a container. */
export interface WarmInit {
  birth: Birth
  /** Which of its descriptors is the socket to us. */
  channel: number
  /** Gives it open files; they arrive in this order. */
  pass: (fds: readonly number[]) => void
  /** Of a container that it was meant for, this one or another. */
  reservation?: Reservation
}

export interface PoolOptions {
  /** How many are kept ready. */
  size?: number
  /** Let them rehearse (rehearsal.ts): for those who wait for longer than they take to start. */
  rehearse?: boolean
  /** A container's id ahead of its container, with its cgroup, not made yet: there the init waits. */
  reserve?: () => { id: string; cgroup: Cgroup }
}

/** In init: number of the socket to the host's half, and of the one that brings descriptors. */
const channel = 3
const passing = 4

/** One init, as early as can be. @returns undefined where no PID namespace can be made without a user namespace */
export function startAhead(init: readonly [string, ...string[]]): InitPool | undefined {
  if (process.geteuid?.() !== 0) return undefined
  try {
    return new InitPool(init, { rehearse: false })
  } catch {
    // Root of a user namespace, or without CAP_SYS_ADMIN: the container will say what it lacks.
    return undefined
  }
}

export class InitPool implements Disposable {
  readonly #init: readonly [string, ...string[]]
  readonly #options: PoolOptions
  #idle: IdleInit[] = []

  /** @param init command line that becomes init */
  constructor(init: readonly [string, ...string[]], options: PoolOptions = {}) {
    this.#init = init
    this.#options = options
    this.fill()
  }

  /** Spawns what is missing. To be called when there is time: after a container was started. */
  fill(): void {
    const { size = 1 } = this.#options
    this.#idle = this.#idle.filter((one) => one.alive)
    while (this.#idle.length < size) this.#idle.push(new IdleInit(this.#init, this.#options))
  }

  /** The id for which an init waits in its cgroup: give it to the next container, and that starts soonest. */
  reservedId(): string | undefined {
    return this.#idle.find((one) => one.alive && one.reservation?.inside)?.reservation?.id
  }

  /**
   * One that fits, or undefined: then the container starts cold.
   * @param id of the container; what was reserved for another is taken last
   */
  take(namespaces: readonly Namespace[], id?: string): WarmInit | undefined {
    const pid = namespaces.find((one) => one.type === 'pid')
    if (pid === undefined || pid.path !== undefined || steppingStones(namespaces).length > 0) return undefined
    const worth = ({ reservation }: IdleInit): number =>
      reservation === undefined ? 1 : reservation.id === id ? 2 : 0
    // It may have been killed while it slept.
    this.#idle = this.#idle.filter((one) => one.alive).sort((a, b) => worth(b) - worth(a))
    const taken = this.#idle.shift()
    taken?.leave()
    return taken
  }

  [Symbol.dispose](): void {
    for (const init of this.#idle.splice(0)) init[Symbol.dispose]()
  }
}

class IdleInit implements WarmInit, Disposable {
  readonly birth: Birth
  readonly channel = channel
  readonly reservation?: Reservation
  readonly #passing: number
  /** What goes with it when it ends without a container. */
  readonly #unused = new DisposableStack()
  /** Who listens to it until it has one. */
  readonly #listening = new DisposableStack()

  constructor(init: readonly [string, ...string[]], { rehearse = true, reserve }: PoolOptions) {
    const [ours, theirs] = socketpair()
    const words = [String(channel), String(passing), ...(rehearse ? ['rehearse'] : [])]
    this.#passing = ours
    this.birth = giveBirth([...init, ...words], [{ type: 'pid' }], {
      // Not ours: whatever it says before it has a container, nobody reads.
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', theirs],
      env: {},
      cwd: '/',
    })
    closeSync(theirs)
    const { child } = this.birth
    this.#unused.defer(() => closeSync(ours))
    if (reserve && child.pid !== undefined) {
      this.reservation = this.#unused.use(new Reservation(child.pid, reserve()))
      this.#onReady(this.reservation)
    }
    this.#unused.defer(() => void child.kill('SIGKILL'))
    const end = (): void => this[Symbol.dispose]()
    child.once('exit', end)
    this.#listening.defer(() => child.off('exit', end))
  }

  /** Its first word is `ready`, and nothing follows before it has a container. */
  #onReady(reservation: Reservation): void {
    const socket = this.birth.child.stdio[channel]
    if (!(socket instanceof Readable)) return
    const ready = (): void => {
      socket.read()
      reservation.enter()
    }
    socket.once('readable', ready)
    this.#listening.defer(() => socket.off('readable', ready))
  }

  get alive(): boolean {
    return this.birth.child.exitCode === null && this.birth.child.signalCode === null
  }

  /** It gets a container, which takes over what is there. */
  leave(): void {
    this.#listening.dispose()
    this.reservation?.release()
    this.#unused.move()
  }

  pass(fds: readonly number[]): void {
    for (const fd of fds) sendFd(this.#passing, fd, '.')
    closeSync(this.#passing)
  }

  [Symbol.dispose](): void {
    this.#listening.dispose()
    this.#unused.dispose()
  }
}
