// An image comes into being: its blobs, its layers, its row, its names; in this order.
//
//   config, manifest ──> content store
//   layer 1 … n      ──> register(), each on top of the last, and held
//   image and names  ──> one transaction
//
// Up to the transaction nobody sees anything. Killed before it, there are blobs and layers
// that no image has, which the next open() and the next prune take away.
//
// Every way in ends here: pull, load, import, commit, bootstrap.
// Next: engine/graph/images.ts
import type { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import { chainIds } from './chain-id.ts'
import { sha256 } from './digest.ts'
import type { Graph } from './graph.ts'
import { createdAt, diffIdsOf, parseImageConfig } from './image-config.ts'
import { parseManifest, requireImage } from './manifest.ts'
import { formatReference, type Reference, withDefaultTag } from './reference.ts'
import type { ImageRow } from './tables/images.ts'

export interface NewLayer {
  diffId: string
  /** The archive, not compressed. Asked only when the layer is not there already. */
  open(): Readable | Promise<Readable>
  /** The blob that it comes from, when the content store has it: for `save` and `push`. */
  blob?: { digest: string; mediaType: string; size: number }
}

export interface NewImage {
  /** Exactly these bytes: their digest is the image's id. */
  config: Uint8Array
  /** As it came. Its layers are the blobs that the image keeps. */
  manifest?: Uint8Array
  /** The lowest first. */
  layers: readonly NewLayer[]
  /** With a tag, a digest, or both; each becomes a name. */
  references?: readonly Reference[]
  /** Id of the image that it was made from, when that is here. */
  parent?: string
  /** Further blobs to keep: the index that led to the manifest. */
  keep?: readonly string[]
}

/**
 * @returns the image's id; when the image is there already, it gets the names
 * @throws EngineError `invalid` when config, manifest and layers do not fit each other
 */
export async function registerImage(graph: Graph, image: NewImage): Promise<{ imageId: string }> {
  using _lease = graph.content.lease()
  const config = parseImageConfig(image.config, image.layers.length)
  const id = sha256(image.config)
  const diffIds = diffIdsOf(config)
  image.layers.forEach(({ diffId }, index) => {
    if (diffId !== diffIds[index])
      throw new EngineError('invalid', `layer ${index} is ${diffId}, and the config names ${diffIds[index]}`)
  })
  const layers = blobsOf(image, id)
  await graph.content.put(image.config, id)
  const manifest = image.manifest && (await graph.content.put(image.manifest))

  const chain = chainIds(diffIds)
  // What is held goes with its last use: if we fail, that is now.
  await using held = new AsyncDisposableStack()
  for (const [index, { diffId, open }] of image.layers.entries()) {
    const { chainId } = await graph.layers.register(chain[index - 1], open, diffId)
    held.defer(() => graph.layers.release(chainId))
  }

  const row: ImageRow = {
    id,
    // It may have been removed while the layers were unpacked.
    parent: graph.db.images.get(image.parent ?? '')?.id ?? null,
    top_layer: chain.at(-1) ?? null,
    manifest: manifest ?? null,
    created: createdAt(config.created),
    last_tagged: null,
  }
  const kept = [
    id,
    ...(manifest ? [manifest] : []),
    ...layers.map(({ digest }) => digest),
    ...(image.keep ?? []),
  ]
  graph.db.transaction(() => {
    for (const { digest, diffId, mediaType, size } of layers)
      graph.db.blobs.addLayer({ digest, diff_id: diffId, media_type: mediaType, size })
    addOrUpdate(graph, row, kept)
    for (const reference of image.references ?? [])
      for (const name of namesFor(reference)) graph.db.names.set(name, id)
  })
  return { imageId: id }
}

/** The same image may come by another way: with its manifest it knows more than without. */
function addOrUpdate({ db }: Graph, row: ImageRow, blobs: readonly string[]): void {
  const there = db.images.get(row.id)
  if (there === undefined) db.images.add(row)
  if (there !== undefined && row.manifest !== null) db.images.setManifest(row.id, row.manifest)
  if (there === undefined || row.manifest !== null || there.manifest === null) db.blobs.setOf(row.id, blobs)
}

interface LayerBlob {
  digest: string
  diffId: string
  mediaType: string
  size: number
}

function blobsOf({ manifest: bytes, layers }: NewImage, id: string): LayerBlob[] {
  if (bytes === undefined) return layers.flatMap(({ diffId, blob }) => (blob ? [{ ...blob, diffId }] : []))
  const parsed = parseManifest(bytes)
  if (parsed.kind === 'index')
    throw new EngineError('invalid', 'an index is no image: choose a manifest of it')
  const { manifest } = parsed
  requireImage(manifest)
  if (manifest.config.digest !== id)
    throw new EngineError(
      'invalid',
      `the manifest names the config ${manifest.config.digest}, and it is ${id}`,
    )
  if (manifest.layers.length !== layers.length)
    throw new EngineError(
      'invalid',
      `the manifest names ${manifest.layers.length} layers of ${layers.length}`,
    )
  return layers.flatMap(({ diffId }, index) => {
    const descriptor = manifest.layers[index]
    return descriptor === undefined
      ? []
      : [{ digest: descriptor.digest, diffId, mediaType: descriptor.mediaType, size: descriptor.size }]
  })
}

/** `a:1@sha256:…` is two names: what was asked for, and what it was then. */
function namesFor(reference: Reference): string[] {
  const { digest, tag, ...repository } = withDefaultTag(reference)
  return [
    ...(tag === undefined ? [] : [formatReference({ ...repository, tag })]),
    ...(digest === undefined ? [] : [formatReference({ ...repository, digest })]),
  ]
}
