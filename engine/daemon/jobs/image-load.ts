// `docker load`. Next: engine/graph/load.ts
import type { Readable } from 'node:stream'
import type { OnProgress } from '../../api/progress.ts'
import { type LoadedImage, loadImages } from '../../graph/load.ts'
import type { Platform } from '../../graph/platform.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImageLoad {
  archive: Readable
  /** Left out: of an image for several what this machine can run, and any other as it is. */
  platform?: Platform
  onProgress: OnProgress
}

export const imageLoad: DaemonJob<ImageLoad, LoadedImage[]> = {
  name: 'image-load',
  async run({ graph, events }, { archive, platform, onProgress }) {
    const loaded = await loadImages(graph, archive, {
      onProgress,
      ...(platform === undefined ? {} : { platform }),
    })
    for (const { imageId } of loaded) events.tell('image', 'load', imageId, { name: imageId })
    return loaded
  },
}
