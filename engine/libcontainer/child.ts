// A process that is ours to wait for: one that birth.ts started, or the orphan of a
// stepping stone, which we adopt as a subreaper, prctl(2).
//
// Who has ended stays as a zombie, and keeps its PID, until we ask waitpid(2) for
// its exit status; a SIGCHLD says when to ask. Of several that end at the same
// moment one signal may tell, so we ask for each.
//
// Next: engine/libcontainer/birth.ts
import { waitNoHang } from '../syscalls/process.ts'

/** Those that have not ended, as far as we know. */
const living = new Set<Child>()

export class Child {
  readonly pid: number
  #status: number | undefined
  #error: unknown
  #isOthers = false
  /** Told once it has ended. */
  readonly #listeners = new Set<() => void>()

  constructor(pid: number) {
    this.pid = pid
    if (living.size === 0) process.on('SIGCHLD', lookAtAll)
    living.add(this)
    // It may have ended before anybody listened.
    this.look()
  }

  get alive(): boolean {
    return this.#status === undefined && this.#error === undefined
  }

  /** A zombie's PID is nobody else's yet, so this cannot meet a stranger. */
  kill(): void {
    if (this.alive) process.kill(this.pid, 'SIGKILL')
  }

  /**
   * From here on nobody asks here how it ends: it outlives us, and whoever adopts it will, a manager in detached
   * mode. The kernel tells that once, and a short program may end before we do.
   */
  leave(): void {
    this.#isOthers = true
    this.#forget()
  }

  #forget(): void {
    living.delete(this)
    if (living.size === 0) process.off('SIGCHLD', lookAtAll)
  }

  /** Asks the kernel how it is. */
  look(): void {
    if (!this.alive || this.#isOthers) return
    try {
      this.#status = waitNoHang(this.pid)
    } catch (error) {
      // ECHILD: it is not ours.
      this.#error = error
    }
    if (this.alive) return
    this.#forget()
    for (const listener of this.#listeners) listener()
  }

  /** Calls once, when it has ended. @returns a way to take that back */
  onEnd(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves with the exit status, or 128 + signal. @throws SyscallError ECHILD when it is not ours */
  async ended(): Promise<number> {
    // Signal handlers alone keep no program running, and ours must not end before its container.
    const stay = setInterval(() => this.look(), 60_000)
    if (this.alive) await new Promise<void>((resolve) => this.onEnd(resolve))
    clearInterval(stay)
    if (this.#status === undefined) throw this.#error
    return this.#status
  }
}

function lookAtAll(): void {
  for (const child of living) child.look()
}
