// `save`: images as one archive that is two things at once, as Docker since 25 writes it.
//
//   blobs/sha256/…    manifests, configs, layers, under their digests    both
//   index.json        which manifests, by name                          OCI image layout
//   oci-layout        its version                                        OCI image layout
//   manifest.json     which config and layers, by name                   docker load
//   repositories      for Dockers before 1.10                            docker load
//
// Blobs go out as they are: layers stay compressed if they came so, and a manifest that
// came with the image keeps its digest. All times are 0, so the same images give the same
// bytes.
//
// Called by the daemon's route and the command line. Next: engine/graph/import.ts
import { Readable } from 'node:stream'
import { noXattrs } from '../archive/tar-entry.ts'
import { padded } from '../archive/tar-header.ts'
import { endOfArchive, formatHeader } from '../archive/tar-writer.ts'
import { EngineError } from '../errors.ts'
import { hexOf } from './digest.ts'
import type { Graph } from './graph.ts'
import { diffIdsOf } from './image-config.ts'
import { manifestOf, type StoredManifest } from './image-manifest.ts'
import { platformOf, requirePlatform } from './image-platform.ts'
import { findImage, imageConfig, isIdOf } from './images.ts'
import { mediaTypes } from './manifest.ts'
import type { Platform } from './platform.ts'
import { formatReference, parseReference, type Reference, repositoryName } from './reference.ts'

interface SavedImage {
  id: string
  stored: StoredManifest
  /** With a tag each. */
  references: Reference[]
  diffIds: readonly string[]
  platform: Platform
}

/**
 * @param names as typed: a name with its tag, a name alone for all its tags, an id for an image without its names
 * @param onImage told the id of each image that the archive has
 * @param platform that each of them must be for
 * @returns the archive, not compressed; destroying it ends the work
 * @throws EngineError `not-found` for a name, before anything is written
 */
export async function saveImages(
  graph: Graph,
  names: readonly string[],
  onImage: (id: string) => void = () => {},
  platform?: Platform,
): Promise<Readable> {
  if (names.length === 0) throw new EngineError('invalid', 'name an image to save')
  const lease = graph.content.lease()
  try {
    const images = await gather(graph, names, platform)
    const archive = Readable.from(archiveOf(graph, images), { objectMode: false, highWaterMark: 2 ** 20 })
    // Not in the generator's own `finally`: one that is never begun never comes there.
    archive.once('close', () => lease[Symbol.dispose]())
    for (const { id } of images) onImage(id)
    return archive
  } catch (error) {
    lease[Symbol.dispose]()
    throw error
  }
}

async function gather(
  graph: Graph,
  names: readonly string[],
  platform: Platform | undefined,
): Promise<SavedImage[]> {
  const wanted = new Map<string, Map<string, Reference>>()
  for (const name of names)
    for (const { id, reference } of meant(graph, name)) {
      const references = wanted.get(id) ?? new Map<string, Reference>()
      wanted.set(id, references)
      if (reference !== undefined) references.set(formatReference(reference), reference)
    }
  const images: SavedImage[] = []
  for (const [id, references] of wanted) {
    const config = await imageConfig(graph, id)
    if (platform !== undefined) requirePlatform(nameOf(id, references), config, platform)
    images.push({
      id,
      stored: await manifestOf(graph, findImage(graph, id)),
      references: [...references.values()],
      diffIds: diffIdsOf(config),
      platform: platformOf(config),
    })
  }
  return images
}

function nameOf(id: string, references: ReadonlyMap<string, Reference>): string {
  const [first] = references.values()
  return first === undefined ? id : formatReference(first, 'familiar')
}

function meant(graph: Graph, name: string): { id: string; reference?: Reference }[] {
  const bare = /^[^:@]+$/.test(name.slice(name.lastIndexOf('/') + 1))
  if (bare && !/^[0-9a-f]{64}$/.test(name)) {
    const repository = repositoryName(parseReference(name))
    const all = graph.db.names.ofRepository(repository).map(({ reference, image }) => ({
      id: image,
      reference: parseReference(reference),
    }))
    const tagged = all.filter(({ reference }) => reference.tag !== undefined)
    if (tagged.length > 0) return tagged
  }
  const { id } = findImage(graph, name)
  if (isIdOf(id, name)) return [{ id }]
  const reference = parseReference(name)
  return reference.tag === undefined || reference.digest !== undefined ? [{ id }] : [{ id, reference }]
}

async function* archiveOf(graph: Graph, images: readonly SavedImage[]): AsyncIterable<Buffer> {
  yield formatHeader(entry('blobs/', 'directory'))
  yield formatHeader(entry('blobs/sha256/', 'directory'))
  for (const [hex, source] of [...sources(images)].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield* blob(graph, hex, source)
  for (const [name, value] of Object.entries(documents(images)))
    yield file(name, Buffer.from(JSON.stringify(value)))
  yield endOfArchive
}

/** Every blob once, by its digits: bytes for what we may have made, a size for what the store has. */
function sources(images: readonly SavedImage[]): Map<string, Buffer | number> {
  const found = new Map<string, Buffer | number>()
  for (const { stored } of images) {
    found.set(hexOf(stored.digest), stored.bytes)
    for (const { digest, size } of [stored.manifest.config, ...stored.manifest.layers])
      found.set(hexOf(digest), size)
  }
  return found
}

async function* blob(graph: Graph, hex: string, source: Buffer | number): AsyncIterable<Buffer> {
  const name = `blobs/sha256/${hex}`
  if (typeof source !== 'number') {
    yield file(name, source)
    return
  }
  // Verified: what the disk has spoiled is not to be handed on.
  const content = graph.content.read(`sha256:${hex}`, { verify: true })
  yield formatHeader(entry(name, 'file', source))
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    yield chunk
  }
  if (size !== source)
    throw new EngineError(
      'invalid',
      `the manifest says that blob sha256:${hex} has ${source} bytes, and it has ${size}`,
    )
  yield Buffer.alloc(padded(size) - size)
}

function documents(images: readonly SavedImage[]): Record<string, unknown> {
  const repositories: Record<string, Record<string, string>> = {}
  for (const { references, stored } of images)
    for (const reference of references) {
      const name = repositoryName(reference, 'familiar')
      const top = stored.manifest.layers.at(-1)?.digest ?? stored.manifest.config.digest
      repositories[name] = { ...repositories[name], [reference.tag ?? '']: hexOf(top) }
    }
  return {
    'index.json': {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: images.flatMap(indexEntries),
    },
    'manifest.json': images.map(({ id, stored, references, diffIds }) => ({
      Config: `blobs/sha256/${hexOf(id)}`,
      RepoTags: references.length > 0 ? references.map((one) => formatReference(one, 'familiar')) : null,
      Layers: stored.manifest.layers.map(({ digest }) => `blobs/sha256/${hexOf(digest)}`),
      LayerSources: Object.fromEntries(
        stored.manifest.layers.map(({ mediaType, size, digest }, index) => [
          diffIds[index] ?? '',
          { mediaType, size, digest },
        ]),
      ),
    })),
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    ...(Object.keys(repositories).length > 0 ? { repositories } : {}),
  }
}

function indexEntries({ stored, references, platform }: SavedImage): unknown[] {
  const { mediaType, digest, bytes } = stored
  const descriptor = { mediaType, digest, size: bytes.length, platform }
  if (references.length === 0) return [descriptor]
  return references.map((reference) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': formatReference(reference),
      'org.opencontainers.image.ref.name': reference.tag ?? '',
    },
  }))
}

function file(name: string, content: Buffer): Buffer {
  const padding = Buffer.alloc(padded(content.length) - content.length)
  return Buffer.concat([formatHeader(entry(name, 'file', content.length)), content, padding])
}

function entry(name: string, type: 'file' | 'directory', size = 0): Parameters<typeof formatHeader>[0] {
  const nobody = { uid: 0, gid: 0, major: 0, minor: 0, linkname: '', xattrs: noXattrs }
  return {
    ...{ name, type, size, ...nobody },
    mode: type === 'directory' ? 0o755 : 0o644,
    mtime: { seconds: 0, nanoseconds: 0 },
  }
}
