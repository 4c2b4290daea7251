// `docker export`: the files of a container as one archive, without its volumes; and
// `docker commit`: what it wrote as a layer of a new image.
//
// Next: engine/graph/commit.ts
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ContainerConfig } from '../../api/container-config.ts'
import { pack } from '../../archive/pack.ts'
import { commitContainer } from '../../graph/commit.ts'
import { applyChanges } from '../../graph/config-change.ts'
import type { RunConfig } from '../../graph/image-config.ts'
import { formatReference, parseReference, type Reference, withDefaultTag } from '../../graph/reference.ts'
import type { ContainerRecord } from '../container/record.ts'
import { allow } from '../container/state-machine.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'

export interface ContainerExport {
  container: string
  /** Answers the client: from here on it is the archive. */
  open: () => Writable
}

export const containerExport: DaemonJob<ContainerExport, void> = {
  name: 'container-export',
  async run(daemon, { container, open }, { signal }) {
    const { graph, containers, lifecycle } = daemon
    const { id } = containers.find(container)
    await whileItStays(daemon, id, signal, async (record, stays) => {
      allow('export', record.state.status, { id, typed: container })
      const layer = containers.layerOf(id)
      const tree = await graph.driver.get(layer)
      try {
        await pipeline(pack(tree, { owners: graph.driver.owners }), open(), { signal: stays }).catch(
          (error: unknown) => {
            // A client that left has nobody to hear of it.
            if (!signal.aborted) throw error
          },
        )
      } finally {
        await graph.driver.put(layer)
      }
      lifecycle.tell(record, 'export')
    })
  },
}

/** One that does not run is neither started nor removed meanwhile. One that runs goes on as it likes; when it is removed, the signal says so. */
async function whileItStays<T>(
  { containers, lifecycle }: Daemon,
  id: string,
  signal: AbortSignal,
  work: (record: ContainerRecord, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const record = containers.find(id)
  if (record.state.pid !== 0)
    return await lifecycle.parts.readers.read(id, signal, (stays) => work(record, stays))
  return await containers.turns.take(id, () => work(containers.find(id), signal))
}

export interface ContainerCommit {
  container: string
  /** `name:tag`; an image without a name when left out. */
  name?: string
  comment: string
  author: string
  /** Frozen while it is read, so that no file is half written. */
  pause: boolean
  /** Dockerfile instructions. */
  changes: readonly string[]
  /** In place of the container's own. */
  config?: ContainerConfig
}

/** @returns the new image's id */
export const containerCommit: DaemonJob<ContainerCommit, string> = {
  name: 'container-commit',
  async run(daemon, args, { signal }) {
    const { containers, events, graph, lifecycle } = daemon
    const { container, comment, author, changes } = args
    const found = containers.find(container)
    const { id, state } = found
    allow('commit', state.status, { id, typed: container })
    const reference = args.name === undefined ? undefined : parseReference(args.name)
    // Wrong words are told before anything is frozen.
    applyChanges({}, changes)
    const pauses = args.pause && state.status === 'running'
    if (pauses) await lifecycle.pause(id, container)
    let imageId: string
    try {
      ;({ imageId } = await whileItStays(daemon, id, signal, (record) =>
        commitContainer(graph, id, {
          ...{ author, changes, config: runConfig({ ...record.config, ...present(args.config ?? {}) }) },
          ...(comment === '' ? {} : { message: comment }),
          ...(reference === undefined ? {} : { reference }),
        }),
      ))
    } finally {
      // It may have been killed meanwhile.
      if (pauses && containers.get(id)?.state.status === 'paused') await lifecycle.unpause(id, container)
    }
    const imageRef = reference === undefined ? '' : spell(reference)
    lifecycle.tell(found, 'commit', {
      comment,
      imageID: imageId,
      imageRef,
    })
    if (reference !== undefined) events.tell('image', 'tag', imageId, { name: imageRef })
    return imageId
  },
}

function spell(reference: Reference): string {
  return formatReference(withDefaultTag(reference), 'familiar')
}

/** What of a container's configuration an image has: not what is this one container's. */
function runConfig(config: ContainerConfig): RunConfig {
  const { Hostname: _, Domainname: __, Image: ___, AttachStdin: ____, ...rest } = config
  const { AttachStdout: _____, AttachStderr: ______, OpenStdin: _______, StdinOnce: ________, ...kept } = rest
  const { Tty: _________, NetworkDisabled: __________, MacAddress: ___________, ...run } = kept
  return present(run)
}

function present<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined && one !== null)
  return Object.fromEntries(entries) as T
}
