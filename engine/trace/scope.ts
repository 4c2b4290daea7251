// Whose calls are these? A daemon does many things at once on its one thread, and they take
// turns at every await; which of them a system call belongs to is told by the asynchronous
// context. While nobody is traced, nothing of this costs anything.
//
// Called by a job (daemon/job.ts), and by the supervisor for what a job asked it for.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type TraceRecord, traceTo } from './trace.ts'

type Sink = (record: TraceRecord) => void

const current = new AsyncLocalStorage<Sink | undefined>()
/** How many are traced now. */
let open = 0

/** Does the work, and tells `sink` of every call and command of it. @param name of this process in the records */
export async function traceWithin<T>(
  sink: Sink,
  name: TraceRecord['process'],
  work: () => Promise<T> | T,
): Promise<T> {
  open++
  traceTo((record) => current.getStore()?.(record), name)
  try {
    return await current.run(sink, work)
  } finally {
    open--
    if (open === 0) traceTo(undefined)
  }
}

/** For what goes on beside a job, again and again, and would fill its trace. */
export function untraced<T>(work: () => T): T {
  return current.run(undefined, work)
}

/** Who is told of what happens here; undefined when nobody is. For work that another process does. */
export function sinkHere(): Sink | undefined {
  return current.getStore()
}
