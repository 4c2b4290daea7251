// `image prune`: images that nobody can name, or (all) that no container uses; then blobs
// that no image needs, and what is left of downloads that were given up.
import type { ImageDeleteResponseItem, ImagesPruneReport } from '../api/image.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from './graph.ts'
import { booleanFilter, checkFilters, type Filters, matchesLabels, untilFilter } from './image-filters.ts'
import { configIfThere } from './images.ts'
import { parseReference } from './reference.ts'
import { removeAndCount } from './remove-image.ts'
import type { ImageRow } from './tables/images.ts'

/**
 * @param filters `dangling` (true unless said otherwise), `label`, `label!`, `until`
 * @param isRunning the graph does not know which container runs
 */
export async function pruneImages(
  graph: Graph,
  filters: Filters = {},
  isRunning: (containerId: string) => boolean = () => false,
): Promise<ImagesPruneReport> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until'])
  const danglingOnly = booleanFilter(filters, 'dangling') ?? true
  const until = untilFilter(filters) ?? Number.POSITIVE_INFINITY
  const deleted: ImageDeleteResponseItem[] = []
  let bytes = 0
  for (const image of graph.db.images.all()) {
    if (image.created > until || !(await fitsLabels(graph, filters, image))) continue
    for (const text of prunable(graph, image, danglingOnly)) {
      // It may have gone with the one before: a repository's digests go with its last tag.
      if (text !== image.id && graph.db.names.get(text) !== image.id) continue
      try {
        const removed = await removeAndCount(graph, text, { isRunning })
        deleted.push(...removed.items)
        bytes += removed.bytes
      } catch (error) {
        // Somebody uses it: a container, or an image that was made from it.
        if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error
      }
    }
  }
  for (const { size } of await graph.content.sweep((digest) => graph.db.blobs.isNeeded(digest))) bytes += size
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: bytes }
}

/** What to remove of it: its names one after the other, or its id. */
function prunable({ db }: Graph, { id }: ImageRow, danglingOnly: boolean): string[] {
  // It may have gone with an image that was made from it.
  if (db.images.get(id) === undefined) return []
  const names = db.names.of(id)
  if (names.length === 0) return db.images.children(id).length > 0 ? [] : [id]
  const isTagged = names.some((name) => parseReference(name).digest === undefined)
  return danglingOnly && isTagged ? [] : names
}

async function fitsLabels(graph: Graph, filters: Filters, { id }: ImageRow): Promise<boolean> {
  if (filters.label === undefined && filters['label!'] === undefined) return true
  const config = await configIfThere(graph, id)
  return config !== undefined && matchesLabels(filters, config.config?.Labels ?? {})
}
