// `import`: a tree of files in a tar becomes an image of one layer. `export` made it, or
// debootstrap, or tar itself.
//
// Next: engine/graph/commit.ts
import type { Readable } from 'node:stream'
import type { OnProgress } from '../api/progress.ts'
import { applyChanges } from './config-change.ts'
import type { Graph } from './graph.ts'
import type { RunConfig } from './image-config.ts'
import { importLayer } from './layer-import.ts'
import { hostPlatform, type Platform } from './platform.ts'
import { type Reference, withDefaultTag } from './reference.ts'
import { registerImage } from './register-image.ts'

export interface ImportOptions {
  reference?: Reference
  /** Dockerfile instructions: `CMD ["sh"]`. */
  changes?: readonly string[]
  message?: string
  platform?: Platform
  /** Milliseconds since the epoch; the same archive and the same time make the same image. */
  created?: number
  onProgress?: OnProgress
}

/**
 * @param stream of the archive, compressed or not
 * @throws EngineError `invalid` for a change that is none, or an archive that is none
 */
export async function importImage(
  graph: Graph,
  stream: Readable,
  options: ImportOptions = {},
): Promise<{ imageId: string }> {
  const { reference, changes = [], onProgress } = options
  let config: RunConfig
  try {
    // Before anything is read: a gigabyte later is late for "CMD requires at least one argument".
    config = applyChanges({}, changes)
  } catch (error) {
    stream.destroy()
    throw error
  }
  using _lease = graph.content.lease()
  await using imported = await importLayer(graph, undefined, stream, (current) =>
    onProgress?.({ status: 'Importing', progressDetail: { current } }),
  )
  const { os, architecture, variant } = options.platform ?? hostPlatform()
  const created = new Date(options.created ?? Date.now()).toISOString()
  const comment = options.message ?? 'Imported from -'
  return await registerImage(graph, {
    config: Buffer.from(
      JSON.stringify({
        ...{ architecture, ...(variant ? { variant } : {}), os, created, comment },
        config,
        rootfs: { type: 'layers', diff_ids: [imported.layer.diffId] },
        history: [{ created, comment }],
      }),
    ),
    layers: [imported.asNew],
    references: reference === undefined ? [] : [withDefaultTag(reference)],
  })
}
