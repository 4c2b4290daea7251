// A graph driver, as far as all of them are alike: which layers there are and who is
// whose parent, how often each is in use, and what must not be done to it then.
// The rest is in the driver's mechanism (mechanism.ts).
//
// State, and who guards it:
//   on disk     <home>/<id>/{parent,committed}: written here alone, when a layer is made
//   in memory   #uses: how many have called get(). It dies with the process, and so do
//               the mounts, by the next one's cleanup()
//               #unsettled: those that are being made or removed, and so are nobody's parent
//   #turns      one verb at a time for each id: diff() takes a parent into use while its
//               owner may be doing the same
//
// A layer on top and its parent have turns of their own. So from the question whether there
// is a parent, or a child, to the sign that the other one will see, there is no await.
//
// What a layer changes is in difference.ts.
//
// Next: engine/drivers/graph/overlay2.ts
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Change } from '../../archive/change.ts'
import { type ArchiveLimits, defaultLimits } from '../../archive/limits.ts'
import type { Owners } from '../../archive/owners.ts'
import { EngineError, hasCode } from '../../errors.ts'
import { readMountinfo } from '../../syscalls/mountinfo.ts'
import { Turns } from '../../turns.ts'
import { changesOf, diffOf, sizeOfDiff } from './difference.ts'
import { explained } from './disk-full.ts'
import type { GraphDriver } from './driver.ts'
import type { Layer, Mechanism } from './mechanism.ts'
import { unmountBelow } from './mounted.ts'

interface Use {
  count: number
  path: string
}

export class LayeredDriver implements GraphDriver {
  readonly name: string
  readonly owners: Owners | undefined
  readonly #mechanism: Mechanism
  readonly #uses = new Map<string, Use>()
  readonly #unsettled = new Set<string>()
  readonly #turns = new Turns()
  #isLeft = false

  constructor(mechanism: Mechanism, owners?: Owners) {
    this.#mechanism = mechanism
    this.owners = owners
    this.name = mechanism.name
  }

  create(id: string, parent?: string): Promise<void> {
    return this.#turns.take(id, () => this.#create(id, parent, false))
  }

  createReadWrite(id: string, parent?: string): Promise<void> {
    return this.#turns.take(id, () => this.#create(id, parent, true))
  }

  async #create(id: string, parentId: string | undefined, writable: boolean): Promise<void> {
    const directory = this.#directory(id)
    const parent = parentId === undefined ? undefined : this.#layer(parentId)
    if (parent?.writable && this.#uses.has(parent.id))
      throw new EngineError('conflict', `the layer ${parent.id} is being written: stop using it first`)
    try {
      mkdirSync(directory, { mode: 0o700 })
    } catch (cause) {
      if (hasCode(cause, 'EEXIST')) throw new EngineError('conflict', `the layer ${id} is there already`)
      throw this.#explained(cause, `make the layer ${id}`)
    }
    const layer = { id, directory, writable, ...(parent ? { parent } : {}) }
    using _ = this.#unsettle(id)
    try {
      this.owners?.letPass(directory)
      if (parent) writeFileSync(join(directory, 'parent'), parent.id)
      // A container's layer that becomes a parent is written no more: whoever is above would see it change.
      if (parent?.writable) writeFileSync(join(parent.directory, 'committed'), '')
      if (!writable) writeFileSync(join(directory, 'committed'), '')
      await this.#mechanism.make(layer)
    } catch (cause) {
      await this.#destroy(layer)
      throw this.#explained(cause, `make the layer ${id}`)
    }
  }

  applyDiff(id: string, tar: Readable, limits: ArchiveLimits = defaultLimits): Promise<number> {
    // It may fail before anybody reads from it, and an error that nobody listens to ends the process.
    tar.on('error', () => {})
    return this.#turns.take(id, async () => {
      try {
        const layer = this.#layer(id)
        if (layer.writable)
          throw new EngineError('conflict', `the layer ${id} is a container's: no archive goes into it`)
        if (this.#uses.has(id) || this.#childOf(id) !== undefined)
          throw new EngineError('conflict', `the layer ${id} is in use: no archive goes into it any more`)
        return await this.#mechanism.fill(layer, tar, { limits, owners: this.owners })
      } catch (cause) {
        throw this.#explained(cause, `unpack the layer ${id}`)
      } finally {
        tar.destroy()
      }
    })
  }

  async changes(id: string): Promise<Change[]> {
    return this.#look(id, (layer) => changesOf(this, this.#mechanism, layer))
  }

  async diffSize(id: string): Promise<number> {
    return this.#look(id, (layer) => sizeOfDiff(this, this.#mechanism, layer))
  }

  async diff(id: string): Promise<Readable> {
    return this.#look(id, (layer) => diffOf(this, this.#mechanism, layer))
  }

  /** Whoever removes it meanwhile takes away what is being looked at. */
  async #look<T>(id: string, work: (layer: Layer) => Promise<T>): Promise<T> {
    const layer = this.#layer(id)
    try {
      return await work(layer)
    } catch (cause) {
      throw hasCode(cause, 'ENOENT') ? new EngineError('not-found', `no such layer: ${id}`, { cause }) : cause
    }
  }

  get(id: string, once?: boolean): Promise<string> {
    return this.#turns.take(id, async () => {
      const use = this.#uses.get(id)
      if (use) {
        use.count++
        return use.path
      }
      const path = await this.#mechanism.mount(this.#layer(id), once)
      this.#uses.set(id, { count: 1, path })
      return path
    })
  }

  put(id: string): Promise<void> {
    return this.#turns.take(id, async () => {
      const use = this.#uses.get(id)
      if (!use) throw new EngineError('conflict', `the layer ${id} is not in use`)
      if (use.count === 1) await this.#mechanism.unmount(this.#layer(id))
      if (--use.count === 0) this.#uses.delete(id)
    })
  }

  remove(id: string): Promise<void> {
    return this.#turns.take(id, async () => {
      const directory = this.#directory(id)
      if (!(await this.exists(id))) return
      if (this.#uses.has(id)) throw new EngineError('conflict', `the layer ${id} is in use`)
      const child = this.#childOf(id)
      if (child !== undefined)
        throw new EngineError('conflict', `the layer ${id} is the parent of ${child}: remove that first`)
      using _ = this.#unsettle(id)
      await this.#destroy({ id, directory, writable: true })
    })
  }

  /** `parent` goes last: as long as anything is there, the layer below has to stay. */
  async #destroy(layer: Layer): Promise<void> {
    await this.#mechanism.destroy(layer)
    for (const name of await readdir(layer.directory).catch(() => []))
      if (name !== 'parent') await rm(join(layer.directory, name), { recursive: true, force: true })
    await rm(layer.directory, { recursive: true, force: true })
  }

  async exists(id: string): Promise<boolean> {
    return existsSync(this.#directory(id)) && !this.#unsettled.has(id)
  }

  async list(): Promise<string[]> {
    return this.#list()
  }

  #list(): string[] {
    const { home, reserved } = this.#mechanism
    return readdirSync(home, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && valid.test(entry.name) && !reserved.includes(entry.name))
      .map((entry) => entry.name)
      .sort()
  }

  async metadata(id: string): Promise<Record<string, string>> {
    return this.#look(id, (layer) => this.#mechanism.metadata(layer))
  }

  status(): Promise<readonly (readonly [name: string, value: string])[]> {
    return this.#mechanism.status()
  }

  async cleanup(kept: readonly string[] = []): Promise<string[]> {
    const taken = kept.filter((id) => this.#takeOver(id))
    const inUse = [...this.#uses.keys()].map((id) => this.#layer(id))
    unmountBelow(
      this.#mechanism.home,
      [...this.#uses.values()].map(({ path }) => path),
    )
    await this.#mechanism.cleanup(inUse)
    // Of a process that was killed while it looked whether this driver works here.
    for (const name of await readdir(this.#mechanism.home))
      if (name.startsWith('.probe-'))
        await rm(join(this.#mechanism.home, name), { recursive: true, force: true })
    return taken
  }

  /** @returns whether it is still mounted; without mounts there is nothing to take over */
  #takeOver(id: string): boolean {
    if (!existsSync(this.#directory(id))) return false
    const layer = this.#layer(id)
    const path = this.#mechanism.view(layer)
    const isMounted = readMountinfo().some(
      ({ where }) => where.startsWith(`${layer.directory}/`) && `${path}/`.startsWith(`${where}/`),
    )
    if (isMounted) this.#uses.set(id, { count: 1, path })
    return isMounted
  }

  leave(id: string): void {
    if (this.#uses.delete(id)) this.#isLeft = true
  }

  async close(): Promise<void> {
    for (const id of [...this.#uses.keys()])
      await this.#turns.take(id, async () => {
        await this.#mechanism.unmount(this.#layer(id))
        this.#uses.delete(id)
      })
    // What holds the mounts that stay, stays too.
    if (!this.#isLeft) await this.#mechanism.close()
  }

  /** An id becomes a path: nothing passes that could lead elsewhere. */
  #directory(id: string): string {
    const { home, reserved } = this.#mechanism
    if (!valid.test(id))
      throw new EngineError(
        'invalid',
        `${JSON.stringify(id)} is no id of a layer: 1 to 128 of a-z A-Z 0-9 - _`,
      )
    if (reserved.includes(id))
      throw new EngineError('invalid', `a layer cannot be called ${id}: the driver's own files are there`)
    return join(home, id)
  }

  /** With all that is below it. Synchronous: for each of up to 128 layers two files of a few bytes are looked at, and a turn of the event loop for each would take ten times as long. */
  #layer(id: string): Layer {
    const directory = this.#directory(id)
    if (!existsSync(directory) || this.#unsettled.has(id))
      throw new EngineError('not-found', `no such layer: ${id}`)
    const writable = !existsSync(join(directory, 'committed'))
    const parent = this.#parentOf(id)
    return { id, directory, writable, ...(parent === undefined ? {} : { parent: this.#layer(parent) }) }
  }

  /** Undefined for a layer that has none, and for one that is gone: whoever looks through all of them meets those that others remove meanwhile. */
  #parentOf(id: string): string | undefined {
    try {
      return readFileSync(join(this.#directory(id), 'parent'), 'utf8')
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return undefined
      throw cause
    }
  }

  #childOf(id: string): string | undefined {
    return this.#list().find((other) => this.#parentOf(other) === id)
  }

  #unsettle(id: string): Disposable {
    this.#unsettled.add(id)
    return { [Symbol.dispose]: () => void this.#unsettled.delete(id) }
  }

  #explained(cause: unknown, intent: string): unknown {
    return explained(cause, intent, this.#mechanism.home)
  }
}

const valid = /^[a-zA-Z0-9_-]{1,128}$/
