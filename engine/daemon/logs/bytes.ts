// A buffer that grows: thousands of records of one read(2) become the bytes of one write(2).
//
// A container may print a hundred megabytes in a second, so this is where the supervisor
// spends its time: a Buffer of its own for each record would cost ten times as much.

export class Bytes {
  #buffer: Buffer
  #length = 0

  /** @param expected about how many there will be */
  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(expected, 256))
  }

  get length(): number {
    return this.#length
  }

  /** What is in it, without a copy: for as long as nothing is added. */
  get whole(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Room for `more` bytes. @returns the buffer and where its free part begins; say with took() how much was used */
  room(more: number): { buffer: Buffer; at: number } {
    const needed = this.#length + more
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    return { buffer: this.#buffer, at: this.#length }
  }

  took(count: number): void {
    this.#length += count
  }

  add(bytes: Uint8Array): void {
    const { buffer, at } = this.room(bytes.length)
    buffer.set(bytes, at)
    this.#length += bytes.length
  }

  addText(text: string): void {
    const { buffer, at } = this.room(text.length * 3)
    this.#length += buffer.write(text, at)
  }

  /** As protocol buffers have it: seven bits a byte, the lowest first. @param value below 2^31 */
  addVarint(value: number): void {
    const { buffer, at } = this.room(5)
    let end = at
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) buffer[end++] = (rest & 0x7f) | 0x80
    buffer[end++] = rest
    this.#length = end
  }
}
