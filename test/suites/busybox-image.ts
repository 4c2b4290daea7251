// `busybox:latest`, made as `tocker image bootstrap` makes it, in a graph of the test's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapArchive } from '../../engine/cli/local/bootstrap.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { loadImages } from '../../engine/graph/load.ts'

/** @returns the image's id */
export async function loadBusybox(graph: Graph): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'lc-busybox-'))
  try {
    const { imageId, archive } = await bootstrapArchive('busybox:latest', scratch, () => {})
    await loadImages(graph, archive)
    return imageId
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
