// The tables of networks: which there are, and who has which address on them.
import type { Queries } from './queries.ts'

export interface NetworkRow {
  id: string
  name: string
  /** JSON. */
  record: string
}

export interface EndpointRow {
  id: string
  network: string
  container: string
  /** As inet_ntop(3) has them, so that the same is the same text. */
  ipv4: string | null
  ipv6: string | null
  /** JSON. */
  record: string
}

export class NetworkTable {
  readonly #queries: Queries

  constructor(queries: Queries) {
    this.#queries = queries
  }

  /** @throws when the name is taken: names are unique */
  add({ id, name, record }: NetworkRow): void {
    this.#queries.run('INSERT INTO network (id, name, record) VALUES (?, ?, ?)', id, name, record)
  }

  setRecord(id: string, record: string): void {
    this.#queries.run('UPDATE network SET record = ? WHERE id = ?', record, id)
  }

  all(): NetworkRow[] {
    return this.#queries.all<NetworkRow>('SELECT * FROM network ORDER BY name')
  }

  /** @throws while it has endpoints */
  remove(id: string): void {
    this.#queries.run('DELETE FROM network WHERE id = ?', id)
  }

  /** @throws when somebody has the address on that network */
  addEndpoint({ id, network, container, ipv4, ipv6, record }: EndpointRow): void {
    this.#queries.run(
      'INSERT INTO endpoint (id, network, container, ipv4, ipv6, record) VALUES (?, ?, ?, ?, ?, ?)',
      ...[id, network, container, ipv4, ipv6, record],
    )
  }

  setEndpoint(id: string, record: string): void {
    this.#queries.run('UPDATE endpoint SET record = ? WHERE id = ?', record, id)
  }

  endpoints(): EndpointRow[] {
    return this.#queries.all<EndpointRow>('SELECT * FROM endpoint ORDER BY id')
  }

  removeEndpoint(id: string): void {
    this.#queries.run('DELETE FROM endpoint WHERE id = ?', id)
  }
}
