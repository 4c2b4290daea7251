// No cgroup at all: without root of the host, where nothing was delegated.
// Everything works but limits, counters and the freezer. Who belongs to the
// container is said by its PID namespace, if it has one of its own.
//
// Called through open.ts. Next: engine/libcontainer/create.ts
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import type { Resources } from '../config/resources.ts'
import { isAlive, type ProcessIdentity } from '../process-identity.ts'
import type { Cgroup, CgroupMounts, FreezerState, OomWatcher } from './cgroup.ts'
import { signalAll } from './members.ts'
import { firstLimit, refuse } from './setting.ts'
import type { Stats } from './stats.ts'

export class NoCgroup implements Cgroup {
  readonly paths: Record<string, string> = {}
  readonly #reason: string
  readonly #warn: (line: string) => void
  readonly #init: ProcessIdentity | undefined

  /** @param init the container's first process */
  constructor(reason: string, warn: (line: string) => void, init?: ProcessIdentity) {
    this.#reason = reason
    this.#warn = warn
    this.#init = init
  }

  make(): void {
    this.#warn(`the container has no cgroup of its own: ${this.#reason}`)
  }

  apply(resources: Resources): void {
    this.update(resources)
  }

  /** A limit that would not hold is refused; device rules are not ours to make anyway. */
  update(resources: Resources): void {
    const asked = firstLimit(resources)
    if (asked !== undefined) refuse(asked, `there is no cgroup to limit: ${this.#reason}`)
  }

  add(): void {}

  freeze(): void {
    throw new EngineError('unavailable', `freeze the container: ${this.#reason}`)
  }

  thaw(): void {
    throw new EngineError('unavailable', `thaw the container: ${this.#reason}`)
  }

  readonly state: FreezerState = 'thawed'

  pids(): number[] {
    const init = this.#init
    // Its number may be somebody else's by now.
    if (init === undefined || !isAlive(init)) return []
    const own = namespaceOf(init.pid)
    // In a namespace that is another container's, or the caller's own, everybody else is a stranger.
    if (own === undefined || own === namespaceOf('self') || !isFirst(init.pid)) return [init.pid]
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && namespaceOf(pid) === own)
  }

  signal(signal: NodeJS.Signals | number): void {
    signalAll(this.pids(), signal)
  }

  kill(): void {
    this.signal('SIGKILL')
  }

  stats(): Stats {
    throw new EngineError('unavailable', `there is no cgroup to count in: ${this.#reason}`)
  }

  oomKills(): number {
    return 0
  }

  watchOom({ onEnd }: OomWatcher): Disposable {
    const timer = setImmediate(onEnd)
    return { [Symbol.dispose]: () => clearImmediate(timer) }
  }

  remove(): void {}

  mounts(): CgroupMounts {
    return { version: 1, controllers: [], links: [] }
  }
}

/** Is it process 1 of its PID namespace? proc_pid_status(5), NSpid: its numbers, the innermost last. */
function isFirst(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // ENOENT: it has just ended.
    return false
  }
}

/** Undefined when there is no such process, or it is another user's. */
function namespaceOf(pid: number | 'self' | undefined): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}
