// An init without a container: it has started, in a PID namespace of its own, and
// sleeps on its socket. What it was not born with comes later: the request over that
// socket, open files over a second one (SCM_RIGHTS).
//
// Node's own start is most of the time that a container takes, and init needs
// nothing of the config to get that far. So `tocker-runtime create` and `run` start
// one as their first act, and load the rest of themselves meanwhile:
//
//   runtime  Node ─┬─ code ── config ── cgroup ── request ──┐
//   init           └─ Node ──── code ───────────────────────┴─ becomes the container
//
// Its Node begins 28 ms after the command; when the runtime had to be loaded first, 39
// (strace -f -ttt -e trace=unshare,execve). When the runtime ends without a container,
// init reads the end of its socket, and exits too.
//
// Called by tocker-ahead.ts; a daemon keeps some, see warm.ts and midwives.ts.
//
// Next: engine/libcontainer/birth.ts
import { closeSync, openSync } from 'node:fs'
import { SyscallError } from '../errors.ts'
import { mostFds, sendFds, socketpair } from '../syscalls/socket.ts'
import { type Birth, giveBirth, steppingStones } from './birth.ts'
import { primeMoves } from './cgroups/prime.ts'
import type { Namespace } from './config/linux.ts'
import type { HostChannel } from './host-channel.ts'
import type { Reservation } from './reservation.ts'

/** An init that a container can have. */
export interface WarmInit {
  birth: Birth
  /** Our end of the socket to it: as it is, or with somebody who speaks on it already. */
  channel: number | HostChannel
  /** Gives it open files; they arrive in this order. */
  pass: (fds: readonly number[]) => void
  /** Of a container that it was meant for, this one or another. */
  reservation?: Reservation
}

/** Where a container looks for one. */
export interface InitSource {
  /** @returns undefined when none fits, and the container has to start cold. @param id of the container */
  take(namespaces: readonly Namespace[], id?: string): WarmInit | undefined
}

/**
 * Namespaces that init is born into cannot be changed: a new PID namespace, and no user
 * or time namespace to enter, is all that it can serve.
 */
export function fitsIdleInit(namespaces: readonly Namespace[]): boolean {
  const pid = namespaces.find((one) => one.type === 'pid')
  return pid !== undefined && pid.path === undefined && steppingStones(namespaces).length === 0
}

export class IdleInit implements InitSource, Disposable {
  readonly birth: Birth
  readonly #passing: number
  /** Ours to close, until somebody speaks on it. */
  #channel: number | undefined
  #taken = false

  /**
   * @param init command line that becomes init
   * @param into namespaces to be born in
   * @param words `rehearse`, when there is time (rehearsal.ts)
   */
  constructor(
    init: readonly [string, ...string[]],
    into: readonly Namespace[] = [{ type: 'pid' }],
    ...words: string[]
  ) {
    const [channel, passing, none] = [socketpair(), socketpair(), openSync('/dev/null', 'r+')]
    ;[this.#channel, this.#passing] = [channel[0], passing[0]]
    try {
      // 0 to 2 are not ours: whatever it says before it has a container, nobody reads.
      const born = [none, none, none, channel[1], passing[1]]
      this.birth = giveBirth([...init, '3', '4', ...words], into, born)
    } catch (error) {
      for (const fd of [channel[0], passing[0]]) closeSync(fd)
      throw error
    } finally {
      for (const fd of [none, channel[1], passing[1]]) closeSync(fd)
    }
  }

  get alive(): boolean {
    return this.birth.child.alive
  }

  take(namespaces: readonly Namespace[]): WarmInit | undefined {
    if (this.#taken || !this.alive || !fitsIdleInit(namespaces)) return undefined
    this.#taken = true
    return { birth: this.birth, channel: this.handOver(), pass: (fds) => this.pass(fds) }
  }

  /** Our end of the socket to it, for one who will close it. */
  handOver(): number {
    const channel = this.#channel
    if (channel === undefined) throw new Error('an init has one who speaks to it')
    this.#channel = undefined
    return channel
  }

  pass(fds: readonly number[]): void {
    this.#taken = true
    try {
      for (let at = 0; at < fds.length; at += mostFds)
        sendFds(this.#passing, fds.slice(at, at + mostFds), '.')
    } catch (error) {
      // It has ended, and what it said of that is on its way by the other socket.
      if (!(error instanceof SyscallError && ['EPIPE', 'ECONNRESET'].includes(error.code))) throw error
    }
    closeSync(this.#passing)
  }

  /** Ends it, unless it has a container. */
  [Symbol.dispose](): void {
    if (this.#taken) return
    this.#taken = true
    closeSync(this.#passing)
    if (this.#channel !== undefined) closeSync(this.#channel)
    this.birth.child.kill()
  }
}

/** What the two bundles of `tocker-runtime` have in common (compiled-code.ts). */
export interface Shared {
  ahead?: (InitSource & Disposable) | undefined
}

/** One init, as early as can be. @returns undefined where no PID namespace can be made without a user namespace */
export function startAhead(init: readonly [string, ...string[]]): Shared['ahead'] {
  if (process.geteuid?.() !== 0) return undefined
  // Meanwhile, its way into a cgroup is made ready; once it is taken, create.ts sees to that.
  const primed = new DisposableStack()
  primed.use(primeMoves())
  try {
    const idle = new IdleInit(init)
    return {
      take(namespaces) {
        primed.dispose()
        return idle.take(namespaces)
      },
      [Symbol.dispose]() {
        primed.dispose()
        idle[Symbol.dispose]()
      },
    }
  } catch {
    // Root of a user namespace, or without CAP_SYS_ADMIN: the container will say what it lacks.
    primed.dispose()
    return undefined
  }
}
