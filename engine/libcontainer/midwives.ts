// Midwives (midwife.ts) that wait for an exec: for a daemon.
//
// Each has one child and ends, so each exec takes one, and the next is spawned when there
// is time. It holds 20 MB, as an idle init does. When the daemon dies, it reads the end of
// its socket, and exits.
//
// Called by exec.ts; filled by drivers/exec/native.ts.
//
// Next: engine/libcontainer/midwife-fit.ts
import { errorLine } from '../errors.ts'
import type { Config } from './config/config.ts'
import type { Namespace } from './config/linux.ts'
import type { Process } from './config/process.ts'
import { HostChannel } from './host-channel.ts'
import { IdleInit } from './idle-init.ts'
import { fitsMidwife } from './midwife-fit.ts'

export interface Midwife {
  idle: IdleInit
  channel: HostChannel
}

export class Midwives implements Disposable {
  readonly #init: readonly [string, ...string[]]
  readonly #onWarning: (line: string) => void
  #waiting: Midwife[] = []

  /** @param init command line that becomes one @param onWarning told why there is none, and exec is slower */
  constructor(init: readonly [string, ...string[]], onWarning: (line: string) => void = () => {}) {
    this.#init = init
    this.#onWarning = onWarning
  }

  /** Spawns what is missing. To be called when there is time. It throws nothing. */
  fill(size = 1): void {
    for (const one of this.#waiting) if (!one.idle.alive) this.#dismiss(one)
    this.#waiting = this.#waiting.filter(({ idle }) => idle.alive)
    try {
      while (this.#waiting.length < size) {
        const idle = new IdleInit(this.#init, [], 'rehearse')
        this.#waiting.push({ idle, channel: new HostChannel(idle.handOver(), {}) })
      }
    } catch (error) {
      this.#onWarning(`no midwife waits: ${errorLine(error)}`)
    }
  }

  /** @param join namespaces of the container that are not ours. @returns one that is the caller's from here on */
  take(process: Process, config: Config, join: readonly Namespace[]): Midwife | undefined {
    if (!fitsMidwife(process, config, join)) return undefined
    const found = this.#waiting.find(({ idle }) => idle.alive)
    this.#waiting = this.#waiting.filter((one) => one !== found)
    return found
  }

  #dismiss({ idle, channel }: Midwife): void {
    channel.close()
    idle[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    for (const one of this.#waiting.splice(0)) this.#dismiss(one)
  }
}
