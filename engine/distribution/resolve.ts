// From a name to a manifest: what a tag stands for today, and for this machine.
//
//   busybox:latest ──GET──> index, sha256:aaaa…    what `Digest:` shows, and what is pinned
//                     choose(linux/amd64)
//                  ──GET──> manifest, sha256:bbbb…  config and layers
//
// The bytes are what counts: they are hashed as they came, compared with whatever
// promised a digest (the reference, the index, the registry's header), and kept as they
// are. A manifest that was parsed and written again would be another one.
// Next: engine/distribution/download.ts
import { EngineError } from '../errors.ts'
import { sha256 } from '../graph/digest.ts'
import {
  type Descriptor,
  type ImageManifest,
  largestManifest,
  mediaTypes,
  parseManifest,
  requireImage,
} from '../graph/manifest.ts'
import { choose, type Platform } from '../graph/platform.ts'
import { formatReference, type Reference } from '../graph/reference.ts'
import { expectSuccess, readBytes } from './body.ts'
import { pullScope, type RegistryClient } from './client.ts'
import { answerError } from './errors.ts'
import { header } from './transport.ts'

interface Document {
  digest: string
  bytes: Buffer
}

export interface Resolved {
  /** What the reference names: an index, or the manifest itself. */
  top: Document
  /** The image's, for the platform. */
  manifest: ImageManifest & Document
  mediaType: string
}

/** `latest` of Docker's, in both spellings; and schema 1, so that it can be refused by its name. */
const accept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  'application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1',
].join(', ')

/**
 * @param reference with a tag or a digest
 * @throws EngineError `not-found`, `forbidden`; `invalid` for what is no image
 */
export async function resolve(
  client: RegistryClient,
  reference: Reference,
  platform: Platform | undefined,
): Promise<Resolved> {
  const name = formatReference(reference, 'familiar')
  const top = await fetchManifest(client, reference, name)
  const parsed = parseManifest(top.bytes, top.type)
  if (parsed.kind === 'manifest') {
    requireImage(parsed.manifest)
    return { top, manifest: { ...parsed.manifest, ...top }, mediaType: parsed.mediaType }
  }
  const chosen: Descriptor = choose(parsed.index, platform)
  const { domain, path } = reference
  const own = await fetchManifest(client, { domain, path, digest: chosen.digest }, name)
  const inner = parseManifest(own.bytes, chosen.mediaType)
  // Indexes may hold indexes. Nobody builds such images, and there would be no end to it.
  if (inner.kind !== 'manifest')
    throw new EngineError('not-implemented', `${name}: its index leads to another index`)
  requireImage(inner.manifest)
  return { top, manifest: { ...inner.manifest, ...own }, mediaType: inner.mediaType }
}

/** @param name as people see it: for what is wrong */
export async function fetchManifest(
  client: RegistryClient,
  { path, tag, digest }: Reference,
  name: string,
): Promise<Document & { type: string }> {
  const what = `manifest for ${name}`
  const answer = await client.call({
    method: 'GET',
    path: `/v2/${path}/manifests/${digest ?? tag ?? 'latest'}`,
    headers: { accept },
    scopes: [pullScope(path)],
  })
  await expectSuccess(what, answer)
  const bytes = await readBytes(what, answer, largestManifest)
  const type = header(answer, 'content-type') ?? ''
  if (/^text\/html/i.test(type)) throw answerError(what, answer, bytes.toString())
  const actual = sha256(bytes)
  const said = header(answer, 'docker-content-digest')
  for (const wanted of [digest, said])
    if (wanted?.startsWith('sha256:') && wanted !== actual)
      throw new EngineError('invalid', `${what}: ${actual} came in place of ${wanted}`)
  if (digest !== undefined && !digest.startsWith('sha256:'))
    throw new EngineError('not-implemented', `${name}: only sha256 digests can be pulled`)
  return { digest: actual, bytes, type }
}
