// The reader's half of the drawing in rotate.ts: what comes after the files that were
// there, from the file that is written now and from those that were finished meanwhile.
import { closeSync, fstatSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { EngineError } from '../../errors.ts'
import { type OpenLog, openLog, readTo } from './chain.ts'
import type { LogCodec } from './codec.ts'
import type { LogRecord } from './driver.ts'
import type { Mailbox } from './mailbox.ts'
import type { ReadOptions } from './read.ts'

interface Following {
  path: string
  codec: LogCodec
  options: ReadOptions
  mailbox: Mailbox
  changes: Changes
}

/** A file that was read up to its `size`, with the decoder that did; closed here. */
interface Place {
  file: OpenLog | undefined
  decode: (chunk: Buffer) => LogRecord[]
}

/** Ends when the writer has ended and everything was read, or when the reader goes away. */
export async function* follow(
  { path, codec, options, mailbox, changes }: Following,
  from: Place,
): AsyncGenerator<LogRecord[]> {
  const { ended, signal, until } = options
  let { file, decode } = from
  let at = file?.size ?? 0
  const rest = function* (): Generator<LogRecord[]> {
    if (file === undefined) return
    const { size } = fstatSync(file.fd)
    // Smaller: the writer took back a record that it could not finish.
    const begin = Math.min(at, size)
    at = size
    yield* readTo(file, decode, begin, size)
  }
  try {
    while (!signal?.aborted && !isPast(until)) {
      // Asked before the look: what was written before the end is seen by this look.
      const over = ended?.aborted ?? false
      changes.seen()
      yield* rest()
      const next = nextFile(path, file, mailbox)
      if (next !== undefined) {
        // It is finished. Something may have come between the look and that.
        yield* rest()
        if (file) closeSync(file.fd)
        file = next
        decode = codec.decoder()
        at = 0
      } else if (over) return
      else await changes.wait([ended, signal], until)
    }
  } finally {
    if (file) closeSync(file.fd)
  }
}

/** The file that comes after `file`; undefined while that is the one which is written. */
function nextFile(path: string, file: OpenLog | undefined, mailbox: Mailbox): OpenLog | undefined {
  if (file !== undefined && statSync(path, { throwIfNoEntry: false })?.ino === file.inode) return undefined
  const current = openLog(path)
  for (const finished of mailbox.list()) {
    if (finished.inode === file?.inode) mailbox.drop(finished.path)
    else if (finished.inode === current?.inode) break
    else {
      if (current) closeSync(current.fd)
      return openLog(finished.path)
    }
  }
  // None: it was renamed, and the new one is made in a moment.
  return current
}

function isPast(until: bigint | undefined): boolean {
  return until !== undefined && BigInt(Date.now()) * 1_000_000n > until
}

/** Hears of changes to the log's files, inotify(7). */
export class Changes implements Disposable {
  readonly #watcher: ReturnType<typeof watch>
  #happened = true
  #wake: () => void = () => {}

  constructor(path: string) {
    const name = basename(path)
    try {
      this.#watcher = watch(dirname(path), (_, changed) => {
        if (changed !== null && changed !== name) return
        this.#happened = true
        this.#wake()
      })
    } catch (cause) {
      throw new EngineError('unavailable', `watch the log ${path}`, { cause })
    }
    // The directory went: so did the log.
    this.#watcher.on('error', () => this.#wake())
  }

  /** Whatever happens from here on ends the next wait. */
  seen(): void {
    this.#happened = false
  }

  /** Until something changes, one of the signals comes, or the time. */
  async wait(signals: readonly (AbortSignal | undefined)[], until: bigint | undefined): Promise<void> {
    if (this.#happened || signals.some((one) => one?.aborted)) return
    using stack = new DisposableStack()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      const wake = (): void => resolve()
      for (const one of signals) {
        one?.addEventListener('abort', wake)
        stack.defer(() => one?.removeEventListener('abort', wake))
      }
      if (until === undefined) return
      const left = Number(until / 1_000_000n) - Date.now() + 1
      const timer = setTimeout(resolve, Math.min(Math.max(left, 1), 2 ** 31 - 1))
      stack.defer(() => clearTimeout(timer))
    })
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
  }
}
