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
  /** Which of our two processes asked. */
  process: 'tocker' | 'init'
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
  const frames = stackFrames()
  const start = performance.now()
  const record = (result: string): void =>
    to({
      process: processName,
      ...{ kind, name, args: args(), result, frames },
      at: performance.timeOrigin + start,
      milliseconds: performance.now() - start,
    })
  try {
    const result = call()
    record(show(result))
    return result
  } catch (error) {
    record(error instanceof Error && 'code' in error ? String(error.code) : 'failed')
    throw error
  }
}

function stackFrames(): string[] {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, traced)
  return (holder.stack ?? '')
    .split('\n')
    .slice(1, 7)
    .map((line) => line.trim())
}
