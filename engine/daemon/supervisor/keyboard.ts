// Keys for a container's terminal.
//
// A master takes 4 KiB that nobody has read, and then write(2) waits. So it is told not
// to, and says EAGAIN: then the rest is tried again a little later. Neither of Node's own
// ways does: tty.WriteStream waits, and with it every container; a pool thread for each
// write would wait, too, and there are four.
import { closeSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { EngineError } from '../../errors.ts'
import { setNonBlocking } from '../../syscalls/file.ts'
import { resizeTerminal } from '../../syscalls/terminal.ts'

/** Milliseconds until a program may have read some keys. */
const pause = 20

export class Keyboard extends Writable {
  readonly #master: number
  #timer: NodeJS.Timeout | undefined

  /** @param master closed when this is destroyed */
  constructor(master: number) {
    super()
    this.#master = master
    setNonBlocking(master)
  }

  /** Of the window that the program sees. @throws EngineError `conflict` when there is none any more */
  resize(size: { rows: number; columns: number }): void {
    if (this.destroyed) throw new EngineError('conflict', 'it has no terminal')
    resizeTerminal(this.#master, size)
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    let at = 0
    try {
      while (at < chunk.length) at += writeSync(this.#master, chunk, at)
      done()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) {
        // EIO: nobody has the terminal open any more, and keys are for nobody.
        done()
        return
      }
      this.#timer = setTimeout(() => this._write(chunk.subarray(at), 'buffer', done), pause)
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    closeSync(this.#master)
    done(error)
  }
}
