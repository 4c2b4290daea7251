// Volumes: directories that outlive the containers which write into them.
//
//   <root>/volumes/data/_data      what a container sees where it asked for `-v data:/srv`
//
// A volume is one row and one directory. The row is made first, so a killed daemon leaves a
// row whose directory is made when it is used. What is removed is called otherwise first, at
// once with its row: whoever makes one of that name meanwhile gets a new directory. What is
// called so, open() removes; never what only has no row: each storage driver has a database
// of its own, and who comes back to the first one wants his volumes again.
//
// With options it is a mount: type, device and o are those of mount(8), and it is
// mounted while somebody uses it (volume-mount.ts).
//
// Called by the jobs of volumes, and by those that make containers.
// Next: engine/daemon/volumes/volume-mount.ts
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { Volume } from '../../api/volume.ts'
import type { Owners } from '../../archive/owners.ts'
import { EngineError, errorLine, hasCode } from '../../errors.ts'
import type { GraphDB } from '../../graph/graphdb.ts'
import type { VolumeRow } from '../../graph/tables/volumes.ts'
import { checkVolumeOptions, VolumeMounts } from './volume-mount.ts'

export interface NewVolume {
  /** Left out: 64 digits, and anonymous. */
  name?: string
  driver?: string
  labels?: Record<string, string>
  options?: Record<string, string>
}

export class VolumeStore {
  readonly #db: GraphDB
  readonly #directory: string
  readonly #owners: Owners | undefined
  readonly #mounts = new VolumeMounts()

  private constructor(db: GraphDB, directory: string, owners: Owners | undefined) {
    this.#db = db
    this.#directory = directory
    this.#owners = owners
  }

  /** @param inUse names of those that running containers have, once for each place where they have it @param owners where containers have users of their own: a new volume is their root's */
  static async open(
    db: GraphDB,
    root: string,
    inUse: readonly string[],
    warn: (line: string) => void,
    owners?: Owners,
  ): Promise<VolumeStore> {
    const directory = join(root, 'volumes')
    await mkdir(directory, { recursive: true, mode: 0o701 })
    const store = new VolumeStore(db, directory, owners)
    for (const row of db.volumes.all())
      if (optionsOf(row) === undefined || stringsOf(row.labels) === undefined) warn(damage(row.name))
    for (const name of await readdir(directory)) {
      store.#mounts.takeOver(store.#data(name), inUse.filter((one) => one === name).length)
      // What cannot go just now is tried again by the next daemon.
      if (name.startsWith('.'))
        await rm(join(directory, name), { recursive: true, force: true }).catch((error: unknown) =>
          warn(`what is left of a volume that was removed: ${errorLine(error)}`),
        )
    }
    return store
  }

  /**
   * One that has the name already is the answer, too, as for Docker.
   * @param user id of the container that it is for: from here on nobody else removes it
   * @throws EngineError `invalid`; `conflict` when that one is different
   */
  create({ name, driver = 'local', labels = {}, options = {} }: NewVolume, user?: string): Volume {
    if (driver !== '' && driver !== 'local')
      throw new EngineError(
        'not-found',
        `create ${name || 'a volume'}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      )
    if (name !== undefined && name !== '') {
      checkName(name)
      const there = this.#db.volumes.get(name)
      if (there !== undefined) {
        const volume = this.#existing(there, options)
        if (user !== undefined) this.#db.volumes.use(name, user)
        return volume
      }
    }
    checkVolumeOptions(name || 'a volume', options)
    const row: VolumeRow = {
      name: name || randomBytes(32).toString('hex'),
      labels: JSON.stringify(labels),
      options: JSON.stringify(options),
      anonymous: name ? 0 : 1,
      created: Date.now(),
    }
    this.#db.volumes.add(row)
    if (user !== undefined) this.#db.volumes.use(row.name, user)
    this.#make(row.name)
    return this.#wire(row)
  }

  #existing(row: VolumeRow, options: Record<string, string>): Volume {
    if (Object.keys(options).length > 0 && JSON.stringify(options) !== row.options)
      throw new EngineError(
        'conflict',
        `there is a volume ${row.name} with other options: take another name, or remove that one`,
      )
    return this.#wire(row)
  }

  /** @throws EngineError `not-found` */
  get(name: string): Volume {
    return this.#wire(this.#row(name))
  }

  list(): Volume[] {
    return this.#db.volumes.all().map((row) => this.#wire(row))
  }

  has(name: string): boolean {
    return this.#db.volumes.get(name) !== undefined
  }

  users(name: string): string[] {
    return this.#db.volumes.users(name)
  }

  isAnonymous(name: string): boolean {
    return this.#row(name).anonymous === 1
  }

  /** Anonymous volumes of a container: `rm -v` takes them along. */
  anonymousOf(container: string): string[] {
    return this.#db.volumes.of(container).flatMap(({ name, anonymous }) => (anonymous === 1 ? [name] : []))
  }

  /** @throws EngineError `not-found`; `conflict` while a container has it, running or not */
  async remove(name: string): Promise<void> {
    this.#row(name)
    const users = this.users(name)
    if (users.length > 0)
      throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`)
    this.#db.volumes.remove(name)
    this.#mounts.forget(this.#data(name))
    // No volume has a dot in front.
    const going = join(this.#directory, `.${randomBytes(8).toString('hex')}`)
    try {
      renameSync(join(this.#directory, name), going)
    } catch (error) {
      // Somebody has cleaned the disk by hand.
      if (!hasCode(error, 'ENOENT')) throw error
    }
    await rm(going, { recursive: true, force: true })
  }

  /** The directory to bind into a container, mounted if it is a mount; until release(). */
  async acquire(name: string): Promise<string> {
    const options = optionsOf(this.#row(name))
    // Without them nobody knows what belongs there.
    if (options === undefined) throw new EngineError('unavailable', damage(name))
    this.#make(name)
    await this.#mounts.acquire(this.#data(name), options)
    return this.#data(name)
  }

  release(name: string): void {
    this.#mounts.release(this.#data(name))
  }

  #row(name: string): VolumeRow {
    const row = this.#db.volumes.get(name)
    if (row === undefined) throw new EngineError('not-found', `get ${name}: no such volume`)
    return row
  }

  #data(name: string): string {
    return join(this.#directory, name, '_data')
  }

  #make(name: string): void {
    mkdirSync(join(this.#directory, name), { recursive: true, mode: 0o701 })
    const made = mkdirSync(this.#data(name), { recursive: true, mode: 0o755 })
    if (made !== undefined) this.#owners?.give(this.#data(name))
  }

  #wire(row: VolumeRow): Volume {
    const options = optionsOf(row) ?? {}
    return {
      Name: row.name,
      Driver: 'local',
      Mountpoint: this.#data(row.name),
      CreatedAt: new Date(row.created).toISOString().replace(/\.\d+Z$/, 'Z'),
      Labels: labelsOf(row),
      Scope: 'local',
      Options: Object.keys(options).length === 0 ? null : options,
    }
  }
}

/** Docker's words. */
function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw new EngineError(
      'invalid',
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    )
  if (name.length < 2)
    throw new EngineError(
      'invalid',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    )
  if (name.length > 255)
    throw new EngineError('invalid', `create ${name.slice(0, 32)}…: the name is too long`)
}

function damage(name: string): string {
  return `the record of volume ${name} is damaged, or of a newer tockerd: its files are there; "docker volume rm ${name}" removes it and them`
}

function optionsOf({ options }: VolumeRow): Record<string, string> | undefined {
  return stringsOf(options)
}

/** @returns undefined for what no engine wrote */
function stringsOf(text: string): Record<string, string> | undefined {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function labelsOf({ labels, anonymous }: VolumeRow): Record<string, string> | null {
  const own = stringsOf(labels) ?? {}
  const all = anonymous === 1 ? { ...own, 'com.docker.volume.anonymous': '' } : own
  return Object.keys(all).length === 0 ? null : all
}
