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
//
// Next: engine/libcontainer/create.ts
import { closeSync } from 'node:fs'
import { sendFd, socketpair } from '../syscalls/socket.ts'
import { type Birth, giveBirth, steppingStones } from './birth.ts'
import type { Namespace } from './config/linux.ts'

/** An init without a container. */
export interface WarmInit {
  birth: Birth
  /** Which of its descriptors is the socket to us. */
  channel: number
  /** Gives it open files; they arrive in this order. */
  pass: (fds: readonly number[]) => void
}

/** In init: number of the socket to the host's half, and of the one that brings descriptors. */
const channel = 3
const passing = 4

export class InitPool implements Disposable {
  readonly #init: readonly [string, ...string[]]
  readonly #size: number
  readonly #idle: (WarmInit & Disposable)[] = []

  /** @param init command line that becomes init @param size how many are kept ready */
  constructor(init: readonly [string, ...string[]], size = 1) {
    this.#init = init
    this.#size = size
    this.fill()
  }

  /** Spawns what is missing. To be called when there is time: after a container was started. */
  fill(): void {
    while (this.#idle.length < this.#size) this.#idle.push(this.#spawn())
  }

  /** One that fits these namespaces, or undefined: then the container starts cold. */
  take(namespaces: readonly Namespace[]): WarmInit | undefined {
    const pid = namespaces.find((one) => one.type === 'pid')
    if (pid === undefined || pid.path !== undefined || steppingStones(namespaces).length > 0) return undefined
    for (let init = this.#idle.shift(); init !== undefined; init = this.#idle.shift())
      // It may have been killed while it slept.
      if (init.birth.child.exitCode === null && init.birth.child.signalCode === null) return init
    return undefined
  }

  #spawn(): WarmInit & Disposable {
    const [ours, theirs] = socketpair()
    const birth = giveBirth([...this.#init, String(channel), String(passing)], [{ type: 'pid' }], {
      // Not ours: whatever it says before it has a container, nobody reads.
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', theirs],
      env: {},
      cwd: '/',
    })
    closeSync(theirs)
    const forget = (): void => {
      birth.child.kill('SIGKILL')
      closeSync(ours)
    }
    return {
      birth,
      channel,
      pass: (fds) => {
        for (const fd of fds) sendFd(ours, fd, '.')
        closeSync(ours)
      },
      [Symbol.dispose]: forget,
    }
  }

  [Symbol.dispose](): void {
    for (const init of this.#idle.splice(0)) init[Symbol.dispose]()
  }
}
