// An archive that nobody has promised anything about becomes a layer and a blob, in one
// pass: what comes is written to the content store, decompressed, hashed and unpacked.
//
//   stream ──┬──> ingest ──> content/blobs/sha256/…       the archive as it came
//            └──> decompress ──> hash ──> driver           the layer; its diff id
//
// Rejected: unpack only, and pack the layer again when it is saved. That makes another
// archive with another digest, since no two programs write the same tar.
//
// Called by import.ts and commit.ts.
import { Readable } from 'node:stream'
import { decompress } from '../archive/compression.ts'
import type { Graph } from './graph.ts'
import type { Ingest } from './ingest.ts'
import { layerMediaType } from './layer-blob.ts'
import type { Layer } from './layers.ts'
import type { NewLayer } from './register-image.ts'

export interface ImportedLayer extends AsyncDisposable {
  /** Held until this is disposed. */
  layer: Layer
  /** For registerImage(), which finds the layer unpacked. */
  asNew: NewLayer
}

/**
 * @param parent chain id of the layer below
 * @param onBytes told how many bytes have come
 * @throws EngineError `invalid` for what is no archive; then nothing is left
 */
export async function importLayer(
  graph: Graph,
  parent: string | undefined,
  stream: Readable,
  onBytes: (count: number) => void = () => {},
): Promise<ImportedLayer> {
  await using ingest = await graph.content.ingest(undefined)
  const passing = Readable.from(copied(stream, ingest, onBytes), { objectMode: false })
  let layer: Layer | undefined
  try {
    layer = await graph.layers.register(parent, (await decompress(passing)).tar)
    const { chainId, diffId } = layer
    // Whoever decompresses may stop at the end of the archive: the blob is all of it.
    for await (const _ of passing);
    const { digest, size } = await ingest.commit()
    const mediaType = await layerMediaType(graph.content, digest)
    const open = (): Readable => {
      throw new Error(`layer ${chainId} is held, and was asked for`)
    }
    return {
      layer,
      asNew: { diffId, open, blob: { digest, mediaType, size } },
      [Symbol.asyncDispose]: () => graph.layers.release(chainId),
    }
  } catch (error) {
    if (layer !== undefined) await graph.layers.release(layer.chainId)
    throw error
  } finally {
    passing.destroy()
    stream.destroy()
  }
}

async function* copied(
  stream: Readable,
  ingest: Ingest,
  onBytes: (count: number) => void,
): AsyncIterable<Uint8Array> {
  let count = 0
  for await (const chunk of stream) {
    await ingest.write(chunk)
    count += chunk.length
    onBytes(count)
    yield chunk
  }
}
