// The table of images: which layer is on top, and which image one came from.
import type { Queries } from './queries.ts'

export interface ImageRow {
  /** Digest of its config. */
  id: string
  /** The image that it was committed from. */
  parent: string | null
  /** Chain id; null for an image without layers. */
  top_layer: string | null
  /** Digest of the manifest that it came with. */
  manifest: string | null
  /** Milliseconds since the epoch, as the config says. */
  created: number
  /** Milliseconds since the epoch. */
  last_tagged: number | null
}

export class ImageTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  add({ id, parent, top_layer, manifest, created, last_tagged }: ImageRow): void {
    this.#queries.run(
      'INSERT INTO image (id, parent, top_layer, manifest, created, last_tagged) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, parent, top_layer, manifest, created, last_tagged],
    )
  }

  get(id: string): ImageRow | undefined {
    return this.#queries.first<ImageRow>('SELECT * FROM image WHERE id = ?', id)
  }

  /** The newest first. */
  all(): ImageRow[] {
    return this.#queries.all<ImageRow>('SELECT * FROM image ORDER BY created DESC, id')
  }

  /** @param hex the first digits of an id. @returns two at most: then it is ambiguous */
  byPrefix(hex: string): ImageRow[] {
    return this.#queries.all<ImageRow>('SELECT * FROM image WHERE id GLOB ? LIMIT 2', `sha256:${hex}*`)
  }

  children(id: string): string[] {
    return this.#queries.all<{ id: string }>('SELECT id FROM image WHERE parent = ?', id).map((row) => row.id)
  }

  setManifest(id: string, manifest: string): void {
    this.#queries.run('UPDATE image SET manifest = ? WHERE id = ?', manifest, id)
  }

  /** Its names have to be gone, and its children. */
  remove(id: string): void {
    this.#queries.run('DELETE FROM image WHERE id = ?', id)
  }
}
