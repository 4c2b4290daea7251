// `rmi`: takes a name away, and with the last one the image, its layers and its blobs.
//
// By name: only that name goes; the image follows when it was the last, and quietly stays
// when something needs it. By id: the image is meant, and its names go along if they are
// of one repository. What stands against it is of two kinds:
//
//   hard   other images are made from it; a container of it runs
//   soft   it has other names; a stopped container is of it. -f goes over that
//
// The database first, all of it or nothing; then directories and blobs. Killed in between,
// they are garbage for the next open() and the next prune.
//
// Rules and words are Docker's (daemon/images/image_delete.go): scripts match on them.
// Next: engine/graph/prune-images.ts
import type { ImageDeleteResponseItem } from '../api/image.ts'
import { EngineError } from '../errors.ts'
import { shortDigest } from './digest.ts'
import type { Graph } from './graph.ts'
import { findImage, isIdOf, nameKey } from './images.ts'
import { formatReference, parseReference, repositoryName } from './reference.ts'
import type { ImageRow } from './tables/images.ts'

export interface RemoveOptions {
  force?: boolean
  /** Leaves the images without a name that it was made from; else they go, too. */
  noPrune?: boolean
  /** The graph does not know which container runs. */
  isRunning?: (containerId: string) => boolean
}

interface Removed {
  items: ImageDeleteResponseItem[]
  /** Bytes of layers and blobs that are gone. */
  bytes: number
}

export async function removeImage(
  graph: Graph,
  text: string,
  options: RemoveOptions = {},
): Promise<ImageDeleteResponseItem[]> {
  return (await removeAndCount(graph, text, options)).items
}

export async function removeAndCount(graph: Graph, text: string, options: RemoveOptions): Promise<Removed> {
  const removal = new Removal(graph, options)
  graph.db.transaction(() => removal.remove(text))
  return removal.finish()
}

interface Conflict {
  hard: boolean
  /** By a container. */
  used: boolean
  message: string
}

class Removal {
  readonly #graph: Graph
  readonly #options: RemoveOptions
  readonly #items: (ImageDeleteResponseItem | { image: ImageRow; blobs: string[] })[] = []

  constructor(graph: Graph, options: RemoveOptions) {
    this.#graph = graph
    this.#options = options
  }

  /** Inside the transaction. */
  remove(text: string): void {
    const { db } = this.#graph
    const image = findImage(this.#graph, text)
    const names = db.names.of(image.id)
    if (isIdOf(image.id, text)) {
      if (isOneRepository(names)) {
        const conflict = this.#conflict(image.id, this.#options.force === true, false)
        if (conflict !== undefined) throw conflictError(image.id, conflict)
        this.#untag(names)
      }
      this.#delete(image, this.#options.force === true, false)
      return
    }
    const user = db.containers.of(image.id)[0]
    if (this.#options.force !== true && isOneRepository(names) && user !== undefined)
      throw new EngineError(
        'conflict',
        `conflict: unable to remove repository reference ${JSON.stringify(text)} (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${shortDigest(image.id)}`,
      )
    this.#untagOne(text)
    if (db.names.of(image.id).length === 0) this.#delete(image, this.#options.force === true, true)
  }

  /** With the last tag of a repository, its digests have nothing to stand for. */
  #untagOne(text: string): void {
    const reference = parseReference(text)
    const image = findImage(this.#graph, text).id
    this.#untag([nameKey(reference)])
    if (reference.digest !== undefined) return
    const ofRepository = this.#graph.db.names
      .of(image)
      .filter((name) => repositoryName(parseReference(name)) === repositoryName(reference))
    if (ofRepository.every(isDigest)) this.#untag(ofRepository)
  }

  #untag(names: readonly string[]): void {
    for (const name of names) {
      this.#graph.db.names.remove(name)
      this.#items.push({ Untagged: formatReference(parseReference(name), 'familiar') })
    }
  }

  // #region delete-image
  #delete(image: ImageRow, force: boolean, quiet: boolean): void {
    const { db } = this.#graph
    const conflict = this.#conflict(image.id, force, true)
    if (conflict !== undefined) {
      const isDangling = db.names.of(image.id).length === 0 && db.images.children(image.id).length === 0
      // It had a name, and lost that. That it lives on is no error, but for one that nobody could find again.
      if (quiet && (!isDangling || conflict.used)) return
      throw conflictError(image.id, conflict)
    }
    this.#untag(db.names.of(image.id))
    const blobs = db.blobs.of(image.id)
    db.images.remove(image.id)
    this.#items.push({ image, blobs })
    const parent = image.parent === null ? undefined : db.images.get(image.parent)
    if (parent !== undefined && this.#options.noPrune !== true && db.names.of(parent.id).length === 0)
      this.#delete(parent, false, true)
  }
  // #endregion delete-image

  #conflict(id: string, force: boolean, countNames: boolean): Conflict | undefined {
    const { db } = this.#graph
    if (db.images.children(id).length > 0)
      return { hard: true, used: false, message: 'image has dependent child images' }
    const containers = db.containers.of(id)
    const running = containers.find((one) => this.#options.isRunning?.(one.id) === true)
    if (running !== undefined)
      return {
        hard: true,
        used: true,
        message: `image is being used by running container ${running.id.slice(0, 12)}`,
      }
    if (force) return undefined
    if (countNames && db.names.of(id).length > 0)
      return { hard: false, used: false, message: 'image is referenced in multiple repositories' }
    const [stopped] = containers
    if (stopped !== undefined)
      return {
        hard: false,
        used: true,
        message: `image is being used by stopped container ${stopped.id.slice(0, 12)}`,
      }
    return undefined
  }

  /** After the transaction: what nothing needs any more leaves the disk. */
  async finish(): Promise<Removed> {
    const { content, db, layers } = this.#graph
    const items: ImageDeleteResponseItem[] = []
    let bytes = 0
    for (const item of this.#items) {
      if (!('image' in item)) {
        items.push(item)
        continue
      }
      items.push({ Deleted: item.image.id })
      const gone = item.image.top_layer === null ? [] : await layers.collect(item.image.top_layer)
      for (const { chainId, size } of gone) {
        items.push({ Deleted: chainId })
        bytes += size
      }
      for (const digest of item.blobs) {
        const size = content.drop(digest, (one) => db.blobs.isNeeded(one))
        bytes += size ?? 0
      }
    }
    return { items, bytes }
  }
}

function isDigest(name: string): boolean {
  return parseReference(name).digest !== undefined
}

/** One tag at most, and all of one repository; nothing at all is not one. */
function isOneRepository(names: readonly string[]): boolean {
  const repositories = new Set(names.map((name) => repositoryName(parseReference(name))))
  return repositories.size === 1 && names.filter((name) => !isDigest(name)).length <= 1
}

function conflictError(id: string, { hard, message }: Conflict): EngineError {
  const force = hard ? 'cannot be forced' : 'must be forced'
  return new EngineError('conflict', `conflict: unable to delete ${shortDigest(id)} (${force}) - ${message}`)
}
