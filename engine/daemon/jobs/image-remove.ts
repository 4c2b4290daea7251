// `docker rmi`, and `docker image prune`. Next: engine/graph/remove-image.ts
import type { ImageDeleteResponseItem, ImagesPruneReport } from '../../api/image.ts'
import type { Filters } from '../../graph/image-filters.ts'
import { requirePlatformOf } from '../../graph/image-platform.ts'
import type { Platform } from '../../graph/platform.ts'
import { pruneImages } from '../../graph/prune-images.ts'
import { removeImage } from '../../graph/remove-image.ts'
import type { DaemonJob } from '../daemon.ts'
import type { Events } from '../events.ts'

export interface ImageRemove {
  image: string
  force: boolean
  noPrune: boolean
  /** It must be for this one. */
  platform?: Platform
}

export const imageRemove: DaemonJob<ImageRemove, ImageDeleteResponseItem[]> = {
  name: 'image-remove',
  async run({ graph, events, containers }, { image, force, noPrune, platform }) {
    await requirePlatformOf(graph, image, platform)
    const isRunning = (id: string): boolean => (containers.get(id)?.state.pid ?? 0) !== 0
    const gone = await removeImage(graph, image, { force, noPrune, isRunning })
    tell(events, gone)
    return gone
  },
}

export const imagePrune: DaemonJob<{ filters: Filters }, ImagesPruneReport> = {
  name: 'image-prune',
  async run({ graph, events }, { filters }) {
    const report = await pruneImages(graph, filters)
    tell(events, report.ImagesDeleted ?? [])
    events.tell('image', 'prune', '', { reclaimed: String(report.SpaceReclaimed) })
    return report
  },
}

function tell(events: Events, gone: readonly ImageDeleteResponseItem[]): void {
  for (const item of gone) {
    const [action, name] =
      'Untagged' in item ? (['untag', item.Untagged] as const) : (['delete', item.Deleted] as const)
    events.tell('image', action, name, { name })
  }
}
