// The six characters that let somebody read along in class: read from a wall,
// typed on a phone, and not to be found by trying.
//
// 31 letters make 887 million codes. An address may be wrong ten times a minute,
// all of them together three hundred times: half of the codes take 2.8 years.
import { randomInt } from 'node:crypto'

/** Without I, L, O, 0 and 1, which look alike on a wall. */
const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
const length = 6

export function makeCode(): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** As somebody typed it -> as it was made: small letters, a gap or a hyphen are no mistakes. */
export function normaliseCode(typed: string): string {
  return typed.toUpperCase().replaceAll(/[\s-]/g, '')
}

/** Counts wrong codes, by minute. */
export class JoinLimit {
  readonly #now: () => number
  readonly #wrong = new Map<string, number>()
  #all = 0
  #minute = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Whether this address has to wait for the next minute before another try. */
  mustWait(address: string): boolean {
    const minute = Math.floor(this.#now() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#wrong.clear()
      this.#all = 0
    }
    return this.#all >= 300 || (this.#wrong.get(address) ?? 0) >= 10
  }

  wrong(address: string): void {
    this.#all++
    this.#wrong.set(address, (this.#wrong.get(address) ?? 0) + 1)
  }
}
