// The table of `docker exec`s: processes beside a container's own. They are remembered
// while the daemon lives and their container runs, and nowhere written down, as in Docker.
import { randomBytes } from 'node:crypto'
import type { ExecBody } from '../../api/container-config.ts'
import { EngineError } from '../../errors.ts'

export interface Exec {
  id: string
  container: string
  body: ExecBody
  state: 'created' | 'running' | 'ended'
  pid: number
  exitCode: number | null
}

/** Ended ones are kept for whoever asks for their exit status; the oldest go first. */
const mostEnded = 1000

export class Execs {
  readonly #execs = new Map<string, Exec>()

  add(container: string, body: ExecBody): Exec {
    const exec: Exec = {
      id: randomBytes(32).toString('hex'),
      container,
      body,
      state: 'created',
      pid: 0,
      exitCode: null,
    }
    this.#execs.set(exec.id, exec)
    const ended = [...this.#execs.values()].filter(({ state }) => state === 'ended')
    for (const { id } of ended.slice(0, Math.max(0, ended.length - mostEnded))) this.#execs.delete(id)
    return exec
  }

  /** @throws EngineError `not-found` */
  get(id: string): Exec {
    const exec = this.#execs.get(id)
    if (exec === undefined) throw new EngineError('not-found', `No such exec instance: ${id}`)
    return exec
  }

  /** Ids of those of a container. */
  of(container: string): string[] {
    return [...this.#execs.values()].flatMap((one) =>
      one.container === container && one.state !== 'ended' ? [one.id] : [],
    )
  }

  ended(id: string, exitCode: number): void {
    const exec = this.#execs.get(id)
    if (exec !== undefined) Object.assign(exec, { state: 'ended', pid: 0, exitCode })
  }

  /** The container has ended: those that were never started never will be. */
  forget(container: string): void {
    for (const { id, container: owner, state } of this.#execs.values())
      if (owner === container && state === 'created') this.#execs.delete(id)
  }
}
