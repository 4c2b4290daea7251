// Silence of a terminal: what runs there says nothing, and may wait for keys
// without a mark to say so.
//
// Owned by terminal.ts, which then looks. Calls back after a while without output;
// asked again, after twice as long, so that a long command costs next to nothing.

const first = 1500
const longest = 60_000

export class Silence {
  readonly #onSilence: () => void
  #timer: NodeJS.Timeout | undefined
  #wait = first

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence
  }

  /** Something was said, or begins. */
  broken(): void {
    this.#wait = first
    this.#arm()
  }

  /** Nothing was found: look once more, later. */
  again(): void {
    this.#wait = Math.min(longest, 2 * this.#wait)
    this.#arm()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onSilence, this.#wait)
    // Nobody stays for that.
    this.#timer.unref()
  }
}
