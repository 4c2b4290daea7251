// Layers that are unpacked: from an archive to a directory of the graph driver's, with a
// name that says what is in it.
//
//   register('sha256:<below>', tar, 'sha256:<diff id>')
//     ├ driver.create(<random id>, <driver id of below>)
//     ├ driver.applyDiff ◄── tar, hashed as it passes
//     ├ is it what was promised? no: driver.remove
//     └ INSERT INTO layer            the layer is there from here on, and not before
//
// Killed before the last line, all that is left is a directory that no row knows:
// open() removes it. So there is no record of half-made layers, and nothing to repair.
//
// A layer lives while something uses it: an image, a layer above, something that writes
// above it; or a hold, which is a use of this process that is in no table yet.
//
// Called by register-image.ts, commit, images.ts and whoever makes containers.
// Next: engine/graph/register-image.ts
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { GraphDriver } from '../drivers/graph/driver.ts'
import { EngineError } from '../errors.ts'
import { chainId } from './chain-id.ts'
import type { GraphDB } from './graphdb.ts'
import { initOf, removeOrphans } from './orphan-layers.ts'
import type { LayerRow } from './tables/layers.ts'

export interface Layer {
  chainId: string
  diffId: string
  /** Chain id of the layer below. */
  parent: string | undefined
  /** What the graph driver calls it. */
  driverId: string
  /** Bytes of its files' content. */
  size: number
}

/** An archive, or how to get it: asked only when the layer is not there already. */
export type TarSource = Readable | (() => Readable | Promise<Readable>)

export class LayerStore {
  readonly #db: GraphDB
  readonly #driver: GraphDriver
  readonly #holds = new Map<string, number>()
  /** Registrations that are under way, by chain id. */
  readonly #registering = new Map<string, Promise<void>>()
  /** Directories that are on their way out, whose rows are gone. */
  readonly #going = new Set<{ parent: string | null; gone: Promise<void> }>()

  private constructor(db: GraphDB, driver: GraphDriver) {
    this.#db = db
    this.#driver = driver
  }

  /** Removes what a killed process left: layers and directories that nothing uses. The driver has cleaned up. */
  static async open(db: GraphDB, driver: GraphDriver, warn: (line: string) => void): Promise<LayerStore> {
    const store = new LayerStore(db, driver)
    db.transaction(() => store.#forgetUnused())
    await removeOrphans(db, driver, warn)
    return store
  }

  find(id: string): Layer | undefined {
    const row = this.#db.layers.get(id)
    return row && layerOf(row)
  }

  // #region register
  /**
   * Makes a layer of an archive, once, however many ask for it at the same time.
   * @param parent chain id of the layer below
   * @param tar not compressed; not read when the layer is there
   * @param diffId what the archive's digest has to be; left out, it is what it is
   * @returns the layer, held: it stays until release()
   * @throws EngineError `invalid` when the archive is broken or not what was promised, `not-found` without the parent
   */
  async register(parent: string | undefined, tar: TarSource, diffId?: string): Promise<Layer> {
    if (parent !== undefined) this.hold(parent)
    try {
      return await (diffId === undefined
        ? this.#unpack(parent, tar, undefined)
        : this.#registerOnce(parent, tar, diffId))
    } finally {
      if (tar instanceof Readable) tar.destroy()
      if (parent !== undefined) await this.release(parent)
    }
  }

  async #registerOnce(parent: string | undefined, tar: TarSource, diffId: string): Promise<Layer> {
    const id = chainId(parent, diffId)
    for (;;) {
      const running = this.#registering.get(id)
      if (running !== undefined) {
        await running
        continue
      }
      const row = this.#db.layers.get(id)
      if (row !== undefined && (await this.#holdWhole(row))) return layerOf(row)
      // Somebody may have begun while we asked the driver.
      if (this.#registering.has(id)) continue
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#registering.set(id, promise)
      try {
        return await this.#unpack(parent, tar, diffId)
      } finally {
        this.#registering.delete(id)
        resolve()
      }
    }
  }
  // #endregion register

  /** Holds it, if its directory is there, too: somebody may have cleaned the disk by hand. */
  async #holdWhole({ chain_id, driver_id }: LayerRow): Promise<boolean> {
    this.hold(chain_id)
    if (await this.#driver.exists(driver_id)) return true
    this.#letGo(chain_id)
    return false
  }

  async #unpack(parent: string | undefined, tar: TarSource, diffId: string | undefined): Promise<Layer> {
    const below = parent === undefined ? undefined : this.#db.layers.get(parent)
    // A row whose directory was lost gets a new one under the old id: layers above know it by that.
    const lost = diffId === undefined ? undefined : this.#db.layers.get(chainId(parent, diffId))
    const driverId = lost?.driver_id ?? newDriverId()
    const source = typeof tar === 'function' ? await tar() : tar
    const hash = createHash('sha256')
    const passing = Readable.from(hashed(source, hash), { objectMode: false })
    try {
      await this.#driver.create(driverId, below?.driver_id)
      const size = await this.#driver.applyDiff(driverId, passing)
      // The digest is of the whole stream; an archive may have padding behind its end.
      for await (const _ of passing);
      const actual = `sha256:${hash.digest('hex')}`
      if (diffId !== undefined && actual !== diffId)
        throw new EngineError('invalid', `the layer's content is ${actual}, and ${diffId} was promised`)
      return await this.#keep({ parent, diffId: actual, driverId, size, chainId: chainId(parent, actual) })
    } catch (error) {
      passing.destroy()
      // What cannot be removed now is an orphan for the next open(); why it came to that counts more.
      await this.#driver.remove(driverId).catch(() => {})
      throw error
    } finally {
      source.destroy()
    }
  }

  async #keep(layer: Layer): Promise<Layer> {
    const { chainId: id, diffId, driverId, parent, size } = layer
    const there = this.#db.layers.get(id)
    if (there === undefined)
      this.#db.layers.add({
        ...{ chain_id: id, diff_id: diffId, parent: parent ?? null, driver_id: driverId, size },
      })
    this.hold(id)
    if (there === undefined || there.driver_id === driverId) return layer
    // Without a promised diff id it could not be known before: the same content was here.
    await this.#driver.remove(driverId)
    return layerOf(there)
  }

  // #region references
  /** A use by this process, until release(). @throws EngineError `not-found` */
  hold(id: string): void {
    if (this.#db.layers.get(id) === undefined) throw new EngineError('not-found', `there is no layer ${id}`)
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1)
  }

  #letGo(id: string): void {
    const left = (this.#holds.get(id) ?? 0) - 1
    if (left > 0) this.#holds.set(id, left)
    else this.#holds.delete(id)
  }

  /** Ends a hold; the layer goes with its last use. */
  async release(id: string): Promise<void> {
    this.#letGo(id)
    await this.collect(id)
  }

  /** Removes a layer if nothing uses it, then the one below, and so on. @returns what went, the topmost first */
  async collect(id: string): Promise<Layer[]> {
    const removed: Layer[] = []
    for (let next: string | undefined = id; next !== undefined; ) {
      const row = this.#forget(next)
      if (row === undefined) break
      // The row went first: killed here, the directory is an orphan for the next open().
      await this.#removeDirectory(row)
      removed.push(layerOf(row))
      next = row.parent ?? undefined
    }
    return removed
  }

  /** After those of the layers above, which somebody else may be taking away. */
  async #removeDirectory({ chain_id, driver_id, parent }: LayerRow): Promise<void> {
    const above = [...this.#going].filter((one) => one.parent === chain_id)
    const gone = Promise.allSettled(above.map((one) => one.gone)).then(() => this.#driver.remove(driver_id))
    const going = { parent, gone }
    this.#going.add(going)
    try {
      await gone
    } finally {
      this.#going.delete(going)
    }
  }

  #forget(id: string): LayerRow | undefined {
    const row = this.#db.layers.get(id)
    if (row === undefined || this.#holds.has(id) || this.#db.layers.isUsed(id)) return undefined
    this.#db.layers.remove(id)
    return row
  }
  // #endregion references

  /**
   * A layer that is written: a container's, or a build step's. One that belongs to no container
   * (tables/containers.ts) when its process ends is removed with it.
   * @param driverId the caller's choice
   * @param parent chain id
   * @param prepare makes in the tree what every container has, and `diff` and `commit` shall not see: it goes
   *   into a layer of its own between the image and the container, as Docker's `<id>-init`
   */
  async createReadWrite(
    driverId: string,
    parent: string | undefined,
    prepare?: (tree: string) => Promise<void>,
  ): Promise<void> {
    const below = parent === undefined ? undefined : this.#db.layers.get(parent)
    if (parent !== undefined && below === undefined)
      throw new EngineError('not-found', `there is no layer ${parent}`)
    if (this.#db.layers.readWrite(driverId) !== undefined)
      throw new EngineError('conflict', `there is a layer ${driverId} already`)
    this.#db.layers.addReadWrite(driverId, parent)
    try {
      if (prepare) await this.#prepare(initOf(driverId), below?.driver_id, prepare)
      await this.#driver.createReadWrite(driverId, prepare ? initOf(driverId) : below?.driver_id)
    } catch (error) {
      await this.#driver.remove(initOf(driverId))
      await this.#forgetReadWrite(driverId)
      throw error
    }
  }

  async #prepare(
    id: string,
    below: string | undefined,
    prepare: (tree: string) => Promise<void>,
  ): Promise<void> {
    await this.#driver.createReadWrite(id, below)
    const tree = await this.#driver.get(id, true)
    try {
      await prepare(tree)
    } finally {
      await this.#driver.put(id)
    }
  }

  /** Its container's row has to be gone. Nothing when there is none. */
  async removeReadWrite(driverId: string): Promise<void> {
    await this.#driver.remove(driverId)
    await this.#driver.remove(initOf(driverId))
    await this.#forgetReadWrite(driverId)
  }

  /** After its directories: as long as the row is there, nobody takes the layer below for unused. */
  async #forgetReadWrite(driverId: string): Promise<void> {
    const row = this.#db.layers.readWrite(driverId)
    this.#db.layers.removeReadWrite(driverId)
    if (row?.parent) await this.collect(row.parent)
  }

  /** Layers that nothing uses, of the database alone: their directories are orphans then. */
  #forgetUnused(): void {
    for (const id of this.#db.layers.readWrites('unowned')) this.#db.layers.removeReadWrite(id)
    for (const { chain_id } of this.#db.layers.all())
      for (let next: string | null | undefined = chain_id; next; ) next = this.#forget(next)?.parent
  }
}

function newDriverId(): string {
  return randomBytes(32).toString('hex')
}

function layerOf({ chain_id, diff_id, parent, driver_id, size }: LayerRow): Layer {
  return { chainId: chain_id, diffId: diff_id, parent: parent ?? undefined, driverId: driver_id, size }
}

async function* hashed(tar: Readable, hash: Hash): AsyncIterable<Uint8Array> {
  for await (const chunk of tar) {
    hash.update(chunk)
    yield chunk
  }
}
