// `tocker push`: an image goes to a registry, from its parts to its name.
//
//   layers     five at a time: there already? in another repository there? else sent  (upload.ts)
//   config     the same way
//   manifest   PUT /v2/<repository>/manifests/<tag>
//
// The order is the protocol's: a registry takes no manifest whose blobs it does not have.
// So until the last request nobody sees anything of the new image, and the tag never
// names half of one.
//
// An image that was pulled has its manifest in the content store, byte for byte, and that
// is what goes up. One that was made here gets a manifest of Docker's kind, which every
// registry takes, and keeps it: pushed once more, it has the same digest.
// Next: engine/distribution/layer-blob.ts
import type { OnProgress } from '../api/progress.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { nameKey } from '../graph/images.ts'
import type { Descriptor } from '../graph/manifest.ts'
import {
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from '../graph/reference.ts'
import type { ImageRow } from '../graph/tables/images.ts'
import type { LayerRow } from '../graph/tables/layers.ts'
import { expectSuccess } from './body.ts'
import { atRegistry, pushScope, type RegistryClient } from './client.ts'
import { isForeign } from './download.ts'
import { collectLess } from './garbage.ts'
import { atMost } from './gate.ts'
import { candidatesFor, packLayer } from './layer-blob.ts'
import { type LayerProgress, layerProgress } from './progress.ts'
import { keptManifest, manifestFor, type PushManifest } from './push-manifest.ts'
import type { RegistryOptions } from './registry.ts'
import { discard } from './transport.ts'
import { type BlobTarget, blobExists, upload } from './upload.ts'

export interface PushOptions {
  registry: RegistryOptions
  onProgress?: OnProgress
  signal?: AbortSignal
  /** Layers at a time; 5, as Docker's max-concurrent-uploads. */
  atOnce?: number
}

export interface Pushed {
  /** Of the manifest. */
  digest: string
  /** Bytes of the manifest. */
  size: number
}

const usuallyAtOnce = 5

/**
 * @param reference of an image that is here; without a tag it means `:latest`
 * @throws EngineError `not-found` when there is no such image here; `unauthorized`, `forbidden`, `unavailable`
 */
export async function push(graph: Graph, reference: Reference, options: PushOptions): Promise<Pushed> {
  if (reference.digest !== undefined) throw new EngineError('invalid', 'cannot push a digest reference')
  collectLess()
  const wanted = withDefaultTag(reference)
  const name = formatReference(wanted, 'familiar')
  using _lease = graph.content.lease()
  const id = graph.db.names.get(nameKey(wanted))
  const image = id === undefined ? undefined : graph.db.images.get(id)
  if (image === undefined)
    throw new EngineError('not-found', `An image does not exist locally with the tag: ${name}`)
  const { domain, path, tag = '' } = wanted
  options.onProgress?.({ status: `The push refers to repository [${domain}/${path}]` })

  await using held = new AsyncDisposableStack()
  const top = image.top_layer
  if (top !== null) {
    // Somebody may remove the image meanwhile.
    graph.layers.hold(top)
    held.defer(() => graph.layers.release(top))
  }
  const pushed = await atRegistry(domain, 'push', options.registry, options.signal, (client) =>
    pushTo(client, graph, image, wanted, options),
  )
  // Removed meanwhile, it needs no name any more.
  if (graph.db.images.get(image.id) !== undefined)
    graph.db.names.set(formatReference({ domain, path, digest: pushed.digest }), image.id)
  options.onProgress?.({ status: `${tag}: digest: ${pushed.digest} size: ${pushed.size}` })
  return pushed
}

/** `--all-tags`: every tag of a repository, one after the other. */
export async function pushAllTags(
  graph: Graph,
  reference: Reference,
  options: PushOptions,
): Promise<Pushed[]> {
  const { domain, path } = reference
  if (reference.tag !== undefined || reference.digest !== undefined)
    throw new EngineError('invalid', "tag can't be used with --all-tags/-a")
  const tags = graph.db.names
    .ofRepository(repositoryName(reference))
    .flatMap(({ reference: name }) => parseReference(name).tag ?? [])
  if (tags.length === 0)
    throw new EngineError(
      'not-found',
      `An image does not exist locally with the tag: ${repositoryName(reference, 'familiar')}`,
    )
  const pushed: Pushed[] = []
  for (const tag of tags) pushed.push(await push(graph, { domain, path, tag }, options))
  return pushed
}

async function pushTo(
  client: RegistryClient,
  graph: Graph,
  image: ImageRow,
  { domain, path, tag = '' }: Reference,
  options: PushOptions,
): Promise<Pushed> {
  const layers = image.top_layer === null ? [] : graph.db.layers.chain(image.top_layer)
  const kept = await keptManifest(graph, image, layers.length)
  const descriptors = await pushLayers(client, graph, layers, kept, { domain, path }, options)
  const manifest = await manifestFor(graph, image, kept, descriptors)
  const target = { client, repository: path, content: graph.content, retries: options.registry.retries }
  await upload(target, manifest.config, [], () => {})
  const answer = await client.call({
    method: 'PUT',
    path: `/v2/${path}/manifests/${tag}`,
    headers: { 'content-type': manifest.mediaType },
    body: () => manifest.bytes,
    scopes: [pushScope(path)],
  })
  await expectSuccess(`push of ${path}:${tag}`, answer)
  discard(answer)
  return { digest: manifest.digest, size: manifest.bytes.length }
}

/** @returns what the layers are at the registry now, in order */
async function pushLayers(
  client: RegistryClient,
  graph: Graph,
  layers: readonly LayerRow[],
  kept: PushManifest | undefined,
  { domain, path }: Reference,
  { registry, onProgress, atOnce = usuallyAtOnce }: PushOptions,
): Promise<Descriptor[]> {
  const gate = atMost(atOnce)
  const target: BlobTarget = { client, repository: path, content: graph.content, retries: registry.retries }
  const others = repositoriesWith(graph, domain, path)
  // One layer may be in an image twice, such as one that changes nothing.
  const once = new Map<string, Promise<Descriptor>>()
  const jobs = layers.map((layer, index) => {
    const there = once.get(layer.diff_id)
    if (there !== undefined) return there
    const progress = layerProgress(layer.diff_id, onProgress)
    progress.say('Preparing')
    if (once.size >= atOnce) progress.say('Waiting')
    const job = gate(() => pushLayer(target, graph, layer, kept?.layers[index], others, progress))
    once.set(layer.diff_id, job)
    return job
  })
  try {
    return await Promise.all(jobs)
  } catch (error) {
    client.giveUp(error)
    await Promise.allSettled(jobs)
    throw error
  }
}

async function pushLayer(
  target: BlobTarget,
  graph: Graph,
  layer: LayerRow,
  fromManifest: Descriptor | undefined,
  others: (digest: string) => string[],
  progress: LayerProgress,
): Promise<Descriptor> {
  if (fromManifest !== undefined && isForeign(fromManifest)) {
    progress.say('Skipped foreign layer')
    return fromManifest
  }
  target.client.signal.throwIfAborted()
  const candidates = candidatesFor(graph, layer, fromManifest)
  let blob: Descriptor | undefined
  for (const one of candidates) if (!blob && (await graph.content.stat(one.digest))) blob = one
  if (blob === undefined)
    // We have the layer, but not as it came: the registry may.
    for (const one of candidates)
      if (await blobExists(target, one.digest)) {
        progress.say('Layer already exists')
        return one
      }
  blob ??= await packLayer(graph, layer, target.client.signal)
  const { digest, size } = blob
  const uploaded = await upload(target, blob, others(digest), (count) =>
    progress.count('Pushing', count, size),
  )
  if (uploaded.how === 'exists') progress.say('Layer already exists')
  else if (uploaded.how === 'mounted') progress.say(`Mounted from ${uploaded.from}`)
  else progress.say('Pushed')
  return blob
}

/** @returns by a blob's digest, the other repositories of this registry from which, or to which, it went */
function repositoriesWith({ db }: Graph, domain: string, own: string): (digest: string) => string[] {
  const found = new Map<string, Set<string>>()
  for (const { id } of db.images.all()) {
    const paths = db.names
      .of(id)
      .map(parseReference)
      // A name with a digest was pulled or pushed; a tag may be nothing but a wish.
      .filter((name) => name.domain === domain && name.path !== own && name.digest !== undefined)
    for (const digest of paths.length === 0 ? [] : db.blobs.of(id)) {
      const all = found.get(digest) ?? new Set()
      for (const { path } of paths) all.add(path)
      found.set(digest, all)
    }
  }
  return (digest) => [...(found.get(digest) ?? [])]
}
