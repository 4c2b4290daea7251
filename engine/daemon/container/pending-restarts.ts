// Containers that have ended and will run again: after which pause, and how that is called
// off. Whether, and how long, is said by restart-policy.ts.
//
// Called by lifecycle.ts.

export class PendingRestarts {
  readonly #pending = new Map<string, { timer: NodeJS.Timeout; pause: number }>()

  /** Milliseconds; 0 when there was none before. */
  lastPause(id: string): number {
    return this.#pending.get(id)?.pause ?? 0
  }

  /** @param pause milliseconds until `run` */
  later(id: string, pause: number, run: () => void): void {
    this.#pending.set(id, { timer: setTimeout(run, pause).unref(), pause })
  }

  /** It will not; if it ever does again, that is a first time. */
  forget(id: string): void {
    clearTimeout(this.#pending.get(id)?.timer)
    this.#pending.delete(id)
  }
}
