// The manifest of an image that is here: the one that it came with, or one that is made of
// its config and its layers' blobs.
//
// Called by save, and by push.
import { EngineError } from '../errors.ts'
import { sha256, shortDigest } from './digest.ts'
import type { Graph } from './graph.ts'
import { diffIdsOf } from './image-config.ts'
import { imageConfig } from './images.ts'
import {
  type Descriptor,
  type ImageManifest,
  largestManifest,
  mediaTypes,
  parseManifest,
} from './manifest.ts'
import type { ImageRow } from './tables/images.ts'

export interface StoredManifest {
  bytes: Buffer
  digest: string
  mediaType: string
  manifest: ImageManifest
}

/** @throws EngineError `not-found` when a blob of it is gone */
export async function manifestOf(graph: Graph, image: ImageRow): Promise<StoredManifest> {
  return (await originalManifest(graph, image)) ?? madeManifest(graph, image)
}

/** Only with all that it names: some pulls leave blobs out that only other systems need. */
async function originalManifest(graph: Graph, image: ImageRow): Promise<StoredManifest | undefined> {
  if (image.manifest === null) return undefined
  const bytes = await graph.content.readBytes(image.manifest, largestManifest)
  const parsed = parseManifest(bytes)
  if (parsed.kind !== 'manifest') return undefined
  const { manifest, mediaType } = parsed
  for (const { digest } of manifest.layers)
    if ((await graph.content.stat(digest)) === undefined) return undefined
  return { bytes, digest: image.manifest, mediaType, manifest }
}

async function madeManifest(graph: Graph, image: ImageRow): Promise<StoredManifest> {
  const config = await imageConfig(graph, image.id)
  const { size } = (await graph.content.stat(image.id)) ?? { size: 0 }
  const layers: Descriptor[] = []
  for (const diffId of diffIdsOf(config)) layers.push(await layerDescriptor(graph, diffId))
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: image.id, size },
    layers,
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { bytes, digest: sha256(bytes), mediaType: mediaTypes.ociManifest, manifest }
}

/** A blob of the store that unpacks to this diff. Which of several is the same every time. */
async function layerDescriptor({ content, db }: Graph, diffId: string): Promise<Descriptor> {
  for (const { digest, media_type, size } of db.blobs.layersOf(diffId))
    if ((await content.stat(digest)) !== undefined) return { mediaType: media_type, digest, size }
  throw new EngineError(
    'not-found',
    `the content store has no archive of layer ${shortDigest(diffId)}: get the image again`,
  )
}
