// The table of layers, and of what is written on top of them.
import type { Queries } from './queries.ts'

export interface LayerRow {
  chain_id: string
  diff_id: string
  parent: string | null
  /** What the graph driver calls it. */
  driver_id: string
  /** Bytes of its files' content. */
  size: number
}

export class LayerTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  add({ chain_id, diff_id, parent, driver_id, size }: LayerRow): void {
    this.#queries.run(
      'INSERT INTO layer (chain_id, diff_id, parent, driver_id, size) VALUES (?, ?, ?, ?, ?)',
      ...[chain_id, diff_id, parent, driver_id, size],
    )
  }

  get(chainId: string): LayerRow | undefined {
    return this.#queries.first<LayerRow>('SELECT * FROM layer WHERE chain_id = ?', chainId)
  }

  all(): LayerRow[] {
    return this.#queries.all<LayerRow>('SELECT * FROM layer')
  }

  /** The layer itself and what is below it, the lowest first: the order of an image's diff ids. */
  chain(chainId: string): LayerRow[] {
    return this.#queries.all<LayerRow>(
      `WITH RECURSIVE below (chain_id, depth) AS (
         SELECT ?, 0 UNION ALL
         SELECT layer.parent, depth + 1 FROM below JOIN layer USING (chain_id) WHERE layer.parent IS NOT NULL)
       SELECT layer.* FROM below JOIN layer USING (chain_id) ORDER BY depth DESC`,
      chainId,
    )
  }

  /** By an image, by a layer on top, or by something that is written above it. */
  isUsed(chainId: string): boolean {
    return (
      this.#queries.first(
        `SELECT 1 FROM layer WHERE parent = ? UNION ALL SELECT 1 FROM image WHERE top_layer = ?
         UNION ALL SELECT 1 FROM read_write WHERE parent = ? LIMIT 1`,
        ...[chainId, chainId, chainId],
      ) !== undefined
    )
  }

  remove(chainId: string): void {
    this.#queries.run('DELETE FROM layer WHERE chain_id = ?', chainId)
  }

  addReadWrite(driverId: string, parent: string | undefined): void {
    this.#queries.run('INSERT INTO read_write (driver_id, parent) VALUES (?, ?)', driverId, parent ?? null)
  }

  /** @returns its parent's chain id, or null; undefined when there is no such layer */
  readWrite(driverId: string): { parent: string | null } | undefined {
    return this.#queries.first('SELECT parent FROM read_write WHERE driver_id = ?', driverId)
  }

  /** Nothing when there is none. */
  removeReadWrite(driverId: string): void {
    this.#queries.run('DELETE FROM read_write WHERE driver_id = ?', driverId)
  }

  /** Driver's ids. `unowned`: of no container. */
  readWrites(which: 'all' | 'unowned'): string[] {
    const where = which === 'all' ? '' : 'WHERE driver_id NOT IN (SELECT layer FROM container)'
    return this.#queries
      .all<{ driver_id: string }>(`SELECT driver_id FROM read_write ${where}`)
      .map((row) => row.driver_id)
  }
}
