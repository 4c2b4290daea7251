// `docker logs` of what went to the journal: journalctl(1) reads it, and we read journalctl.
// libsystemd would do it, too; a program is what a learner can type in place of us.
//
//   journalctl -o export _UID=0 CONTAINER_ID_FULL=…
//
// Anybody may write to the journal, also that he is some container: root alone is believed.
//
// Called by the job that serves `logs`.
import { EngineError } from '../../errors.ts'
import { commandWith, printed } from '../../syscalls/command.ts'
import type { LogRecord } from './driver.ts'
import { entryDecoder, recordOf } from './journal-entry.ts'
import { chosen, type ReadOptions } from './read.ts'

/** @throws EngineError `not-implemented` where there is no journalctl */
export async function readJournal(
  container: string,
  options: ReadOptions,
): Promise<AsyncIterable<LogRecord[]>> {
  await settle().catch((cause: unknown) => {
    if (cause instanceof EngineError && cause.kind === 'unavailable')
      throw new EngineError('not-implemented', 'configured logging driver does not support reading', {
        cause,
      })
  })
  return chosen(everything(container, options), options)
}

/** What was sent is in the journal now, and not on its way. */
async function settle(): Promise<void> {
  await commandWith('journalctl', ['--sync'], '')
}

async function* everything(container: string, options: ReadOptions): AsyncGenerator<LogRecord[]> {
  const { follow = false, tail, ended, signal } = options
  const matches = ['_UID=0', `CONTAINER_ID_FULL=${container}`]
  let cursor: string | undefined
  const read = async function* (words: readonly string[], until?: AbortSignal): AsyncGenerator<LogRecord[]> {
    const decode = entryDecoder()
    const after = cursor === undefined ? [] : [`--after-cursor=${cursor}`]
    const args = ['--quiet', '--output=export', ...words, ...after, ...matches]
    for await (const chunk of printed('journalctl', args, until)) {
      const entries = decode(chunk)
      cursor = entries.at(-1)?.get('__CURSOR')?.toString() ?? cursor
      yield entries.flatMap((entry) => recordOf(entry) ?? [])
    }
  }
  // Of none at all, one is read: it says where we are.
  for await (const records of read([`--lines=${tail === undefined ? 'all' : Math.max(tail, 1)}`], signal))
    if (tail !== 0) yield records
  if (!follow) return
  const over = AbortSignal.any([ended, signal].filter((one) => one !== undefined))
  if (!over.aborted) yield* read(['--follow', '--lines=all'], over)
  if (signal?.aborted) return
  await settle().catch(() => {})
  yield* read([], signal)
}
