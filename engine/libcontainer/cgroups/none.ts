// No cgroup at all: without root of the host, where nothing was delegated.
// Everything works but limits, counters and the freezer.
//
// Called through open.ts. Next: engine/libcontainer/create.ts
import { EngineError } from '../../errors.ts'
import type { Resources } from '../config/resources.ts'
import type { Cgroup, CgroupMounts, FreezerState, OomWatcher } from './cgroup.ts'
import { firstLimit, refuse } from './setting.ts'
import type { Stats } from './stats.ts'
import { statsV1 } from './stats-v1.ts'

export class NoCgroup implements Cgroup {
  readonly paths: Record<string, string> = {}
  readonly #reason: string
  readonly #warn: (line: string) => void

  constructor(reason: string, warn: (line: string) => void) {
    this.#reason = reason
    this.#warn = warn
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
    return []
  }

  /** Nobody is known but init, and its number is the caller's. */
  signal(): void {}
  kill(): void {}

  stats(): Stats {
    return statsV1({})
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
