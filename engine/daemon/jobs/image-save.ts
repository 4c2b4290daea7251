// `docker save`. Next: engine/graph/save.ts
import type { Readable } from 'node:stream'
import type { Platform } from '../../graph/platform.ts'
import { saveImages } from '../../graph/save.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImageSave {
  names: readonly string[]
  /** Each must be for this one. */
  platform?: Platform
}

export const imageSave: DaemonJob<ImageSave, Readable> = {
  name: 'image-save',
  async run({ graph, events }, { names, platform }) {
    return await saveImages(graph, names, (id) => events.tell('image', 'save', id, { name: id }), platform)
  },
}
