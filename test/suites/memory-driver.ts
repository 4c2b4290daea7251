// A graph driver without a disk: it keeps the archives it gets. For tests of what is above
// drivers: who asks for what, in which order, and what happens when it fails.
import type { Readable } from 'node:stream'
import { Readable as Stream } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Change } from '../../engine/archive/change.ts'
import type { GraphDriver } from '../../engine/drivers/graph/driver.ts'
import { EngineError } from '../../engine/errors.ts'

interface MemoryLayer {
  parent: string | undefined
  tar: Buffer
  changes: Change[]
}

export class MemoryDriver implements GraphDriver {
  readonly name = 'memory'
  readonly layers = new Map<string, MemoryLayer>()
  /** Verbs that were called, `remove` and its id, in order. */
  readonly calls: string[] = []
  /** Asked before each unpacking. */
  beforeApply: (id: string) => Promise<void> = async () => {}

  async create(id: string, parent?: string): Promise<void> {
    this.calls.push(`create ${id}`)
    if (this.layers.has(id)) throw new EngineError('conflict', `layer ${id} is there`)
    if (parent !== undefined && !this.layers.has(parent))
      throw new EngineError('not-found', `no layer ${parent}`)
    this.layers.set(id, { parent, tar: Buffer.alloc(0), changes: [] })
  }

  createReadWrite(id: string, parent?: string): Promise<void> {
    return this.create(id, parent)
  }

  async applyDiff(id: string, tar: Readable): Promise<number> {
    await this.beforeApply(id)
    const layer = this.#layer(id)
    layer.tar = await buffer(tar)
    return layer.tar.length
  }

  async diff(id: string): Promise<Readable> {
    return Stream.from([this.#layer(id).tar], { objectMode: false })
  }

  async changes(id: string): Promise<Change[]> {
    return this.#layer(id).changes
  }

  async diffSize(id: string): Promise<number> {
    return this.#layer(id).tar.length
  }

  async get(id: string): Promise<string> {
    this.#layer(id)
    throw new EngineError('not-implemented', 'memory is no directory')
  }

  async put(): Promise<void> {}

  async remove(id: string): Promise<void> {
    this.calls.push(`remove ${id}`)
    if ([...this.layers.values()].some(({ parent }) => parent === id))
      throw new EngineError('conflict', `layer ${id} is the parent of another`)
    this.layers.delete(id)
  }

  async exists(id: string): Promise<boolean> {
    return this.layers.has(id)
  }

  async list(): Promise<string[]> {
    return [...this.layers.keys()]
  }

  async metadata(id: string): Promise<Record<string, string>> {
    this.#layer(id)
    return { Memory: id }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    return []
  }

  async cleanup(): Promise<string[]> {
    this.calls.push('cleanup')
    return []
  }

  leave(id: string): void {
    this.calls.push(`leave ${id}`)
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }

  #layer(id: string): MemoryLayer {
    const layer = this.layers.get(id)
    if (layer === undefined) throw new EngineError('not-found', `no layer ${id}`)
    return layer
  }
}
