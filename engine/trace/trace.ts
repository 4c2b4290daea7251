// X-ray: what the engine asked of the kernel, in order.
//
// Every syscall and every external command passes one door (engine/syscalls),
// and the door tells this file. It costs one `if` while nobody watches. A record
// holds where in our source the call was made, as the stack's frames; they are
// turned into file and line only when somebody prints them (trace/source.ts).
//
// Next: engine/trace/report.ts

/** One thing asked of the kernel. */
export interface TraceRecord {
  /** Which of our processes asked: the command line, a container's init, or the daemon's two. */
  process: 'tocker' | 'init' | 'tockerd' | 'supervisor'
  kind: 'syscall' | 'command'
  name: string
  /** As strace(1) would show it: `"proc", "/proc", "proc", MS_NOSUID|MS_NODEV`. */
  args: string
  /** `0`, `= 4`, `EBUSY`. */
  result: string
  /** Milliseconds since the epoch, with fractions: the two processes share one clock. */
  at: number
  milliseconds: number
  /** Lines of the stack below the door, innermost first. */
  frames: string[]
}

type Sink = (record: TraceRecord) => void

let sink: Sink | undefined
let processName: TraceRecord['process'] = 'tocker'

/** Sends every further record to `to`; nobody listens when left out. */
export function traceTo(to: Sink | undefined, name: TraceRecord['process'] = 'tocker'): void {
  sink = to
  processName = name
}

/** Runs `call`, and records it with its result and time. An error is a result too, and is thrown on. */
export function traced<T>(
  kind: TraceRecord['kind'],
  name: string,
  args: () => string,
  call: () => T,
  show: (result: T) => string = () => '0',
): T {
  const to = sink
  if (to === undefined) return call()
  const record = recorder(to, { kind, name, frames: stackFrames() }, args)
  try {
    const result = call()
    record(show(result))
    return result
  } catch (error) {
    record(error instanceof Error && 'code' in error ? String(error.code) : 'failed')
    throw error
  }
}

/** The same for what takes its time while others go on: recorded when it is done, with where it was begun. */
export async function tracedAsync<T>(
  kind: TraceRecord['kind'],
  name: string,
  args: () => string,
  call: () => Promise<T>,
): Promise<T> {
  const to = sink
  if (to === undefined) return call()
  const record = recorder(to, { kind, name, frames: stackFrames(tracedAsync) }, args)
  try {
    const result = await call()
    record('0')
    return result
  } catch (error) {
    record('failed')
    throw error
  }
}

/** From now on, until it is called with what came of it. */
function recorder(
  to: (record: TraceRecord) => void,
  about: Pick<TraceRecord, 'kind' | 'name' | 'frames'>,
  args: () => string,
): (result: string) => void {
  const start = performance.now()
  return (result) =>
    to({
      process: processName,
      ...{ ...about, args: args(), result },
      at: performance.timeOrigin + start,
      milliseconds: performance.now() - start,
    })
}

function stackFrames(below: typeof traced | typeof tracedAsync = traced): string[] {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below)
  return (holder.stack ?? '')
    .split('\n')
    .slice(1, 7)
    .map((line) => line.trim())
}
