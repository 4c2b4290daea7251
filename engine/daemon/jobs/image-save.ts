// `docker save`. Next: engine/graph/save.ts
import type { Readable } from 'node:stream'
import type { Platform } from '../../graph/platform.ts'
import { saveImages } from '../../graph/save.ts'
import type { DaemonJob } from '../daemon.ts'

export const imageSave: DaemonJob<{ names: readonly string[]; platform?: Platform }, Readable> = {
  name: 'image-save',
  async run({ graph, events }, { names, platform }) {
    return await saveImages(graph, names, (id) => events.tell('image', 'save', id, { name: id }), platform)
  },
}
