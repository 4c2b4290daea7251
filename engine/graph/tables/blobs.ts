// Two tables about blobs: which image keeps which, and what a layer's blob unpacks to.
import type { Queries } from './queries.ts'

export interface LayerBlobRow {
  digest: string
  diff_id: string
  media_type: string
  /** Bytes of the blob. */
  size: number
}

export class BlobTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  /** In place of those that it kept before. */
  setOf(image: string, digests: Iterable<string>): void {
    this.#queries.run('DELETE FROM image_blob WHERE image = ?', image)
    for (const digest of new Set(digests))
      this.#queries.run('INSERT INTO image_blob (image, digest) VALUES (?, ?)', image, digest)
  }

  of(image: string): string[] {
    return this.#queries
      .all<{ digest: string }>('SELECT digest FROM image_blob WHERE image = ?', image)
      .map((row) => row.digest)
  }

  isNeeded(digest: string): boolean {
    return this.#queries.first('SELECT 1 FROM image_blob WHERE digest = ? LIMIT 1', digest) !== undefined
  }

  /** Notes what somebody has seen: this blob, unpacked, has that diff id. */
  addLayer({ digest, diff_id, media_type, size }: LayerBlobRow): void {
    this.#queries.run(
      'INSERT OR REPLACE INTO layer_blob (digest, diff_id, media_type, size) VALUES (?, ?, ?, ?)',
      ...[digest, diff_id, media_type, size],
    )
  }

  layer(digest: string): LayerBlobRow | undefined {
    return this.#queries.first<LayerBlobRow>('SELECT * FROM layer_blob WHERE digest = ?', digest)
  }

  /** Every blob that is known to unpack to this diff; not all of them need to be here. */
  layersOf(diffId: string): LayerBlobRow[] {
    return this.#queries.all<LayerBlobRow>(
      'SELECT * FROM layer_blob WHERE diff_id = ? ORDER BY digest',
      diffId,
    )
  }
}
