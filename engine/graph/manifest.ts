// A manifest: which config and which layers are an image, each by digest and size.
// And an index: which manifest is for which platform.
//
//   index ── linux/amd64 ──> manifest ──> config   {"rootfs": {"diff_ids": […]}, …}
//         ── linux/arm64 ──> …        ──> layer    tar, mostly compressed
//                                     ──> layer
//
// Two spellings of the same: Docker's (schema 2) and OCI's, which grew out of it.
//
// One document must not be two things. A client that reads the bytes as an index and
// one that reads them as a manifest would run different images of one digest and one
// signature (CVE-2021-41190). So type in the header, type in the document and shape
// have to agree, and what has both shapes is refused.
//
// OCI image specification 1.1, manifest.md, image-index.md; Docker's image manifest v2.
// Pure. Called by distribution, load, save.
// Next: engine/graph/content-store.ts
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { checkDocument, digestField, optional, parseJson, sizeField, stringMap } from './document.ts'

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const

/** What registries take and give at most: distribution specification, "Pushing Manifests". */
export const largestManifest = 4 * 2 ** 20
/** Docker stops at 127. Nobody means more than this. */
const mostLayers = 1000
const mostManifests = 10_000

const platformSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: optional(z.string()),
  'os.version': optional(z.string()),
  'os.features': optional(z.array(z.string())),
})

const descriptorSchema = z.looseObject({
  mediaType: z.string().check(z.minLength(1), z.maxLength(255)),
  digest: digestField,
  size: sizeField,
  urls: optional(z.array(z.string())),
  annotations: optional(stringMap),
  artifactType: optional(z.string()),
  platform: optional(platformSchema),
})
/** A digest, and what to expect behind it. */
export type Descriptor = z.infer<typeof descriptorSchema>

const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  artifactType: optional(z.string()),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).check(z.maxLength(mostLayers)),
  subject: optional(descriptorSchema),
  annotations: optional(stringMap),
})
export type ImageManifest = z.infer<typeof manifestSchema>

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  artifactType: optional(z.string()),
  manifests: z.array(descriptorSchema).check(z.maxLength(mostManifests)),
  subject: optional(descriptorSchema),
  annotations: optional(stringMap),
})
export type ImageIndex = z.infer<typeof indexSchema>

export type Manifest =
  | { kind: 'manifest'; mediaType: string; manifest: ImageManifest }
  | { kind: 'index'; mediaType: string; index: ImageIndex }

const kinds: Readonly<Record<string, Manifest['kind']>> = {
  [mediaTypes.ociManifest]: 'manifest',
  [mediaTypes.dockerManifest]: 'manifest',
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerList]: 'index',
}

/** Servers of static files say these of anything. */
const saysNothing = ['', 'application/json', 'application/octet-stream', 'text/plain']

/**
 * @param bytes exactly as they came: their digest is the manifest's name
 * @param mediaType what the server, or the descriptor that led here, said; parameters are ignored
 * @throws EngineError `invalid` with the place and the reason; `not-implemented` for schema 1
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const document = parseJson(bytes, 'manifest', largestManifest)
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new EngineError('invalid', 'manifest: it is not an object')
  const announced = (mediaType?.split(';')[0] ?? '').trim().toLowerCase()
  const has = (name: string): boolean => name in document
  const own = 'mediaType' in document && typeof document.mediaType === 'string' ? document.mediaType : ''
  refuseSchema1('schemaVersion' in document ? document.schemaVersion : undefined, own || announced)

  const shapes = { manifest: has('config') || has('layers'), index: has('manifests') }
  if (shapes.manifest && shapes.index)
    throw new EngineError(
      'invalid',
      'manifest: it is a manifest and an index at the same time, which is refused',
    )
  const types = [own, saysNothing.includes(announced) ? '' : announced].filter((type) => type !== '')
  if (types.length === 2 && types[0] !== types[1])
    throw new EngineError('invalid', `manifest: it says it is ${types[0]}, and came as ${types[1]}`)
  const type = types[0] ?? (shapes.index ? mediaTypes.ociIndex : mediaTypes.ociManifest)
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (kind === undefined)
    throw new EngineError(
      'invalid',
      `manifest: ${JSON.stringify(type.slice(0, 120))} is not the type of an image's manifest`,
    )
  if (kind === 'index')
    return { kind, mediaType: type, index: checkDocument(document, 'manifest', indexSchema) }
  return { kind, mediaType: type, manifest: checkDocument(document, 'manifest', manifestSchema) }
}

function refuseSchema1(version: unknown, mediaType: string): void {
  if (version !== 1 && !/\.distribution\.manifest\.v1\+/.test(mediaType)) return
  throw new EngineError(
    'not-implemented',
    'manifest: schema version 1 has no digest of what is in its layers, and Docker itself has given it up: push the image again with a client of this decade',
  )
}

const configTypes: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig]

/**
 * Only an image can be unpacked; charts, signatures and bundles travel in manifests, too.
 * @throws EngineError `invalid` naming what it is instead
 */
export function requireImage(manifest: ImageManifest): void {
  if (configTypes.includes(manifest.config.mediaType)) return
  const type = manifest.artifactType ?? manifest.config.mediaType
  throw new EngineError(
    'invalid',
    `it is no image to run, but an artifact of type ${JSON.stringify(type.slice(0, 120))}`,
  )
}
