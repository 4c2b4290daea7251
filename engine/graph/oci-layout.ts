// index.json of an OCI image layout: which images are in an archive, and their names.
//
// A name stands in an annotation of the entry. `org.opencontainers.image.ref.name` is a
// whole reference for some programs and only a tag for others; containerd's own annotation
// is always whole, and goes first.
//
// Called by load.ts.
import { EngineError } from '../errors.ts'
import type { ContentStore } from './content-store.ts'
import type { ImageArchive } from './image-archive.ts'
import {
  type Descriptor,
  type ImageManifest,
  largestManifest,
  parseManifest,
  requireImage,
} from './manifest.ts'
import { choose, type Platform } from './platform.ts'
import { parseReference, type Reference } from './reference.ts'

export interface LayoutImage {
  bytes: Buffer
  manifest: ImageManifest
  name: Reference | undefined
}

/** An index may lead to an index, and not for ever. */
const deepest = 4

/** Every image that index.json names; of an entry that is for several platforms, one. */
export async function layoutImages(
  content: ContentStore,
  archive: ImageArchive,
  index: Buffer,
  platform: Platform | undefined,
): Promise<LayoutImage[]> {
  const images: LayoutImage[] = []
  for (const entry of entriesOf(index)) {
    const [bytes, manifest] = await follow(content, archive, entry, platform, deepest)
    requireImage(manifest)
    images.push({ bytes, manifest, name: nameOf(entry) })
  }
  return images
}

/**
 * The manifest of the image that has this config.
 * @param layers how many the image has
 * @returns undefined when there is none, or none with every layer: Docker 25 left them out
 */
export async function matchingManifest(
  content: ContentStore,
  archive: ImageArchive,
  index: Buffer,
  config: string,
  layers: number,
): Promise<LayoutImage | undefined> {
  for (const entry of entriesOf(index)) {
    // Whatever else the index leads to is no reason to refuse an image that manifest.json has whole.
    const found = await follow(content, archive, entry, undefined, 0).catch(() => undefined)
    if (found === undefined) continue
    const [bytes, manifest] = found
    if (manifest.config.digest !== config || manifest.layers.length !== layers) continue
    if (manifest.layers.every(({ digest }) => archive.has(blobPath(digest))))
      return { bytes, manifest, name: undefined }
  }
  return undefined
}

function entriesOf(index: Buffer): readonly Descriptor[] {
  const parsed = parseManifest(index)
  if (parsed.kind !== 'index')
    throw new EngineError('invalid', 'index.json is a manifest, and has to be an index')
  return parsed.index.manifests
}

async function follow(
  content: ContentStore,
  archive: ImageArchive,
  descriptor: Descriptor,
  platform: Platform | undefined,
  depth: number,
): Promise<[bytes: Buffer, manifest: ImageManifest]> {
  const bytes = await blobBytes(content, archive, descriptor)
  const parsed = parseManifest(bytes, descriptor.mediaType)
  if (parsed.kind === 'manifest') return [bytes, parsed.manifest]
  if (depth === 0)
    throw new EngineError('invalid', 'an index leads to an index, and that to another, without end')
  return follow(content, archive, choose(parsed.index, platform), platform, depth - 1)
}

async function blobBytes(
  content: ContentStore,
  archive: ImageArchive,
  { digest }: Descriptor,
): Promise<Buffer> {
  return content.readBytes(archive.blob(blobPath(digest)).digest, largestManifest)
}

/** In a layout: `blobs/sha256/4fe2ade4…`. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

function nameOf({ annotations }: Descriptor): Reference | undefined {
  const whole = annotations?.['io.containerd.image.name']
  if (whole !== undefined) return parseReference(whole)
  const name = annotations?.['org.opencontainers.image.ref.name']
  // `latest` alone says which tag, and not of what.
  return name !== undefined && /[:/]/.test(name) ? parseReference(name) : undefined
}
