// One image in all its detail, and how it came about: `inspect` and `history`.
import type { HistoryResponseItem, ImageInspect } from '../api/image.ts'
import type { Graph } from './graph.ts'
import { createdAt, diffIdsOf } from './image-config.ts'
import { findImage, imageConfig, namesOf } from './images.ts'

export async function inspectImage(graph: Graph, text: string): Promise<ImageInspect> {
  const image = findImage(graph, text)
  const config = await imageConfig(graph, image.id)
  const layers = image.top_layer === null ? [] : graph.db.layers.chain(image.top_layer)
  const top = layers.at(-1)
  const { tags, digests } = namesOf(graph, image.id)
  return {
    Id: image.id,
    RepoTags: tags,
    RepoDigests: digests,
    Parent: image.parent ?? '',
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    // Clients' templates ask for these whether the image has them or not.
    Config: { Labels: null, Entrypoint: null, Cmd: null, Env: null, WorkingDir: '', ...config.config },
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    ...(config['os.version'] ? { OsVersion: config['os.version'] } : {}),
    Size: layers.reduce((bytes, { size }) => bytes + size, 0),
    GraphDriver: {
      Name: graph.driver.name,
      Data: top === undefined ? null : await graph.driver.metadata(top.driver_id),
    },
    RootFS: { Type: 'layers', Layers: [...diffIdsOf(config)] },
    // Go's zero time: never.
    Metadata: {
      LastTagTime:
        image.last_tagged === null ? '0001-01-01T00:00:00Z' : new Date(image.last_tagged).toISOString(),
    },
  }
}

/** Its steps, the newest first. Only the newest is an image that one can name, unless it was committed here. */
export async function imageHistory(graph: Graph, text: string): Promise<HistoryResponseItem[]> {
  const image = findImage(graph, text)
  const config = await imageConfig(graph, image.id)
  const layers = image.top_layer === null ? [] : graph.db.layers.chain(image.top_layer)
  let made = 0
  const steps = (config.history ?? []).map((step): HistoryResponseItem => {
    const layer = step.empty_layer === true ? undefined : layers[made++]
    return {
      Id: '<missing>',
      Created: Math.floor(createdAt(step.created) / 1000),
      CreatedBy: step.created_by ?? '',
      Tags: null,
      Size: layer?.size ?? 0,
      Comment: step.comment ?? '',
    }
  })
  steps.reverse()
  let id: string | null | undefined = image.id
  for (const step of steps) {
    if (!id) break
    step.Id = id
    const { tags } = namesOf(graph, id)
    step.Tags = tags.length > 0 ? tags : null
    id = graph.db.images.get(id)?.parent
  }
  return steps
}
