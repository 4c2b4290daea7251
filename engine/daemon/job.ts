// A job: one verb of the engine at work. Docker's introductions draw it so: the server
// turns each request into a job, and the engine has a table that says who handles it.
//
//   POST /containers/web/stop?t=3   ->   job "container-stop" { name: "web", timeout: 3 }
//   (route)                              (engine.ts finds its handler)
//
// A job knows when it began and how it ended, and, when somebody asked, everything that it
// made the kernel do. Which job a system call belongs to is told by the asynchronous
// context: many jobs run at once on the one thread, and take turns at every await.
//
// Next: engine/daemon/engine.ts
import { randomBytes } from 'node:crypto'
import type { JobReport } from '../api/job.ts'
import { errorLine } from '../errors.ts'
import { traceWithin } from '../trace/scope.ts'
import type { TraceRecord } from '../trace/trace.ts'

/** A verb: its name in the table, and what does it. `Daemon` is what it works with (daemon.ts). */
export interface JobDefinition<Args extends object, Result, Daemon> {
  name: string
  run: (daemon: Daemon, args: Args, job: Job) => Promise<Result> | Result
}

/** Of one trace: a pull may make a hundred thousand calls, and nobody reads them all. */
const mostRecords = 5000

export class Job {
  readonly id = randomBytes(6).toString('hex')
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  /** Aborted when whoever asked went away, for verbs that make no sense without a listener. */
  readonly signal: AbortSignal
  readonly #began = performance.now()
  #milliseconds: number | undefined
  #error: string | undefined
  #canceled = false
  readonly #records: TraceRecord[] = []

  constructor(name: string, args: object, signal: AbortSignal) {
    this.name = name
    this.args = shown(args)
    this.signal = signal
  }

  get records(): readonly TraceRecord[] {
    return this.#records
  }

  /** Adds what another process did for this job, as the supervisor's containers do. */
  add(record: TraceRecord): void {
    if (this.#records.length < mostRecords) this.#records.push(record)
  }

  /** Does the verb. @param trace record every system call and command of it */
  async run<Result>(work: () => Promise<Result> | Result, trace: boolean): Promise<Result> {
    try {
      return trace ? await traceWithin((record) => this.add(record), 'tockerd', work) : await work()
    } catch (error) {
      if (this.signal.aborted) this.#canceled = true
      else this.#error = errorLine(error)
      throw error
    } finally {
      this.#milliseconds = performance.now() - this.#began
    }
  }

  #status(): JobReport['Status'] {
    if (this.#milliseconds === undefined) return 'running'
    if (this.#canceled) return 'canceled'
    return this.#error === undefined ? 'done' : 'failed'
  }

  report(): JobReport {
    const milliseconds = this.#milliseconds ?? performance.now() - this.#began
    return {
      Id: this.id,
      Name: this.name,
      Args: this.args,
      Status: this.#status(),
      Started: new Date(performance.timeOrigin + this.#began).toISOString(),
      Milliseconds: Math.round(milliseconds * 10) / 10,
      ...(this.#error === undefined ? {} : { Error: this.#error }),
      Traced: this.#records.length,
    }
  }
}

/** What may be told of a job's arguments: no streams and functions, and no passwords, which are objects' fields. */
function shown(args: object): Record<string, unknown> {
  const plain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)
  return Object.fromEntries(
    Object.entries(args).filter(([, value]) => plain(value) || (Array.isArray(value) && value.every(plain))),
  )
}
