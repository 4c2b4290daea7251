// Children that nobody here gave birth to.
//
// A runtime such as runc makes the container's process and exits: its child is an
// orphan, and the kernel gives it to the nearest ancestor that said it adopts,
// prctl(2) PR_SET_CHILD_SUBREAPER. That is us, so we alone can wait(2) for it, and have
// to: what ended and was never waited for stays as a zombie.
//
// Two kinds come this way. Those that somebody waits for, by wait(): the first process
// of a container, one of exec. And strangers, such as a daemon that a container without
// a PID namespace of its own left behind: they are waited for, and forgotten.
//
// Node's own children must not be touched: waitpid(2) gives a status once, and Node
// would never hear that its child ended. Nobody tells which those are; but Node takes
// its own as soon as they end. So a stranger is taken only when it has been a zombie
// for a while, and never while a runtime runs whose child we are about to learn of.
import { readdirSync, readFileSync } from 'node:fs'
import { adoptOrphans, waitNoHang } from '../../syscalls/process.ts'

/** Milliseconds that a zombie may be Node's. */
const grace = 1000

export class Reaper implements Disposable {
  readonly #waiting = new Map<number, (status: number) => void>()
  /** Runtimes at work. */
  #births = 0
  #timer: NodeJS.Timeout | undefined
  readonly #onChild = (): void => this.#look()

  /** From here on orphans among our descendants are ours. */
  constructor() {
    adoptOrphans()
    process.on('SIGCHLD', this.#onChild)
  }

  /** Until disposed of, no stranger is taken: one of them may be about to be introduced by wait(). */
  expect(): Disposable {
    this.#births++
    return {
      [Symbol.dispose]: () => {
        this.#births--
        this.#look()
      },
    }
  }

  /** Resolves with the exit status of an orphan that is ours, or 128 + signal. */
  wait(pid: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.set(pid, resolve)
      this.#ask(pid)
    })
  }

  #look(): void {
    for (const pid of this.#waiting.keys()) this.#ask(pid)
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#takeStrangers()
    }, grace)
    this.#timer.unref()
  }

  #ask(pid: number): void {
    const resolve = this.#waiting.get(pid)
    let status: number | undefined
    try {
      status = waitNoHang(pid)
    } catch {
      // ECHILD: not ours after all. 255 is what stands for "nobody knows".
      status = 255
    }
    if (status === undefined) return
    this.#waiting.delete(pid)
    resolve?.(status)
  }

  #takeStrangers(): void {
    if (this.#births > 0) return
    const before = zombies().filter((pid) => !this.#waiting.has(pid))
    if (before.length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const still = new Set(zombies())
      if (this.#births === 0) for (const pid of before) if (still.has(pid)) this.#take(pid)
    }, grace)
    this.#timer.unref()
  }

  #take(pid: number): void {
    try {
      waitNoHang(pid)
    } catch {
      // ECHILD: it was somebody's.
    }
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild)
    clearTimeout(this.#timer)
  }
}

/** Children of this process, of each of its threads, that have ended. */
function zombies(): number[] {
  return threads()
    .flatMap((thread) => readText(`/proc/self/task/${thread}/children`).trim().split(' '))
    .filter((pid) => pid !== '' && /\) Z /.test(readText(`/proc/${pid}/stat`)))
    .map(Number)
}

function threads(): string[] {
  try {
    return readdirSync('/proc/self/task')
  } catch {
    // EMFILE: they are looked for after the next end of a child.
    return []
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It went meanwhile.
    return ''
  }
}
