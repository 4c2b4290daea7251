// The manifest that goes up: the one that came, or one that is made.

import { sha256 } from '../graph/digest.ts'
import type { Graph } from '../graph/graph.ts'
import { largestConfig } from '../graph/image-config.ts'
import { type Descriptor, largestManifest, mediaTypes, parseManifest } from '../graph/manifest.ts'
import type { ImageRow } from '../graph/tables/images.ts'

export interface PushManifest {
  bytes: Buffer
  digest: string
  mediaType: string
  config: Descriptor
  layers: readonly Descriptor[]
}

/** As it came with the image, if it did and still is here. */
export async function keptManifest(
  { content }: Graph,
  { manifest: digest }: ImageRow,
  layers: number,
): Promise<PushManifest | undefined> {
  if (digest === null || (await content.stat(digest)) === undefined) return undefined
  const bytes = await content.readBytes(digest, largestManifest)
  const parsed = parseManifest(bytes)
  if (parsed.kind !== 'manifest' || parsed.manifest.layers.length !== layers) return undefined
  const { config, layers: descriptors } = parsed.manifest
  return { bytes, digest, mediaType: parsed.mediaType, config, layers: descriptors }
}

/**
 * The kept one when its layers are what is at the registry now. Otherwise a new one, which
 * the image keeps from now on.
 */
export async function manifestFor(
  graph: Graph,
  image: ImageRow,
  kept: PushManifest | undefined,
  layers: readonly Descriptor[],
): Promise<PushManifest> {
  if (kept !== undefined && layers.every(({ digest }, index) => digest === kept.layers[index]?.digest))
    return kept
  // Docker's kind has no name for zstd; and what was OCI's stays OCI's.
  const isOci =
    kept?.mediaType === mediaTypes.ociManifest || layers.some(({ mediaType }) => mediaType.endsWith('zstd'))
  const config = await graph.content.readBytes(image.id, largestConfig)
  const parsed = {
    schemaVersion: 2,
    mediaType: isOci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: {
      mediaType: isOci ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
      size: config.length,
      digest: image.id,
    },
    layers: layers.map(({ mediaType, size, digest, urls }) => ({
      mediaType: layerType(mediaType, isOci),
      size,
      digest,
      ...(urls ? { urls } : {}),
    })),
  } as const
  // Three spaces: so Docker's own client writes it, and equal parts make equal manifests.
  const bytes = Buffer.from(JSON.stringify(parsed, undefined, 3))
  const digest = await graph.content.put(bytes, sha256(bytes))
  const blobs = [image.id, digest, ...layers.map((layer) => layer.digest)]
  graph.db.transaction(() => {
    // Somebody has removed it while it was on its way: it keeps nothing any more.
    if (graph.db.images.get(image.id) === undefined) return
    graph.db.images.setManifest(image.id, digest)
    graph.db.blobs.setOf(image.id, [...graph.db.blobs.of(image.id), ...blobs])
  })
  return { bytes, digest, mediaType: parsed.mediaType, config: parsed.config, layers: parsed.layers }
}

/** One thing, two spellings. */
function layerType(mediaType: string, isOci: boolean): string {
  if (mediaType === mediaTypes.dockerLayerGzip || mediaType === mediaTypes.ociLayerGzip)
    return isOci ? mediaTypes.ociLayerGzip : mediaTypes.dockerLayerGzip
  if (mediaType === mediaTypes.dockerLayer || mediaType === mediaTypes.ociLayer)
    return isOci ? mediaTypes.ociLayer : mediaTypes.dockerLayer
  return mediaType
}
