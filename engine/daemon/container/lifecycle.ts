// The life of a container, as the daemon leads it: start, stop, the end, and what comes
// after that. The states and who may do what stand in state-machine.ts.
//
//   start ── launch ── running ── (the supervisor says: ended) ── land ──┬── exited
//                                                                        ├── removed (--rm)
//                                                                        └── restarting ── start
//
// Everything here happens in the container's turn: of two verbs for one container the
// second begins when the first is done, and finds what that has left.
//
// Next: engine/daemon/container/launch.ts
import { constants } from 'node:os'
import { EngineError, errorLine, errorsOf, unless } from '../../errors.ts'
import type { End } from '../supervisor/protocol.ts'
import { type LaunchParts, land, launch } from './launch.ts'
import { underItsName } from './network-owner.ts'
import { PendingRestarts } from './pending-restarts.ts'
import { type ContainerRecord, ended, failed, happened, started } from './record.ts'
import { removal } from './removal.ts'
import { restartAfter } from './restart-policy.ts'
import { allow, asRunning } from './state-machine.ts'
import { within } from './within.ts'

/** Told between create and start, so that no byte is missed: somebody who attached before. */
type BeforeStart = () => Promise<void>

export interface RemoveOptions {
  force: boolean
  /** Anonymous volumes, too. */
  volumes: boolean
}

export class Lifecycle {
  readonly parts: LaunchParts & { warn: (line: string) => void }
  readonly #beforeStart = new Map<string, Set<BeforeStart>>()
  readonly #restarts = new PendingRestarts()
  /** Stopped to be started again: `--rm` has to wait. */
  readonly #kept = new Set<string>()
  /** The daemon is about to end: nothing is started any more, and what it stops, nobody has stopped by hand. */
  closing = false

  constructor(parts: Lifecycle['parts']) {
    this.parts = parts
  }

  /** Has `ready` run at the container's next start, when its streams are there and nothing has been written. */
  beforeStart(id: string, ready: BeforeStart): Disposable {
    const waiting = this.#beforeStart.get(id) ?? new Set()
    this.#beforeStart.set(id, waiting.add(ready))
    return { [Symbol.dispose]: () => void waiting.delete(ready) }
  }

  tell(record: ContainerRecord, action: string, more: Record<string, string> = {}): void {
    const { id, name, config } = record
    this.parts.events.tell('container', action, id, {
      ...config.Labels,
      image: config.Image ?? '',
      name,
      ...more,
    })
  }

  /** @param typed how the user called it @throws EngineError `not-modified` when it runs already */
  async start(id: string, typed: string): Promise<void> {
    const { containers } = this.parts
    await containers.turns.take(id, async () => {
      const record = underItsName(containers, containers.find(id))
      allow('start', record.state.status, { id, typed })
      await this.#start(record)
    })
  }

  async #start(record: ContainerRecord): Promise<void> {
    const { containers } = this.parts
    try {
      const launched = await launch(this.parts, record)
      for (const ready of this.#beforeStart.get(record.id) ?? []) await ready()
      this.#beforeStart.delete(record.id)
      containers.save(started(record, launched.pid, await launched.start()))
      this.tell(record, 'start')
    } catch (error) {
      const [first] = errorsOf(error)
      const status = first instanceof EngineError && first.exitStatus !== 125 ? first.exitStatus : 128
      this.#restarts.forget(record.id)
      containers.save(failed(record, errorLine(error), status))
      if (record.hostConfig.AutoRemove)
        await this.#remove(containers.find(record.id), { force: true, volumes: true })
      throw error
    }
  }

  // #region ended
  /** The supervisor says that its first process has ended. */
  async ended(id: string, end: End): Promise<void> {
    const { containers, warn } = this.parts
    await containers.turns.take(id, async () => {
      const record = containers.get(id)
      if (record === undefined || record.state.pid === 0) return
      await land(this.parts, record).catch((error: unknown) =>
        warn(`clean up after ${record.name}: ${errorLine(error)}`),
      )
      const lastPause = this.#restarts.lastPause(id)
      const lived = Date.parse(end.at) - Date.parse(record.state.startedAt)
      const restart = this.closing
        ? undefined
        : restartAfter(record.hostConfig.RestartPolicy, {
            ...{ exitCode: end.status, lastPause, restartCount: record.restartCount },
            manuallyStopped: record.manuallyStopped,
            lived,
          })
      const { status, oomKilled, at } = end
      const next = ended(record, { ...{ status, oomKilled, at }, restarts: restart !== undefined })
      containers.save(next)
      if (oomKilled) this.tell(record, 'oom')
      this.tell(record, 'die', { execDuration: String(Math.trunc(lived / 1000)), exitCode: String(status) })
      if (restart !== undefined) this.#restartLater(id, restart.pause)
      else {
        this.#restarts.forget(id)
        if (record.hostConfig.AutoRemove && !this.#kept.has(id))
          await this.#remove(next, { force: false, volumes: true })
      }
    })
  }
  // #endregion ended

  #restartLater(id: string, pause: number): void {
    const { containers, warn } = this.parts
    this.#restarts.later(id, pause, () => {
      void containers.turns
        .take(id, async () => {
          const record = containers.get(id)
          if (record?.state.status === 'restarting') await this.#start(record)
        })
        .catch((error: unknown) => warn(`restart container ${id.slice(0, 12)}: ${errorLine(error)}`))
    })
  }

  /** @param timeout seconds until SIGKILL; -1 never */
  async stop(
    id: string,
    typed: string,
    { timeout, signal }: { timeout: number; signal: number },
  ): Promise<void> {
    const { containers } = this.parts
    const running = await containers.turns.take(id, async () => {
      const record = containers.find(id)
      allow('stop', record.state.status, { id, typed })
      if (record.state.status === 'restarting') {
        this.#cancelRestart(record)
        return false
      }
      containers.save({ ...record, manuallyStopped: !this.closing })
      if (record.state.status === 'paused') await this.#unpause(record)
      await this.#signal(id, signal)
      this.tell(record, 'kill', { signal: String(signal) })
      return true
    })
    if (!running) return
    const over = this.#over(id)
    if (!(await within(over, timeout))) await this.#insist(id, over)
    const record = await over
    if (record !== undefined) this.tell(record, 'stop')
  }

  /** One that does not run is only started; one that somebody else has started meanwhile runs anew, as was asked. */
  async restart(id: string, typed: string, how: { timeout: number; signal: number }): Promise<void> {
    this.#kept.add(id)
    try {
      await this.stop(id, typed, how).catch(unless('not-modified'))
      await this.start(id, typed).catch(unless('not-modified'))
    } finally {
      this.#kept.delete(id)
    }
    const record = this.parts.containers.get(id)
    if (record !== undefined) this.tell(record, 'restart')
  }

  /** Resolves once its process has ended. */
  #over(id: string): Promise<ContainerRecord | undefined> {
    return this.parts.containers.until(id, (one) => one === undefined || one.state.pid === 0)
  }

  /** SIGKILL, and again: whoever pauses it meanwhile freezes a process that has the signal and cannot take it. */
  async #insist(id: string, over: Promise<unknown>): Promise<void> {
    const { containers } = this.parts
    for (let tries = 0; tries === 0 || !(await within(over, 1)); tries++) {
      await containers.turns.take(id, async () => {
        const record = containers.get(id)
        if (record === undefined || record.state.pid === 0) return
        await this.#signal(id, constants.signals.SIGKILL)
        if (record.state.status === 'paused') await this.#unpause(record)
        if (tries === 0) this.tell(record, 'kill', { signal: String(constants.signals.SIGKILL) })
      })
    }
  }

  #cancelRestart(record: ContainerRecord): void {
    this.#restarts.forget(record.id)
    const { exitCode, oomKilled } = record.state
    this.parts.containers.save({
      ...ended(record, { status: exitCode, oomKilled, at: new Date().toISOString() }),
      manuallyStopped: true,
    })
    this.tell(record, 'stop')
  }

  async kill(id: string, typed: string, signal: number): Promise<void> {
    const { containers } = this.parts
    await containers.turns.take(id, async () => {
      const record = containers.find(id)
      allow('kill', record.state.status, { id, typed })
      if (record.state.status === 'restarting') {
        this.#cancelRestart(record)
        return
      }
      // Somebody ends it: it does not come back by itself.
      if (signal === constants.signals.SIGKILL) containers.save({ ...record, manuallyStopped: true })
      await this.#signal(id, signal)
      // A frozen process takes SIGKILL when it thaws.
      if (record.state.status === 'paused' && signal === constants.signals.SIGKILL)
        await this.#unpause(record)
      this.tell(record, 'kill', { signal: String(signal) })
    })
  }

  async #signal(id: string, signal: number): Promise<void> {
    const supervisor = await this.parts.supervisor()
    // It has ended meanwhile, which is what was wanted.
    await supervisor.kill({ container: id, signal }).catch(unless('conflict', 'not-found'))
  }

  async pause(id: string, typed: string): Promise<void> {
    const { containers } = this.parts
    await containers.turns.take(id, async () => {
      const record = containers.find(id)
      allow('pause', record.state.status, { id, typed })
      await asRunning(id, (await this.parts.supervisor()).pause(id))
      containers.save(happened(record, 'paused'))
      this.tell(record, 'pause')
    })
  }

  async unpause(id: string, typed: string): Promise<void> {
    const { containers } = this.parts
    await containers.turns.take(id, async () => {
      const record = containers.find(id)
      allow('unpause', record.state.status, { id, typed })
      await this.#unpause(record)
    })
  }

  async #unpause(record: ContainerRecord): Promise<void> {
    const supervisor = await this.parts.supervisor()
    // SIGKILL has thawed it, and may have ended it.
    await supervisor.resume(record.id).catch(unless('conflict', 'not-found'))
    this.parts.containers.save(happened(this.parts.containers.find(record.id), 'unpaused'))
    this.tell(record, 'unpause')
  }

  /** @throws EngineError `conflict` while it runs, unless forced */
  async remove(id: string, typed: string, options: RemoveOptions): Promise<void> {
    // As often as somebody starts it meanwhile.
    while (!(await this.#removeNow(id, typed, options))) {
      await this.kill(id, typed, constants.signals.SIGKILL).catch(unless('conflict', 'not-found'))
      const over = this.#over(id)
      if (!(await within(over, 1))) await this.#insist(id, over)
    }
  }

  /** @returns false for one that has to be killed first */
  async #removeNow(id: string, typed: string, options: RemoveOptions): Promise<boolean> {
    const { containers } = this.parts
    return await containers.turns.take(id, async () => {
      const before = containers.get(id)
      // With --rm it went by itself.
      if (before === undefined) return true
      if (options.force && before.state.pid !== 0) return false
      if (options.force && before.state.status === 'restarting') this.#cancelRestart(before)
      const record = containers.find(id)
      allow('remove', record.state.status, { id, typed })
      await this.#remove(record, options)
      return true
    })
  }

  async #remove(record: ContainerRecord, { volumes }: RemoveOptions): Promise<void> {
    const { containers, warn } = this.parts
    try {
      await removal(this.parts, record, volumes)
    } catch (error) {
      warn(`remove container ${record.name}: ${errorLine(error)}`)
      // Dead: it may be tried again.
      const left = containers.get(record.id)
      if (left?.state.status === 'removing') containers.save(happened(left, 'removal-failed'))
      throw error
    }
    this.tell(record, 'destroy')
  }
}
