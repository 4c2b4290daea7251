// SQL in, rows out: what the tables' files ask of the database.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { onDisk } from '../disk-full.ts'

export class Queries {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#prepared.set(sql, statement)
    }
    return statement
  }

  /** The tables are STRICT, so a row has the types that the schema says; `Row` is what the query selects. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => ({ ...row }) as Row)
  }

  first<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.all<Row>(sql, ...values)[0]
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    onDisk(() => this.#statement(sql).run(...values))
  }
}
