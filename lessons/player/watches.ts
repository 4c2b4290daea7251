// The live views that somebody looks at: each is a sampler in the sandbox that
// runs from the first look to the last.
//
// Owned by player.ts. Next: lessons/player/watch/sampler.ts
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import type { WatchBlock } from '../format/lesson.ts'
import type { PlayerEvent } from './events.ts'
import { sample } from './watch/sampler.ts'
import type { Sample } from './watch/samples.ts'

export class Watches {
  readonly #sandbox: Sandbox
  readonly #session: string
  readonly #emit: (event: PlayerEvent) => void
  readonly #running = new Map<string, { block: WatchBlock; controller: AbortController }>()
  readonly #samples = new Map<string, Sample>()

  constructor(sandbox: Sandbox, session: string, emit: (event: PlayerEvent) => void) {
    this.#sandbox = sandbox
    this.#session = session
    this.#emit = emit
  }

  /** Settles when the view was stopped, or the sandbox is lost. */
  async start(block: WatchBlock): Promise<void> {
    const { id } = block
    const running = this.#running.get(id)
    if (running && !running.controller.signal.aborted) {
      // A page that came back: the next sample may take a while, where nothing changes.
      const last = this.#samples.get(id)
      if (last) this.#emit({ type: 'watch', id, sample: last })
      return
    }
    const controller = new AbortController()
    this.#running.set(id, { block, controller })
    await sample(this.#sandbox, this.#session, block, controller.signal, (one) => {
      this.#samples.set(id, one)
      this.#emit({ type: 'watch', id, sample: one })
    }).catch(() => controller.abort())
  }

  stop(id: string): void {
    this.#running.get(id)?.controller.abort()
    this.#running.delete(id)
    this.#samples.delete(id)
  }

  /** The sandbox is lost, or will not be asked any more. What was looked at is remembered. */
  suspend(): void {
    for (const { controller } of this.#running.values()) controller.abort()
  }

  /** The sandbox is back. */
  resume(): void {
    for (const { block, controller } of this.#running.values())
      if (controller.signal.aborted) void this.start(block)
  }
}
