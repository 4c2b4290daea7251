// A layer as a blob: the archive as it travels, mostly compressed, and how to get the
// archive out again.
import { Readable } from 'node:stream'
import { type Compression, decompress } from '../archive/compression.ts'
import type { ContentStore } from './content-store.ts'
import { mediaTypes } from './manifest.ts'
import type { NewLayer } from './register-image.ts'

const types: Readonly<Record<Compression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
}

/** Its type by what it begins with: names and headers may say anything. */
export async function layerMediaType(content: ContentStore, digest: string): Promise<string> {
  const blob = content.read(digest)
  try {
    const { tar, compression } = await decompress(blob)
    // It is not read any further; what it says about that is nobody's business.
    tar.on('error', () => {})
    tar.destroy()
    return types[compression]
  } finally {
    blob.destroy()
  }
}

/**
 * A layer that the content store has, ready to be unpacked.
 * @param onBytes told how many bytes of the blob have been read
 */
export function layerFromBlob(
  content: ContentStore,
  diffId: string,
  blob: { digest: string; mediaType: string; size: number },
  onBytes: (count: number) => void = () => {},
): NewLayer {
  const open = async (): Promise<Readable> =>
    (await decompress(Readable.from(counted(content.read(blob.digest), onBytes), { objectMode: false }))).tar
  return { diffId, blob, open }
}

async function* counted(stream: Readable, onBytes: (count: number) => void): AsyncIterable<Uint8Array> {
  let count = 0
  for await (const chunk of stream) {
    count += chunk.length
    onBytes(count)
    yield chunk
  }
}
