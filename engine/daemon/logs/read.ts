// `docker logs`: what a log driver has written to files, and what it writes from now on.
//
// First the files that are there, oldest first, each up to where it was when we opened
// it; then, for who follows, what comes. How no line is missed or doubled while the
// writer rotates is drawn in rotate.ts.
//
// Called by the job that serves `logs`; it runs where somebody asks, and not where the
// writer is.
//
// Next: engine/daemon/logs/follow.ts
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineError } from '../../errors.ts'
import { closeLogs, type OpenLog, openChain, type Part, pickTail, plain, readTo } from './chain.ts'
import type { LogCodec } from './codec.ts'
import type { LogRecord } from './driver.ts'
import { Changes, follow } from './follow.ts'
import { Mailbox } from './mailbox.ts'

export interface ReadOptions {
  /** Wait for what comes. */
  follow?: boolean
  /** Nanoseconds since 1970. */
  since?: bigint
  until?: bigint
  /** The last so many of what is there; left out, all. */
  tail?: number
  /** For who follows: aborted when the writer has closed the log. What is there then is still read. */
  ended?: AbortSignal
  /** The reader has gone away. */
  signal?: AbortSignal
}

/** Records in the order in which they were written, as many at a time as were read at once. @throws EngineError `unavailable` for a log that cannot be read */
export async function* readLog(
  path: string,
  codec: LogCodec,
  options: ReadOptions = {},
): AsyncGenerator<LogRecord[]> {
  try {
    yield* chosen(everything(path, codec, options), options)
  } catch (cause) {
    // Never written, or removed with its container while it was read: either way there is no more of it.
    if (!existsSync(dirname(path))) return
    if (cause instanceof EngineError) throw cause
    throw new EngineError('unavailable', `read the log ${path}`, { cause })
  }
}

/** Those of the time that was asked for. */
export async function* chosen(
  all: AsyncIterable<LogRecord[]>,
  { since = 0n, until, signal }: ReadOptions,
): AsyncGenerator<LogRecord[]> {
  for await (const records of all) {
    if (signal?.aborted) return
    const wanted = records.filter(({ time }) => time >= since && (until === undefined || time <= until))
    if (wanted.length > 0) yield wanted
    // Times grow, but for clocks that were set.
    const last = records.at(-1)
    if (until !== undefined && last !== undefined && last.time > until) return
  }
}

async function* everything(path: string, codec: LogCodec, options: ReadOptions): AsyncGenerator<LogRecord[]> {
  using mailbox = new Mailbox(path)
  // Before the first look: what happens after it is heard.
  using changes = options.follow ? new Changes(path) : undefined
  const chain = openChain(path, mailbox)
  const opened: (OpenLog | undefined)[] = [...chain]
  try {
    const ready = async (file: OpenLog): Promise<OpenLog> => {
      const one = await plain(file, mailbox)
      if (one !== file) opened.push(one)
      return one
    }
    let decode = codec.decoder()
    for await (const { file, offset } of parts(chain, codec, options.tail, ready)) {
      decode = codec.decoder()
      yield* readTo(file, decode, offset, file.size)
    }
    const current = chain.at(-1)
    if (changes) {
      // Whoever asked for no line of it has not read it: its decoder is as new.
      if (current === undefined) decode = codec.decoder()
      opened.splice(opened.indexOf(current), 1)
      yield* follow({ path, codec, options, mailbox, changes }, { file: current, decode })
    }
  } finally {
    closeLogs(opened)
  }
}

/** What is to be read of the files that are there. */
async function* parts(
  chain: readonly (OpenLog | undefined)[],
  codec: LogCodec,
  tail: number | undefined,
  ready: (file: OpenLog) => Promise<OpenLog>,
): AsyncGenerator<Part> {
  const files = chain.filter((file) => file !== undefined)
  if (tail === undefined) {
    for (const file of files) yield { file: await ready(file), offset: 0 }
    return
  }
  const newestFirst = async function* () {
    for (const file of files.toReversed()) yield await ready(file)
  }
  yield* await pickTail(newestFirst(), codec, tail)
}
