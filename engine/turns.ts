// One thing at a time for each name: verbs that change the same container take turns,
// and those of others do not wait. Without it a `delete` would meet a container that is
// half made.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` when everything before it, of this name, is done, whether or not it failed. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work, work)
    this.#last.set(name, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name)
    }
  }
}
