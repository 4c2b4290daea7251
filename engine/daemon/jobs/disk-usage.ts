// `docker system df`: what takes up the disk, and how much of it would come back.
import type { ContainerSummary } from '../../api/container.ts'
import type { ImageSummary } from '../../api/image.ts'
import type { Volume } from '../../api/volume.ts'
import { listImages } from '../../graph/images.ts'
import type { DaemonJob } from '../daemon.ts'
import { treeBytes } from '../tree-bytes.ts'
import { containerList } from './container-query.ts'

export type UsageKind = 'container' | 'image' | 'volume' | 'build-cache'

/** What nobody asked for is left out. */
export interface DiskUsage {
  /** Bytes of all layers, each once. */
  LayersSize?: number
  Images?: ImageSummary[]
  Containers?: ContainerSummary[]
  Volumes?: Volume[]
}

/** @param kinds all of them when empty */
export const diskUsage: DaemonJob<{ kinds: readonly UsageKind[] }, DiskUsage> = {
  name: 'disk-usage',
  async run(daemon, { kinds }, job) {
    const { graph, volumes } = daemon
    const wants = (kind: UsageKind): boolean => kinds.length === 0 || kinds.includes(kind)
    const usage: DiskUsage = {}
    if (wants('image')) {
      usage.LayersSize = graph.db.layers.all().reduce((sum, { size }) => sum + size, 0)
      usage.Images = await listImages(graph, { sharedSize: true, containers: true })
    }
    if (wants('container'))
      usage.Containers = await containerList.run(
        daemon,
        { all: true, size: true, limit: 0, filters: {} },
        job,
      )
    if (wants('volume')) {
      usage.Volumes = []
      for (const volume of volumes.list())
        usage.Volumes.push({
          ...volume,
          UsageData: {
            Size: await treeBytes(volume.Mountpoint),
            RefCount: volumes.users(volume.Name).length,
          },
        })
    }
    return usage
  },
}
