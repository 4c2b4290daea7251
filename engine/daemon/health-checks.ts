// Who runs the probes: one loop for each container that has one and runs. A probe is an
// exec like any other, and so in the events, as Docker's are.
//
// It follows the events: start and unpause begin a loop, pause and die end it. A loop of an
// earlier daemon goes on where that one left it.
//
// Called by main.ts. Next: engine/daemon/jobs/container-exec.ts
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorLine } from '../errors.ts'
import { afterProbe, type Probe, type ProbeResult, probeOf } from './container/health.ts'
import type { Daemon } from './daemon.ts'
import { Job } from './job.ts'
import { execCreate, execStart } from './jobs/container-exec.ts'

export class HealthChecks implements Disposable {
  readonly #daemon: Daemon
  readonly #loops = new Map<string, AbortController>()
  readonly #end = new AbortController()

  constructor(daemon: Daemon) {
    this.#daemon = daemon
    this.#follow().catch(this.#failed)
    for (const { id, state } of daemon.containers.all()) if (state.status === 'running') this.#begin(id)
  }

  /** One container is looked after no longer, and the others go on. */
  readonly #failed = (error: unknown): void =>
    this.#daemon.lifecycle.parts.warn(`health checks: ${errorLine(error)}`)

  async #follow(): Promise<void> {
    const range = { filters: { type: ['container'] }, signal: this.#end.signal }
    for await (const { Action, Actor } of this.#daemon.events.watch(range)) {
      const id = Actor.ID
      if (Action === 'start') {
        const record = this.#daemon.containers.get(id)
        if (record !== undefined) this.#daemon.health.began(record)
        this.#begin(id)
      } else if (Action === 'unpause') this.#begin(id)
      else if (Action === 'pause' || Action === 'die') this.#stop(id)
      else if (Action === 'destroy') this.#daemon.health.forget(id)
    }
  }

  #begin(id: string): void {
    this.#loops.get(id)?.abort()
    const record = this.#daemon.containers.get(id)
    const probe = record && probeOf(record.config)
    if (probe === undefined) return
    const loop = new AbortController()
    this.#loops.set(id, loop)
    this.#loop(id, probe, loop.signal).catch(this.#failed)
  }

  /** Nobody looks any more: Docker says unhealthy then, too. */
  #stop(id: string): void {
    const loop = this.#loops.get(id)
    if (loop === undefined) return
    loop.abort()
    this.#loops.delete(id)
    const record = this.#daemon.containers.get(id)
    if (record === undefined) return
    const health = this.#daemon.health.of(record)
    if (health !== undefined) this.#daemon.health.set(record, { ...health, Status: 'unhealthy' })
  }

  async #loop(id: string, probe: Probe, signal: AbortSignal): Promise<void> {
    const { containers, health: table, lifecycle } = this.#daemon
    for (;;) {
      const before = containers.get(id)
      const health = before && table.of(before)
      if (before === undefined || health === undefined) return
      const began = Date.parse(before.state.startedAt)
      const isEarly = (): boolean => health.Status === 'starting' && Date.now() - began < probe.startPeriod
      const pause = isEarly() ? probe.startInterval : probe.interval
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      const excused = isEarly()
      const result = await this.#probe(id, probe, signal)
      const record = containers.get(id)
      if (signal.aborted || record === undefined) return
      const next = afterProbe(health, result, { retries: probe.retries, excused })
      table.set(record, next)
      if (next.Status !== health.Status) lifecycle.tell(record, `health_status: ${next.Status}`)
    }
  }

  async #probe(id: string, { command, timeout }: Probe, signal: AbortSignal): Promise<ProbeResult> {
    const Start = new Date().toISOString()
    const output = new ProbeOutput()
    const result = (ExitCode: number, Output: string): ProbeResult => ({
      ...{ Start, End: new Date().toISOString(), ExitCode, Output },
    })
    const job = new Job('health-probe', { container: id }, signal)
    const daemon = this.#daemon
    try {
      const body = { Cmd: command, AttachStdout: true, AttachStderr: true }
      const exec = await execCreate.run(daemon, { container: id, body }, job)
      const started = Promise.withResolvers<boolean>()
      const open = (): Duplex => {
        started.resolve(true)
        return output
      }
      const work = execStart.run(daemon, { exec, detach: false, terminal: false, open }, job)
      const over = Promise.resolve(work).then(() => true)
      const kill = async (): Promise<void> => {
        const supervisor = await daemon.supervisor()
        // It may have ended by now.
        await supervisor.kill({ container: id, exec, signal: 9 }).catch(() => {})
      }
      // What it takes us to begin it is not the probe's time.
      if (!(await within(beginning, Promise.race([started.promise, over])))) {
        // Should it begin after all.
        void started.promise.then(kill).catch(() => {})
        over.catch(() => {})
        return result(-1, `Health check could not be started within ${beginning / 1000}s`)
      }
      if (await within(timeout, over)) return result(daemon.execs.get(exec).exitCode ?? -1, output.text)
      over.catch(() => {})
      await kill()
      return result(-1, `Health check exceeded timeout (${timeout / 1000}s)`)
    } catch (error) {
      return result(-1, errorLine(error))
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort()
    for (const loop of this.#loops.values()) loop.abort()
  }
}

/** Milliseconds until a probe must have been started, as Docker has it. */
const beginning = 30_000

/** Whether `work` is done by then; what it fails with is thrown. */
async function within(milliseconds: number, work: Promise<boolean>): Promise<boolean> {
  const late = new AbortController()
  try {
    return await Promise.race([work, sleep(milliseconds, false, { signal: late.signal, ref: false })])
  } finally {
    late.abort()
  }
}

/** Bytes of a probe's output that are kept, as Docker has it. */
const mostOutput = 4096

/** Takes the place of a client: what is sent to it comes in frames (server/frame.ts). */
class ProbeOutput extends Duplex {
  #bytes = Buffer.alloc(0)

  override _read(): void {
    // A probe has no input.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // Of many small frames the headers are as long as what is in them.
    if (this.#bytes.length < mostOutput * 9) this.#bytes = Buffer.concat([this.#bytes, chunk])
    done()
  }

  get text(): string {
    const pieces: Buffer[] = []
    for (let at = 0; at + 8 <= this.#bytes.length; ) {
      const length = this.#bytes.readUInt32BE(at + 4)
      pieces.push(this.#bytes.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
    const all = Buffer.concat(pieces)
    return all.length > mostOutput ? `${all.toString('utf8', 0, mostOutput)}...` : all.toString()
  }
}
