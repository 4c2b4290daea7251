// The engine: a table of handlers by the names of their jobs, and the list of jobs that
// run or ran lately. It knows no verb; daemon/main.ts fills the table, the routes ask.
//
// Next: engine/daemon/server/router.ts
import type { JobReport } from '../api/job.ts'
import { EngineError } from '../errors.ts'
import { Job, type JobDefinition } from './job.ts'

export interface RunOptions {
  signal?: AbortSignal
  /** X-ray: keep every system call and command of this job. */
  trace?: boolean
  /** Hears the job's id before it begins. */
  onJob?: (id: string) => void
}

/** Of a name's jobs that have ended, those which ended alike. */
export interface JobTotal {
  name: string
  outcome: 'done' | 'failed'
  count: number
  /** Of all of them. */
  seconds: number
}

/** Jobs that have ended and are still remembered. */
const remembered = 200

export class Engine<Daemon> {
  readonly #daemon: Daemon
  readonly #handlers = new Map<string, JobDefinition<object, unknown, Daemon>['run']>()
  readonly #running = new Set<Job>()
  readonly #ended: Job[] = []
  /** By name and outcome: all there ever were. */
  readonly #totals = new Map<string, JobTotal>()

  constructor(daemon: Daemon) {
    this.#daemon = daemon
  }

  /** @throws EngineError `internal` for a name that is taken */
  register<Args extends object, Result>(definition: JobDefinition<Args, Result, Daemon>): this {
    if (this.#handlers.has(definition.name))
      throw new EngineError('internal', `two handlers for the job ${definition.name}`)
    this.#handlers.set(definition.name, definition.run as JobDefinition<object, unknown, Daemon>['run'])
    return this
  }

  /** Names of all handlers, sorted. */
  get handlers(): string[] {
    return [...this.#handlers.keys()].sort()
  }

  /** Runs a job to its end. @throws what its handler throws */
  async run<Args extends object, Result>(
    definition: JobDefinition<Args, Result, Daemon>,
    args: Args,
    { signal = new AbortController().signal, trace = false, onJob }: RunOptions = {},
  ): Promise<Result> {
    const handler = this.#handlers.get(definition.name)
    if (handler === undefined)
      throw new EngineError('not-implemented', `there is no handler for the job ${definition.name}`)
    const job = new Job(definition.name, args, signal)
    this.#running.add(job)
    onJob?.(job.id)
    try {
      return (await job.run(() => handler(this.#daemon, args, job), trace)) as Result
    } finally {
      this.#running.delete(job)
      this.#ended.push(job)
      this.#count(job.report())
      if (this.#ended.length > remembered) this.#ended.shift()
    }
  }

  #count({ Name: name, Status, Milliseconds }: JobReport): void {
    const outcome = Status === 'failed' ? 'failed' : 'done'
    const key = `${name} ${outcome}`
    const total = this.#totals.get(key) ?? { name, outcome, count: 0, seconds: 0 }
    this.#totals.set(key, {
      ...total,
      count: total.count + 1,
      seconds: Math.round(total.seconds * 1000 + Milliseconds) / 1000,
    })
  }

  /** Sorted by name. */
  totals(): JobTotal[] {
    return [...this.#totals.values()].sort((a, b) => a.name.localeCompare(b.name))
  }

  /** How many are under way. */
  get running(): number {
    return this.#running.size
  }

  /** The newest first. */
  jobs(): JobReport[] {
    return [...this.#ended, ...this.#running].map((job) => job.report()).reverse()
  }

  /** @throws EngineError `not-found` */
  job(id: string): Job {
    const found = [...this.#running, ...this.#ended].find((job) => job.id === id)
    if (found === undefined) throw new EngineError('not-found', `No such job: ${id}`)
    return found
  }
}
