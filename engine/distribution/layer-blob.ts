// Which blob a layer travels as.
//
// A layer that was pulled has the very blob that came, and goes on as that: then image
// and layers have the same digests everywhere, and most registries have them already. A
// layer that was made here (commit, build, import) has none. It is packed from the graph
// driver and compressed, once: the blob is kept with the image, since a second gzip, by
// another version of zlib, would be another blob.
// Next: engine/distribution/upload.ts
import { createHash } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import { compress } from '../archive/compression.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { type Descriptor, mediaTypes } from '../graph/manifest.ts'
import type { LayerRow } from '../graph/tables/layers.ts'
import { shareFairly } from './share.ts'

/** Blobs that this layer may be, the best first: the manifest's, then whatever unpacks to it and is compressed. */
export function candidatesFor(
  { db }: Graph,
  { diff_id }: LayerRow,
  fromManifest: Descriptor | undefined,
): Descriptor[] {
  const known = db.blobs
    .layersOf(diff_id)
    .map(({ digest, media_type, size }): Descriptor => ({ digest, mediaType: media_type, size }))
    .filter(({ digest, mediaType }) => digest !== fromManifest?.digest && isCompressed(mediaType))
  return [...(fromManifest ? [fromManifest] : []), ...known]
}

function isCompressed(mediaType: string): boolean {
  return /[.+](gzip|zstd)$/.test(mediaType)
}

/**
 * Packs and compresses a layer, and remembers what came of it.
 * @throws EngineError `conflict` when the driver's archive is not what the layer came from
 */
export function packLayer(graph: Graph, layer: LayerRow, signal: AbortSignal): Promise<Descriptor> {
  // Two pushes of one image pack it once.
  return shareFairly(graph.content, `pack ${layer.diff_id}`, signal, async () => {
    await using ingest = await graph.content.ingest(undefined)
    const hash = createHash('sha256')
    const archive = addAbortSignal(signal, await openLayer(graph, layer))
    const compressed = compress(Readable.from(hashed(archive), { objectMode: false }), 'gzip')
    for await (const chunk of compressed as AsyncIterable<Buffer>) await ingest.write(chunk)
    const actual = `sha256:${hash.digest('hex')}`
    if (actual !== layer.diff_id)
      throw new EngineError(
        'conflict',
        `layer ${layer.diff_id} cannot be packed as it was, only as ${actual}: pull or load its image again, then push`,
      )
    const { digest, size } = await ingest.commit()
    const mediaType = mediaTypes.dockerLayerGzip
    graph.db.blobs.addLayer({ digest, diff_id: layer.diff_id, media_type: mediaType, size })
    return { mediaType, digest, size }

    async function* hashed(stream: Readable): AsyncGenerator<Buffer> {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk)
        yield chunk
      }
    }
  })
}

/** As an archive: the blob that `load` or `import` kept, when it has not been compressed; otherwise the driver's. */
async function openLayer(
  { content, db, driver }: Graph,
  { diff_id, driver_id }: LayerRow,
): Promise<Readable> {
  const plain = db.blobs.layersOf(diff_id).find(({ media_type }) => !isCompressed(media_type))
  if (plain !== undefined && (await content.stat(plain.digest))) return content.read(plain.digest)
  return driver.diff(driver_id)
}
