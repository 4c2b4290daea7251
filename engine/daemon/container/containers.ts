// The table of containers: every record, in memory and in the database, and whoever waits
// for one to change.
//
// One writer: whatever changes a container does so within its turn (turns.ts), saves the
// record here, and nobody reads an old one. The database is behind it by one statement:
// a daemon that is killed finds here what was last saved, and asks the supervisor for
// what has happened since (takeover.ts).
//
// Next: engine/daemon/container/launch.ts
import { EngineError } from '../../errors.ts'
import { isDiskFull } from '../../graph/disk-full.ts'
import type { GraphDB } from '../../graph/graphdb.ts'
import type { ContainerRow } from '../../graph/tables/containers.ts'
import { Turns } from '../../turns.ts'
import { type ContainerRecord, decodeRecord, encodeRecord } from './record.ts'

export class Containers {
  readonly #db: GraphDB
  readonly #records = new Map<string, ContainerRecord>()
  /** For which the disk had no room. */
  readonly #unwritten = new Map<string, ContainerRecord>()
  /** Names of containers that are being made, and their ids. */
  readonly #held = new Map<string, string>()
  readonly #listeners = new Map<string, Set<() => void>>()
  /** Whose records could not be read: they can be removed, and that is all. */
  #damaged: ContainerRow[] = []
  readonly turns = new Turns()

  constructor(db: GraphDB) {
    this.#db = db
    for (const row of db.containers.all()) {
      const { id } = row
      const text = db.containers.record(id)
      // A container of the command line's own, without a daemon.
      if (text === undefined) continue
      try {
        this.#records.set(id, decodeRecord(text))
      } catch {
        this.#damaged.push(row)
      }
    }
  }

  /** The newest first. */
  all(): ContainerRecord[] {
    return [...this.#records.values()].sort(
      (a, b) => Number(a.created < b.created) - Number(a.created > b.created),
    )
  }

  get(id: string): ContainerRecord | undefined {
    return this.#records.get(id)
  }

  /**
   * @param text a name, an id, or the beginning of one
   * @throws EngineError `not-found`, or `invalid` for the beginning of several
   */
  find(text: string): ContainerRecord {
    const exact = this.#records.get(text) ?? this.byName(text.replace(/^\//, ''))
    if (exact !== undefined) return exact
    const found = text === '' ? [] : [...this.#records.values()].filter(({ id }) => id.startsWith(text))
    const [one, another] = found
    if (another !== undefined)
      throw new EngineError('invalid', `Multiple IDs found with provided prefix: ${text}`)
    if (one !== undefined) return one
    const broken = this.findDamaged(text)
    if (broken !== undefined) throw new EngineError('unavailable', damage(broken))
    throw new EngineError('not-found', `No such container: ${text}`)
  }

  damaged(): readonly ContainerRow[] {
    return this.#damaged
  }

  /** @param text as of find() */
  findDamaged(text: string): ContainerRow | undefined {
    const name = text.replace(/^\//, '')
    if (name === '' || this.#records.has(name) || this.byName(name) !== undefined) return undefined
    return this.#damaged.find((one) => one.name === name || one.id.startsWith(name))
  }

  byName(name: string): ContainerRecord | undefined {
    return [...this.#records.values()].find((record) => record.name === name)
  }

  /** Id of the container that has the name, or will have it in a moment. */
  ownerOf(name: string): string | undefined {
    return this.#held.get(name) ?? this.#db.containers.byName(name)?.id
  }

  /** For one that is being made: nobody else gets the name meanwhile. */
  hold(name: string, id: string): Disposable {
    this.#held.set(name, id)
    return { [Symbol.dispose]: () => void this.#held.delete(name) }
  }

  /** @param layer the driver's id of what it writes */
  add(record: ContainerRecord, layer: string): void {
    const { id, name, imageId, created } = record
    this.#db.transaction(() => {
      this.#db.containers.add({ id, name, image: imageId, layer, created: Date.parse(created) })
      this.#db.containers.setRecord(id, encodeRecord(record))
    })
    this.#records.set(id, record)
  }

  save(record: ContainerRecord): void {
    const before = this.#records.get(record.id)
    if (before === undefined) throw new EngineError('not-found', `No such container: ${record.id}`)
    // What somebody asked for is refused on a full disk. What has happened has happened, and is written down later.
    const isAsked = before.name !== record.name || before.hostConfig !== record.hostConfig
    try {
      this.#db.transaction(() => {
        if (before.name !== record.name) this.#db.containers.rename(record.id, record.name)
        for (const [id, late] of this.#unwritten) this.#db.containers.setRecord(id, encodeRecord(late))
        this.#db.containers.setRecord(record.id, encodeRecord(record))
      })
      this.#unwritten.clear()
    } catch (error) {
      if (isAsked || !isDiskFull(error)) throw error
      this.#unwritten.set(record.id, record)
    }
    this.#records.set(record.id, record)
    this.#tell(record.id)
  }

  layerOf(id: string): string {
    const [row] = this.#db.containers.byPrefix(id)
    if (row === undefined) throw new EngineError('not-found', `No such container: ${id}`)
    return row.layer
  }

  /** Of those that run, as far as their records know. */
  layersInUse(): string[] {
    return [...this.#records.values()].flatMap(({ id, state }) => (state.pid === 0 ? [] : [this.layerOf(id)]))
  }

  /** Of those that run: a volume's name as often as it is mounted in one. */
  volumesInUse(): string[] {
    return [...this.#records.values()].flatMap(({ state, mountPoints }) =>
      state.pid === 0
        ? []
        : mountPoints.flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : [])),
    )
  }

  remove(id: string): void {
    this.#db.transaction(() => this.#db.containers.remove(id))
    this.#records.delete(id)
    this.#damaged = this.#damaged.filter((one) => one.id !== id)
    this.#unwritten.delete(id)
    this.#tell(id)
  }

  /**
   * Resolves when `is` is true of the record, which is undefined once the container is gone; rejects when the
   * signal says so. `is` sees every record that is saved: how it ended, and a moment later that it is gone.
   */
  until(
    id: string,
    is: (record: ContainerRecord | undefined) => boolean,
    signal?: AbortSignal,
  ): Promise<ContainerRecord | undefined> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const first = this.#records.get(id)
      if (is(first)) return resolve(first)
      const listeners = this.#listeners.get(id) ?? new Set()
      this.#listeners.set(id, listeners)
      const stop = (): void => {
        listeners.delete(look)
        if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
        signal?.removeEventListener('abort', abort)
      }
      // At once, and not by a promise: that one would wake up when more had happened.
      const look = (): void => {
        const record = this.#records.get(id)
        if (!is(record)) return
        stop()
        resolve(record)
      }
      const abort = (): void => {
        stop()
        reject(signal?.reason)
      }
      listeners.add(look)
      signal?.addEventListener('abort', abort)
    })
  }

  #tell(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener()
  }
}

/** What is wrong with it, and what to do. */
export function damage({ id, name }: ContainerRow): string {
  return `the record of container ${name} (${id.slice(0, 12)}) is damaged, or of a newer tockerd: it is left out; "docker rm ${name}" removes it with its files`
}
