// What a registry has under a name, without pulling it: the digest that the name stands for now,
// and the platforms that it is for. GET /distribution/{name}/json of Docker's API.
//
// Called by the daemon's job. Next: engine/distribution/resolve.ts
import { EngineError } from '../errors.ts'
import { sha256 } from '../graph/digest.ts'
import { largestConfig, parseImageConfig } from '../graph/image-config.ts'
import { parseManifest } from '../graph/manifest.ts'
import type { Platform } from '../graph/platform.ts'
import { formatReference, type Reference, withDefaultTag } from '../graph/reference.ts'
import { expectSuccess, readBytes } from './body.ts'
import { atRegistry, pullScope, type RegistryClient } from './client.ts'
import type { RegistryOptions } from './registry.ts'
import { fetchManifest } from './resolve.ts'

/** Field names are Docker's: https://docs.docker.com/reference/api/engine/ (DistributionInspect). */
export interface Distribution {
  Descriptor: { mediaType: string; digest: string; size: number }
  Platforms: Platform[]
}

/**
 * @param reference without tag and digest it means `:latest`
 * @throws EngineError `not-found`, `unauthorized`, `forbidden`, `unavailable`; `invalid` for what is no manifest
 */
export function describe(
  reference: Reference,
  options: { registry: RegistryOptions; signal?: AbortSignal },
): Promise<Distribution> {
  const wanted = withDefaultTag(reference)
  return atRegistry(wanted.domain, 'pull', options.registry, options.signal, async (client) => {
    const { digest, bytes, type } = await fetchManifest(client, wanted, formatReference(wanted, 'familiar'))
    const parsed = parseManifest(bytes, type)
    const platforms =
      parsed.kind === 'index'
        ? parsed.index.manifests.flatMap((one) => (one.platform ? [one.platform] : []))
        : [await configOf(client, wanted, parsed.manifest)]
    return {
      Descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length },
      Platforms: platforms.map(({ architecture, os, variant }) => ({
        ...{ architecture, os },
        ...(variant ? { variant } : {}),
      })),
    }
  })
}

/** A manifest alone says only in its config what it is for. */
async function configOf(
  client: RegistryClient,
  { path }: Reference,
  { config, layers }: { config: { digest: string }; layers: readonly unknown[] },
) {
  const what = `config ${config.digest}`
  const answer = await client.call({
    method: 'GET',
    path: `/v2/${path}/blobs/${config.digest}`,
    scopes: [pullScope(path)],
  })
  await expectSuccess(what, answer)
  const bytes = await readBytes(what, answer, largestConfig)
  if (sha256(bytes) !== config.digest)
    throw new EngineError('invalid', `${what}: ${sha256(bytes)} came in place of it`)
  return parseImageConfig(bytes, layers.length)
}
