// A disk without room, in one spelling: SQLite has a number for it, the kernel another.
//
// Called by graphdb.ts, and by whoever can go on without the disk for a while.
import { EngineError, hasCode } from '../errors.ts'

/** SQLITE_FULL. */
const full = 13

export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('errcode' in error && error.errcode === full) || hasCode(error, 'ENOSPC') || isDiskFull(error.cause)
}

/** Runs what writes. @throws EngineError `unavailable` for a disk that is full, whatever else as it is */
export function onDisk<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof EngineError || !isDiskFull(cause)) throw cause
    throw new EngineError('unavailable', 'no space left on device', { cause })
  }
}
