// The one place that knows which names, images, layers and containers there are. Files
// on disk that it does not know are garbage, and are treated so.
//
// node:sqlite comes with Node. better-sqlite3 does the same, and has to be compiled or
// downloaded for each platform. Both are synchronous, which is what we want: a query takes
// microseconds, less than the way to another thread and back; and in one thread nothing
// comes between a question and the deed that depends on it.
//
// WAL: a process that dies in the middle of a transaction leaves the database as it was
// before. `synchronous = FULL`: what was reported as done is done after a power cut, too.
//
// graph-schema.ts draws the tables; tables/ has one file for each, with its queries.
// Next: engine/graph/layers.ts
import { DatabaseSync } from 'node:sqlite'
import { EngineError } from '../errors.ts'
import { onDisk } from './disk-full.ts'
import { migrations } from './graph-schema.ts'
import { BlobTable } from './tables/blobs.ts'
import { ContainerTable } from './tables/containers.ts'
import { ImageTable } from './tables/images.ts'
import { LayerTable } from './tables/layers.ts'
import { NameTable } from './tables/names.ts'
import { NetworkTable } from './tables/networks.ts'
import { Queries } from './tables/queries.ts'
import { VolumeTable } from './tables/volumes.ts'

export class GraphDB implements Disposable {
  readonly #database: DatabaseSync
  readonly layers: LayerTable
  readonly images: ImageTable
  readonly blobs: BlobTable
  readonly names: NameTable
  readonly containers: ContainerTable
  readonly volumes: VolumeTable
  readonly networks: NetworkTable

  private constructor(database: DatabaseSync) {
    this.#database = database
    const queries = new Queries(database)
    this.layers = new LayerTable(queries)
    this.images = new ImageTable(queries)
    this.blobs = new BlobTable(queries)
    this.names = new NameTable(queries)
    this.containers = new ContainerTable(queries)
    this.volumes = new VolumeTable(queries)
    this.networks = new NetworkTable(queries)
  }

  /** @throws EngineError `unavailable` for what is no database, `conflict` for one of a newer tocker */
  static open(path: string): GraphDB {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path)
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
      migrate(database, path)
      return new GraphDB(database)
    } catch (cause) {
      database?.close()
      if (cause instanceof EngineError) throw cause
      throw new EngineError('unavailable', `open the database ${path}`, { cause })
    }
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  /** All of it or nothing. Synchronous, so nothing else runs in between; not to be nested. */
  transaction<T>(work: () => T): T {
    return onDisk(() => inTransaction(this.#database, work))
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  // IMMEDIATE: a lock that cannot be had fails here, and not halfway.
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk has rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length)
    throw new EngineError(
      'conflict',
      `${path} was written by a newer tocker (schema ${version}, this one knows ${migrations.length}): use that one, or another data-root`,
    )
  migrations.slice(version).forEach((sql, index) => {
    inTransaction(database, () => database.exec(`${sql}; PRAGMA user_version = ${version + index + 1}`))
  })
}
