// The tables of volumes: which there are, and which containers use them.
import type { Queries } from './queries.ts'

export interface VolumeRow {
  name: string
  /** JSON objects of strings. */
  labels: string
  options: string
  /** 1 when nobody named it. */
  anonymous: 0 | 1
  /** Milliseconds since the epoch. */
  created: number
}

export class VolumeTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  add({ name, labels, options, anonymous, created }: VolumeRow): void {
    this.#queries.run(
      'INSERT INTO volume (name, labels, options, anonymous, created) VALUES (?, ?, ?, ?, ?)',
      ...[name, labels, options, anonymous, created],
    )
  }

  get(name: string): VolumeRow | undefined {
    return this.#queries.first<VolumeRow>('SELECT * FROM volume WHERE name = ?', name)
  }

  all(): VolumeRow[] {
    return this.#queries.all<VolumeRow>('SELECT * FROM volume ORDER BY name')
  }

  remove(name: string): void {
    this.#queries.run('DELETE FROM volume WHERE name = ?', name)
  }

  use(volume: string, container: string): void {
    this.#queries.run('INSERT OR IGNORE INTO volume_use (volume, container) VALUES (?, ?)', volume, container)
  }

  /** Ids of containers. */
  users(volume: string): string[] {
    return this.#queries
      .all<{ container: string }>(
        'SELECT container FROM volume_use WHERE volume = ? ORDER BY container',
        volume,
      )
      .map((row) => row.container)
  }

  of(container: string): VolumeRow[] {
    return this.#queries.all<VolumeRow>(
      'SELECT volume.* FROM volume JOIN volume_use ON volume = name WHERE container = ? ORDER BY name',
      container,
    )
  }
}
