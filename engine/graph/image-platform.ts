// Is an image for the platform that was asked for? Docker's `--platform` of `create`, `inspect`,
// `history`, `save`, `load`, `push` and `rmi`. An image here is for one platform, so what is
// asked for is that one, or it is not there.
//
// Called by the jobs that take such a flag.
import { EngineError } from '../errors.ts'
import type { Graph } from './graph.ts'
import { findImage, imageConfig } from './images.ts'
import { acceptablePlatforms, formatPlatform, normalizePlatform, type Platform } from './platform.ts'

/** What a config says: `variant` may be null in one. */
export interface ConfigPlatform {
  os: string
  architecture: string
  variant?: string | null | undefined
}

export function platformOf({ os, architecture, variant }: ConfigPlatform): Platform {
  return { os, architecture, ...(variant ? { variant } : {}) }
}

/** Can a machine of this platform run it? */
export function fitsPlatform(config: ConfigPlatform, wanted: Platform): boolean {
  const own = formatPlatform(normalizePlatform(platformOf(config)))
  return acceptablePlatforms(wanted).some((one) => formatPlatform(one) === own)
}

/** @param name as typed @throws EngineError `not-found`, in Docker's words */
export function requirePlatform(name: string, config: ConfigPlatform, wanted: Platform): void {
  if (fitsPlatform(config, wanted)) return
  throw new EngineError(
    'not-found',
    `image with reference ${name} was found but does not match the specified platform: wanted ${formatPlatform(normalizePlatform(wanted))}, actual: ${formatPlatform(platformOf(config))}`,
  )
}

/** @param wanted undefined: any will do @throws EngineError `not-found` */
export async function requirePlatformOf(
  graph: Graph,
  name: string,
  wanted: Platform | undefined,
): Promise<void> {
  if (wanted === undefined) return
  requirePlatform(name, await imageConfig(graph, findImage(graph, name).id), wanted)
}
