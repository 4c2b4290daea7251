// `commit`: what a container has written becomes one more layer, and its config the
// config of a new image.
//
// The new config starts from the old image's JSON, so that fields which we do not know
// live on; what changes is replaced. To stop the container meanwhile is the daemon's: a
// file that changes while it is packed is an error, and not half of one and half of the other.
import { EngineError } from '../errors.ts'
import { applyChanges } from './config-change.ts'
import { findContainer } from './containers.ts'
import type { Graph } from './graph.ts'
import { diffIdsOf, type ImageConfig, type RunConfig } from './image-config.ts'
import { imageConfig } from './images.ts'
import { type ImportedLayer, importLayer } from './layer-import.ts'
import { type Reference, withDefaultTag } from './reference.ts'
import { type NewLayer, registerImage } from './register-image.ts'

export interface CommitOptions {
  reference?: Reference
  author?: string
  message?: string
  /** Dockerfile instructions: `CMD ["sh"]`. */
  changes?: readonly string[]
  /** How the container was run; left out, as its image says. */
  config?: RunConfig
  /** Milliseconds since the epoch. */
  created?: number
}

/** Two blocks of zeros: the archive of no files at all. A layer of nothing is none. */
const emptyDiff = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

/** @param text the container's name or id. @throws EngineError `not-found`, or `invalid` for a change that is none */
export async function commitContainer(
  graph: Graph,
  text: string,
  options: CommitOptions = {},
): Promise<{ imageId: string }> {
  const container = findContainer(graph, text)
  const image = graph.db.images.get(container.image)
  if (image === undefined)
    throw new EngineError('not-found', `the image of container ${text} is gone: export it, and import that`)
  const before = await imageConfig(graph, image.id)
  const config = applyChanges(options.config ?? before.config ?? {}, options.changes ?? [])
  using _lease = graph.content.lease()
  const diff = await graph.driver.diff(container.layer)
  await using imported = await importLayer(graph, image.top_layer ?? undefined, diff)
  const isEmpty = imported.layer.diffId === emptyDiff
  return await registerImage(graph, {
    config: Buffer.from(JSON.stringify(committed(before, config, options, isEmpty ? undefined : imported))),
    layers: [...layersBelow(graph, before), ...(isEmpty ? [] : [imported.asNew])],
    references: options.reference === undefined ? [] : [withDefaultTag(options.reference)],
    parent: image.id,
  })
}

function committed(
  before: ImageConfig,
  config: RunConfig,
  options: CommitOptions,
  imported: ImportedLayer | undefined,
): ImageConfig {
  const created = new Date(options.created ?? Date.now()).toISOString()
  const { author, message: comment } = options
  const said = { ...(author ? { author } : {}), ...(comment ? { comment } : {}) }
  const step = {
    ...{ created, created_by: (config.Cmd ?? []).join(' '), ...said },
    ...(imported === undefined ? { empty_layer: true } : {}),
  }
  // Of the image before, and of a container that is long gone.
  const {
    container: _,
    container_config: __,
    docker_version: ___,
    comment: ____,
    author: _____,
    ...kept
  } = before
  return {
    ...kept,
    ...{ created, ...said, config },
    rootfs: {
      type: 'layers',
      diff_ids: [...diffIdsOf(before), ...(imported === undefined ? [] : [imported.layer.diffId])],
    },
    history: [...(before.history ?? []), step],
  }
}

/** They are unpacked, and kept by the image that they are of. */
function layersBelow({ db }: Graph, config: ImageConfig): NewLayer[] {
  return diffIdsOf(config).map((diffId) => {
    const row = db.blobs.layersOf(diffId).find(({ digest }) => db.blobs.isNeeded(digest))
    const open = (): never => {
      throw new EngineError('internal', `layer ${diffId} went while a container stands on it`)
    }
    return row === undefined
      ? { diffId, open }
      : { diffId, open, blob: { digest: row.digest, mediaType: row.media_type, size: row.size } }
  })
}
