// The table of names: canonical references, with a tag or a digest, and their image.
import type { Queries } from './queries.ts'

export class NameTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  /** @param reference canonical. Takes the name away from whoever had it */
  set(reference: string, image: string): void {
    this.#queries.run('INSERT OR REPLACE INTO name (reference, image) VALUES (?, ?)', reference, image)
    this.#queries.run('UPDATE image SET last_tagged = ? WHERE id = ?', Date.now(), image)
  }

  /** @returns the id of its image */
  get(reference: string): string | undefined {
    return this.#queries.first<{ image: string }>('SELECT image FROM name WHERE reference = ?', reference)
      ?.image
  }

  of(image: string): string[] {
    return this.#queries
      .all<{ reference: string }>('SELECT reference FROM name WHERE image = ? ORDER BY reference', image)
      .map((row) => row.reference)
  }

  /** @param repository canonical: `docker.io/library/busybox` */
  ofRepository(repository: string): { reference: string; image: string }[] {
    // From `x:` on to `x;`, and from `x@` on to `xA`: the characters that follow in ASCII.
    return this.#queries.all(
      `SELECT reference, image FROM name
       WHERE reference >= ? AND reference < ? OR reference >= ? AND reference < ? ORDER BY reference`,
      ...[`${repository}:`, `${repository};`, `${repository}@`, `${repository}A`],
    )
  }

  remove(reference: string): void {
    this.#queries.run('DELETE FROM name WHERE reference = ?', reference)
  }
}
