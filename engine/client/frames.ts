// Two streams out of one: what a container without a terminal writes to stdout and stderr
// comes in pieces, each behind eight bytes that say which it is and how long. The drawing
// is in engine/daemon/server/frame.ts, which makes them.
import type { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'

const headerBytes = 8
const names = ['stdin', 'stdout', 'stderr', 'systemerr'] as const

/** Whole frames and parts of frames, as they come: a long one is handed on piece by piece. Pure but for its memory. */
class Demultiplexer {
  #header = Buffer.alloc(0)
  #left = 0
  #stream: (typeof names)[number] = 'stdout'
  readonly #write: (stream: 'stdout' | 'stderr', bytes: Buffer) => void
  #failure = ''

  constructor(write: (stream: 'stdout' | 'stderr', bytes: Buffer) => void) {
    this.#write = write
  }

  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) rest = this.#left > 0 ? this.#body(rest) : this.#head(rest)
  }

  /** @throws EngineError with what the daemon said instead of output */
  end(): void {
    if (this.#failure !== '')
      throw new EngineError('internal', `error from daemon in stream: ${this.#failure.trim()}`)
  }

  #head(chunk: Buffer): Buffer {
    const wanted = headerBytes - this.#header.length
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, wanted)])
    if (this.#header.length < headerBytes) return Buffer.alloc(0)
    const name = names[this.#header[0] ?? 0]
    if (name === undefined)
      throw new EngineError('internal', `unrecognized stream in the daemon's answer: ${this.#header[0]}`)
    this.#stream = name
    this.#left = this.#header.readUInt32BE(4)
    this.#header = Buffer.alloc(0)
    return chunk.subarray(wanted)
  }

  #body(chunk: Buffer): Buffer {
    const piece = chunk.subarray(0, this.#left)
    this.#left -= piece.length
    if (this.#stream === 'systemerr') this.#failure += piece.toString()
    else this.#write(this.#stream === 'stderr' ? 'stderr' : 'stdout', piece)
    return chunk.subarray(piece.length)
  }
}

/** @param raw of a terminal: one stream, and no frames */
export async function readOutput(
  source: Readable,
  raw: boolean,
  write: (stream: 'stdout' | 'stderr', bytes: Buffer) => void,
): Promise<void> {
  const frames = new Demultiplexer(write)
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    if (raw) write('stdout', chunk)
    else frames.push(chunk)
  }
  frames.end()
}
