// `docker save`. Next: engine/graph/save.ts
import type { Readable } from 'node:stream'
import { saveImages } from '../../graph/save.ts'
import type { DaemonJob } from '../daemon.ts'

export const imageSave: DaemonJob<{ names: readonly string[] }, Readable> = {
  name: 'image-save',
  async run({ graph, events }, { names }) {
    return await saveImages(graph, names, (id) => events.tell('image', 'save', id, { name: id }))
  },
}
