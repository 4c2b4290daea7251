// `docker load`. Next: engine/graph/load.ts
import type { Readable } from 'node:stream'
import type { OnProgress } from '../../api/progress.ts'
import { type LoadedImage, loadImages } from '../../graph/load.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImageLoad {
  archive: Readable
  onProgress: OnProgress
}

export const imageLoad: DaemonJob<ImageLoad, LoadedImage[]> = {
  name: 'image-load',
  async run({ graph, events }, { archive, onProgress }) {
    const loaded = await loadImages(graph, archive, { onProgress })
    for (const { imageId } of loaded) events.tell('image', 'load', imageId, { name: imageId })
    return loaded
  },
}
