// A stream as a pile of bytes to take from: what is there is taken at once, and only
// when it is used up is there anything to wait for.
//
// A tar header is 512 bytes and a chunk of the stream 64 KB or more: an `await` for
// each header would cost more than reading it. The stream is asked for the next chunk
// only when the last one is empty, so a slow disk holds up a fast network.
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/**
 * A stream that is always ready, such as pack()'s, would keep everything else waiting until
 * its end, timers and the collection of garbage, too: after so many bytes, the others' turn.
 */
const turnAfter = 2 ** 20

export class ByteSource implements AsyncDisposable {
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<Uint8Array>
  #queue: Buffer[] = []
  /** How much of the first chunk has been taken. */
  #taken = 0
  #ended = false
  #sinceTurn = 0
  /** Bytes that can be taken without waiting. */
  available = 0
  /** Bytes taken so far. */
  position = 0

  constructor(stream: Readable) {
    this.#stream = stream
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** Waits until `length` bytes are there. @returns false when the stream ended before */
  async fill(length: number): Promise<boolean> {
    while (this.available < length && !this.#ended) {
      const { done, value } = await this.#chunks.next()
      if (done) this.#ended = true
      else if (value.length > 0) {
        this.#sinceTurn += value.length
        if (this.#sinceTurn > turnAfter) await this.#turn()
        this.#queue.push(Buffer.isBuffer(value) ? value : Buffer.from(value))
        this.available += value.length
      }
    }
    return this.available >= length
  }

  async #turn(): Promise<void> {
    this.#sinceTurn = 0
    await setImmediate()
  }

  /** Exactly `length` bytes, which fill() has made sure of: a view where they lie in one chunk. */
  take(length: number): Buffer {
    const piece = this.takeSome(length)
    if (piece.length === length) return piece
    const whole = Buffer.allocUnsafe(length)
    for (let at = piece.copy(whole); at < length; ) at += this.takeSome(length - at).copy(whole, at)
    return whole
  }

  /** At most `length` bytes, and as many as lie together: a view. */
  takeSome(length: number): Buffer {
    const first = this.#queue[0]
    if (first === undefined) return Buffer.alloc(0)
    const piece = first.subarray(this.#taken, this.#taken + length)
    this.#taken += piece.length
    if (this.#taken === first.length) {
      this.#queue.shift()
      this.#taken = 0
    }
    this.available -= piece.length
    this.position += piece.length
    return piece
  }

  /** Takes and forgets. @returns false when the stream ended before */
  async passOver(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      if (this.available === 0 && !(await this.fill(1))) return false
      left -= this.takeSome(left).length
    }
    return true
  }

  /** Destroys the stream when it is not at its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue = []
    await this.#chunks.return?.()
    // An iterator that nobody has asked for anything destroys nothing.
    this.#stream.destroy()
  }
}
