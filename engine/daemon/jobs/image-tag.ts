// `docker tag`. Next: engine/graph/images.ts
import { findImage, tagImage } from '../../graph/images.ts'
import { formatReference, parseReference } from '../../graph/reference.ts'
import type { DaemonJob } from '../daemon.ts'

export const imageTag: DaemonJob<{ image: string; name: string }, void> = {
  name: 'image-tag',
  run({ graph, events }, { image, name }) {
    tagImage(graph, image, name)
    events.tell('image', 'tag', findImage(graph, name).id, {
      name: formatReference(parseReference(name), 'familiar'),
    })
  },
}
