// `tocker pull`: an image comes from a registry.
//
//   busybox:latest
//     │ resolve        tag ─► index ─► the manifest for this platform   (resolve.ts)
//     │ config         which layers, by the digests of their content
//     │ layers         three at a time, each into the content store     (download.ts)
//     │   unpack       bottom-up, as soon as the next one is here, while others still come
//     ▼ names          one transaction: busybox:latest, busybox@sha256:…
//
// Only the last step makes an image. Whatever goes wrong before, or whoever kills us,
// there is no half image: complete blobs and pieces of blobs stay, and the next pull
// goes on with them.
// Next: engine/distribution/resolve.ts
import type { OnProgress } from '../api/progress.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { diffIdsOf, type ImageConfig, largestConfig, parseImageConfig } from '../graph/image-config.ts'
import { nameKey } from '../graph/images.ts'
import { acceptablePlatforms, formatPlatform, normalizePlatform, type Platform } from '../graph/platform.ts'
import { formatReference, type Reference, repositoryName, withDefaultTag } from '../graph/reference.ts'
import { registerImage } from '../graph/register-image.ts'
import { atRegistry, type RegistryClient } from './client.ts'
import { download } from './download.ts'
import { collectLess } from './garbage.ts'
import { pullLayers } from './pull-layers.ts'
import type { RegistryOptions } from './registry.ts'
import { type Resolved, resolve } from './resolve.ts'
import { tagsAt } from './tags.ts'

export interface PullOptions {
  registry: RegistryOptions
  /** Left out: this machine's. */
  platform?: Platform
  onProgress?: OnProgress
  signal?: AbortSignal
  /** Layers at a time; 3, as Docker's max-concurrent-downloads. */
  atOnce?: number
}

export interface Pulled {
  imageId: string
  /** Of what the reference named: an index, or the manifest. */
  digest: string
}

/**
 * @param reference without tag and digest it means `:latest`
 * @throws EngineError `not-found`, `unauthorized`, `forbidden`, `unavailable`; `invalid` for content that is not what was promised
 */
export async function pull(graph: Graph, reference: Reference, options: PullOptions): Promise<Pulled> {
  const wanted = withDefaultTag(reference)
  using _lease = graph.content.lease()
  const before = graph.db.names.get(nameKey(wanted))
  const pulled = await atRegistry(wanted.domain, 'pull', options.registry, options.signal, (client) =>
    pullFrom(client, graph, wanted, options),
  )
  tellStatus(before === pulled.imageId, formatReference(wanted, 'familiar'), options)
  return pulled
}

/** `--all-tags`: every tag of a repository, one after the other. */
export async function pullAllTags(
  graph: Graph,
  reference: Reference,
  options: PullOptions,
): Promise<Pulled[]> {
  const { domain, path } = reference
  if (reference.tag !== undefined || reference.digest !== undefined)
    throw new EngineError('invalid', "tag can't be used with --all-tags/-a")
  using _lease = graph.content.lease()
  return atRegistry(domain, 'pull', options.registry, options.signal, async (client) => {
    const all: Pulled[] = []
    let same = true
    for (const tag of await tagsAt(client, reference)) {
      const wanted = { domain, path, tag }
      const before = graph.db.names.get(nameKey(wanted))
      const pulled = await pullFrom(client, graph, wanted, options)
      same &&= before === pulled.imageId
      all.push(pulled)
    }
    tellStatus(same, repositoryName(reference, 'familiar'), options)
    return all
  })
}

function tellStatus(same: boolean, name: string, { onProgress }: PullOptions): void {
  onProgress?.({ status: `Status: ${same ? 'Image is up to date' : 'Downloaded newer image'} for ${name}` })
}

async function pullFrom(
  client: RegistryClient,
  graph: Graph,
  reference: Reference,
  options: PullOptions,
): Promise<Pulled> {
  const { domain, path, tag, digest } = reference
  const { onProgress } = options
  collectLess()
  onProgress?.({ id: tag ?? digest ?? '', status: `Pulling from ${path}` })
  const resolved = await resolve(client, reference, options.platform)
  const { manifest, top } = resolved
  const config = await pullConfig(client, graph, path, resolved)
  checkPlatform(config.parsed, formatReference(reference, 'familiar'), options.platform)

  const imageId = await pullLayers(
    { client, repository: path, content: graph.content, retries: options.registry.retries },
    graph,
    manifest.layers.map((descriptor, index) => ({
      descriptor,
      diffId: diffIdsOf(config.parsed)[index] ?? '',
    })),
    options,
    async (layers) => {
      if (top.digest !== manifest.digest) await graph.content.put(top.bytes, top.digest)
      const image = await registerImage(graph, {
        config: config.bytes,
        manifest: manifest.bytes,
        layers,
        // What was asked for by its digest gets no tag: it may be an old one's.
        references: [{ domain, path, digest: top.digest, ...(digest === undefined && tag ? { tag } : {}) }],
        keep: [top.digest],
      })
      return image.imageId
    },
  )
  onProgress?.({ status: `Digest: ${top.digest}` })
  return { imageId, digest: top.digest }
}

async function pullConfig(
  client: RegistryClient,
  { content }: Graph,
  repository: string,
  { manifest }: Resolved,
): Promise<{ bytes: Buffer; parsed: ImageConfig }> {
  const { config, layers } = manifest
  if (config.size > largestConfig)
    throw new EngineError(
      'invalid',
      `the image's config has ${config.size} bytes: ${largestConfig} are the most`,
    )
  await download({ client, repository, content }, config)
  const bytes = await content.readBytes(config.digest, largestConfig)
  return { bytes, parsed: parseImageConfig(bytes, layers.length) }
}

/** An index was asked for the platform already; a manifest alone says only in its config what it is for. */
function checkPlatform(config: ImageConfig, name: string, wanted: Platform | undefined): void {
  const { os, architecture, variant } = config
  if (os !== 'linux')
    throw new EngineError('invalid', `${name} is for ${os}, whose programs do not run on Linux`)
  if (wanted === undefined) return
  const actual = formatPlatform(normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) }))
  if (!acceptablePlatforms(wanted).some((one) => formatPlatform(one) === actual))
    throw new EngineError(
      'not-found',
      `${name} was found, but does not match the wanted platform: it is for ${actual}, not for ${formatPlatform(normalizePlatform(wanted))}`,
    )
}
