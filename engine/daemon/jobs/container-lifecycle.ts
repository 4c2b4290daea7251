// `docker start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rename`, `rm`, `wait`.
// Next: engine/daemon/container/lifecycle.ts
import { EngineError } from '../../errors.ts'
import { type Filters, matchesLabels, untilFilter } from '../../graph/image-filters.ts'
import { isContainerName } from '../container/names.ts'
import type { ContainerRecord } from '../container/record.ts'
import { removeDamaged } from '../container/removal.ts'
import type { DaemonJob } from '../daemon.ts'
import { parseSignal } from '../signal.ts'

interface Target {
  /** As the user called it. */
  container: string
}

export const containerStart: DaemonJob<Target, void> = {
  name: 'container-start',
  run: ({ containers, lifecycle }, { container }) =>
    lifecycle.start(containers.find(container).id, container),
}

export interface ContainerStop extends Target {
  /** Seconds; left out, the container's own, or 10. */
  timeout?: number
  signal?: string
}

function stopWith(
  { config }: ContainerRecord,
  { timeout, signal }: ContainerStop,
): { timeout: number; signal: number } {
  return {
    timeout: timeout ?? config.StopTimeout ?? 10,
    signal: parseSignal(signal || config.StopSignal || 'SIGTERM'),
  }
}

export const containerStop: DaemonJob<ContainerStop, void> = {
  name: 'container-stop',
  run({ containers, lifecycle }, args) {
    const record = containers.find(args.container)
    return lifecycle.stop(record.id, args.container, stopWith(record, args))
  },
}

export const containerRestart: DaemonJob<ContainerStop, void> = {
  name: 'container-restart',
  run({ containers, lifecycle }, args) {
    const record = containers.find(args.container)
    return lifecycle.restart(record.id, args.container, stopWith(record, args))
  },
}

export const containerKill: DaemonJob<Target & { signal: string }, void> = {
  name: 'container-kill',
  run({ containers, lifecycle }, { container, signal }) {
    const number = parseSignal(signal || 'SIGKILL')
    try {
      return lifecycle.kill(containers.find(container).id, container, number)
    } catch (error) {
      // As Docker says it, the one verb that does.
      if (!(error instanceof EngineError)) throw error
      throw new EngineError(error.kind, `Cannot kill container: ${container}: ${error.message}`)
    }
  },
}

export const containerPause: DaemonJob<Target, void> = {
  name: 'container-pause',
  run: ({ containers, lifecycle }, { container }) =>
    lifecycle.pause(containers.find(container).id, container),
}

export const containerUnpause: DaemonJob<Target, void> = {
  name: 'container-unpause',
  run: ({ containers, lifecycle }, { container }) =>
    lifecycle.unpause(containers.find(container).id, container),
}

export const containerRename: DaemonJob<Target & { name: string }, void> = {
  name: 'container-rename',
  async run({ containers, lifecycle, sandboxes }, { container, name: wanted }) {
    const name = wanted.replace(/^\//, '')
    const { id } = containers.find(container)
    if (!isContainerName(name))
      throw new EngineError(
        'invalid',
        `Error when allocating new name: Invalid container name (/${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      )
    await containers.turns.take(id, async () => {
      const record = containers.find(id)
      if (record.name === name)
        throw new EngineError('invalid', 'Renaming a container with the same name as its current name')
      const taken = containers.ownerOf(name)
      if (taken !== undefined)
        throw new EngineError(
          'conflict',
          `Error when allocating new name: Conflict. The container name "/${name}" is already in use by container "${taken}". You have to remove (or rename) that container to be able to reuse that name.`,
        )
      containers.save({ ...record, name })
      sandboxes.renamed({ ...record, name })
      lifecycle.tell({ ...record, name }, 'rename', { oldName: `/${record.name}` })
    })
  },
}

export const containerRemove: DaemonJob<Target & { force: boolean; volumes: boolean }, void> = {
  name: 'container-remove',
  run({ containers, lifecycle }, { container, force, volumes }) {
    const damaged = containers.findDamaged(container)
    if (damaged !== undefined) return removeDamaged(lifecycle.parts, damaged)
    return lifecycle.remove(containers.find(container).id, container, { force, volumes })
  },
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export const containerWait: DaemonJob<
  Target & { condition: WaitCondition },
  { status: number; error: string }
> = {
  name: 'container-wait',
  async run({ containers }, { container, condition }, job) {
    const { id, state } = containers.find(container)
    let last = containers.get(id)
    // What the record was is all there is to tell once it is gone.
    const seen = (is: (record: ContainerRecord) => boolean) => (record: ContainerRecord | undefined) => {
      last = record ?? last
      return record === undefined || is(record)
    }
    const isOver = ({ state: now }: ContainerRecord): boolean => now.pid === 0 && now.status !== 'restarting'
    if (condition === 'not-running') {
      await containers.until(id, seen(isOver), job.signal)
      return { status: last?.state.exitCode ?? 0, error: last?.state.error ?? '' }
    }
    // Who waits for a start hears from the start why it failed: no second time here.
    if (condition === 'next-exit') {
      // A start that fails is an end, too: its error is new.
      const isNew = ({ state: now }: ContainerRecord): boolean =>
        now.finishedAt !== state.finishedAt || (now.error !== '' && now.error !== state.error)
      await containers.until(
        id,
        seen((record) => isNew(record) && isOver(record)),
        job.signal,
      )
    } else
      await containers.until(
        id,
        seen(() => false),
        job.signal,
      )
    // Its record goes first, and its layer within the same turn.
    if (condition === 'removed') await containers.turns.take(id, async () => {})
    return { status: last?.state.exitCode ?? 0, error: '' }
  },
}

/** `docker container prune`. */
export const containerPrune: DaemonJob<{ filters: Filters }, { deleted: string[]; bytes: number }> = {
  name: 'container-prune',
  async run({ containers, lifecycle, graph, events }, { filters }, { signal }) {
    const deleted: string[] = []
    let bytes = 0
    const until = untilFilter(filters)
    for (const { id, name, state, created, config } of containers.all()) {
      if (state.pid !== 0 || !['created', 'exited', 'dead'].includes(state.status)) continue
      if (until !== undefined && Date.parse(created) >= until) continue
      if (!matchesLabels(filters, config.Labels ?? {})) continue
      try {
        const layer = containers.layerOf(id)
        const size = await lifecycle.parts.readers.read(id, signal, () => graph.driver.diffSize(layer))
        await lifecycle.remove(containers.find(id).id, name, { force: false, volumes: false })
        bytes += size
      } catch (error) {
        // Somebody has started it since, or removed it.
        if (error instanceof EngineError && ['conflict', 'not-found'].includes(error.kind)) continue
        throw error
      }
      deleted.push(id)
    }
    events.tell('container', 'prune', '', { reclaimed: String(bytes) })
    return { deleted, bytes }
  },
}
