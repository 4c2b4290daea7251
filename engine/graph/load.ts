// `load`: images from an archive, of either kind or of both.
//
//   Docker's     manifest.json: a list of { Config, RepoTags, Layers }, paths in the archive
//   OCI's        index.json and blobs/sha256/…: an image layout, in a tar
//
// Docker since 25 writes both into one. Then manifest.json says which images there are, and
// the manifest of each is looked for in index.json: with it, the image has the same digest
// as where it was saved.
//
// The files come first, all of them, and are hashed on the way (image-archive.ts). Images
// are registered after that, one after the other; each is there whole, or not at all.
//
// OCI image specification 1.1, image-layout.md; Docker's image specification 1.2.
// Next: engine/graph/save.ts
import type { Readable } from 'node:stream'
import * as z from 'zod/mini'
import type { OnProgress } from '../api/progress.ts'
import { EngineError } from '../errors.ts'
import { shortDigest } from './digest.ts'
import { optional, parseDocument } from './document.ts'
import type { Graph } from './graph.ts'
import { ImageArchive, largestDocument } from './image-archive.ts'
import { diffIdsOf, largestConfig, parseImageConfig } from './image-config.ts'
import { requirePlatform } from './image-platform.ts'
import { layerFromBlob, layerMediaType } from './layer-blob.ts'
import { blobPath, type LayoutImage, layoutImages, matchingManifest } from './oci-layout.ts'
import type { Platform } from './platform.ts'
import { formatReference, parseReference, type Reference } from './reference.ts'
import { type NewLayer, registerImage } from './register-image.ts'

export interface LoadOptions {
  /** Of an image for several, which to take; left out, what this machine can run. */
  platform?: Platform
  onProgress?: OnProgress
}

export interface LoadedImage {
  imageId: string
  /** Familiar; empty when the archive gives it no name. */
  names: string[]
}

const dockerSchema = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: optional(z.array(z.string())),
    Layers: optional(z.array(z.string())),
  }),
)

/**
 * @param stream of the archive, compressed or not
 * @throws EngineError `invalid` when it is no image archive, is broken, or not what its digests say
 */
export async function loadImages(
  graph: Graph,
  stream: Readable,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const lease = graph.content.lease()
  const added = new Set<string>()
  try {
    const archive = await ImageArchive.read(graph.content, stream, added)
    const loaded: LoadedImage[] = []
    const plans = await planOf(graph, archive, options.platform)
    // Before anything is registered: an archive is loaded, or it is not.
    if (options.platform !== undefined)
      for (const plan of plans) requirePlatformOfPlan(plan, options.platform)
    for (const plan of plans) loaded.push(await loadOne(graph, plan, options.onProgress))
    return loaded
  } finally {
    lease[Symbol.dispose]()
    // What belongs to no image, or to one that failed.
    for (const digest of added) graph.content.drop(digest, (one) => graph.db.blobs.isNeeded(one))
  }
}

interface ImagePlan {
  config: Buffer
  manifest: Buffer | undefined
  layers: { digest: string; size: number; mediaType: string }[]
  references: Reference[]
}

function requirePlatformOfPlan({ config, layers, references }: ImagePlan, platform: Platform): void {
  const [name] = references.map((one) => formatReference(one, 'familiar'))
  requirePlatform(name ?? 'of the archive', parseImageConfig(config, layers.length), platform)
}

async function planOf(
  graph: Graph,
  archive: ImageArchive,
  platform: Platform | undefined,
): Promise<ImagePlan[]> {
  const docker = archive.document('manifest.json')
  const index = archive.document('index.json')
  if (docker !== undefined) {
    const plans: ImagePlan[] = []
    for (const item of parseDocument(docker, 'manifest.json', dockerSchema, largestDocument))
      plans.push(await dockerImage(graph, archive, item, index))
    return plans
  }
  if (index === undefined)
    throw new EngineError(
      'invalid',
      'this is no image archive: it has neither a manifest.json nor an index.json',
    )
  const plans: ImagePlan[] = []
  for (const image of await layoutImages(graph.content, archive, index, platform))
    plans.push(await layoutImage(graph, archive, image))
  return plans
}

async function dockerImage(
  graph: Graph,
  archive: ImageArchive,
  item: z.infer<typeof dockerSchema>[number],
  index: Buffer | undefined,
): Promise<ImagePlan> {
  const { digest } = archive.blob(item.Config)
  const config = await graph.content.readBytes(digest, largestConfig)
  const references = (item.RepoTags ?? []).map(parseReference)
  const known =
    index && (await matchingManifest(graph.content, archive, index, digest, item.Layers?.length ?? 0))
  if (known !== undefined) return { ...(await layoutImage(graph, archive, known)), references }
  const layers: ImagePlan['layers'] = []
  for (const path of item.Layers ?? []) {
    const blob = archive.blob(path)
    layers.push({ ...blob, mediaType: await layerMediaType(graph.content, blob.digest) })
  }
  return { config, manifest: undefined, layers, references }
}

async function layoutImage(graph: Graph, archive: ImageArchive, image: LayoutImage): Promise<ImagePlan> {
  const { manifest, bytes, name } = image
  // Asked of the archive: what the store has by chance is no part of it.
  for (const { digest } of [manifest.config, ...manifest.layers]) archive.blob(blobPath(digest))
  return {
    config: await graph.content.readBytes(manifest.config.digest, largestConfig),
    manifest: bytes,
    layers: manifest.layers,
    references: name === undefined ? [] : [name],
  }
}

async function loadOne(
  graph: Graph,
  plan: ImagePlan,
  onProgress: OnProgress = () => {},
): Promise<LoadedImage> {
  const diffIds = diffIdsOf(parseImageConfig(plan.config, plan.layers.length))
  const layers = plan.layers.map(({ digest, size, mediaType }, index): NewLayer => {
    const diffId = diffIds[index] ?? ''
    const id = shortDigest(diffId)
    const tell = (current: number): void =>
      onProgress({ id, status: 'Loading layer', progressDetail: { current, total: size } })
    return layerFromBlob(graph.content, diffId, { digest, size, mediaType }, tell)
  })
  const { config, manifest, references } = plan
  const before = references.map((one) => graph.db.names.get(formatReference(one)))
  const { imageId } = await registerImage(graph, {
    ...{ config, layers, references },
    ...(manifest === undefined ? {} : { manifest }),
  })
  const names = references.map((one) => formatReference(one, 'familiar'))
  before.forEach((old, index) => {
    if (old !== undefined && old !== imageId)
      onProgress({
        status: `The image ${names[index]} already exists, renaming the old one with ID ${old} to empty string`,
      })
  })
  if (names.length === 0) onProgress({ status: `Loaded image ID: ${imageId}` })
  for (const name of names) onProgress({ status: `Loaded image: ${name}` })
  return { imageId, names }
}
