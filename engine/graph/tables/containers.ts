// The table of containers: who uses which image and layer; and, of those that the daemon
// made, its record.
import type { Queries } from './queries.ts'

export interface ContainerRow {
  id: string
  name: string
  /** Image id; that image may be gone. */
  image: string
  /** Driver's id of the layer that it writes. */
  layer: string
  /** Milliseconds since the epoch. */
  created: number
}

export class ContainerTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  add({ id, name, image, layer, created }: ContainerRow): void {
    this.#queries.run(
      'INSERT INTO container (id, name, image, layer, created) VALUES (?, ?, ?, ?, ?)',
      ...[id, name, image, layer, created],
    )
  }

  /** The newest first. */
  all(): ContainerRow[] {
    return this.#queries.all<ContainerRow>(
      'SELECT id, name, image, layer, created FROM container ORDER BY created DESC, id',
    )
  }

  /** The oldest first. */
  of(image: string): ContainerRow[] {
    return this.#queries.all<ContainerRow>(
      'SELECT id, name, image, layer, created FROM container WHERE image = ? ORDER BY created, id',
      image,
    )
  }

  byName(name: string): ContainerRow | undefined {
    return this.#queries.first<ContainerRow>(
      'SELECT id, name, image, layer, created FROM container WHERE name = ?',
      name,
    )
  }

  /** @param prefix of an id, which may be all of it. @returns two at most: then it is ambiguous */
  byPrefix(prefix: string): ContainerRow[] {
    return this.#queries.all<ContainerRow>(
      'SELECT id, name, image, layer, created FROM container WHERE id GLOB ? LIMIT 2',
      `${prefix}*`,
    )
  }

  /** JSON; undefined for a container that the daemon did not make. */
  record(id: string): string | undefined {
    return (
      this.#queries.first<{ record: string | null }>('SELECT record FROM container WHERE id = ?', id)
        ?.record ?? undefined
    )
  }

  setRecord(id: string, record: string): void {
    this.#queries.run('UPDATE container SET record = ? WHERE id = ?', record, id)
  }

  /** @throws when the name is taken: names are unique */
  rename(id: string, name: string): void {
    this.#queries.run('UPDATE container SET name = ? WHERE id = ?', name, id)
  }

  remove(id: string): void {
    this.#queries.run('DELETE FROM container WHERE id = ?', id)
  }
}
