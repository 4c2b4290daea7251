// `docker import`. Next: engine/graph/import.ts
import type { Readable } from 'node:stream'
import type { OnProgress } from '../../api/progress.ts'
import { importImage } from '../../graph/import.ts'
import { parsePlatform } from '../../graph/platform.ts'
import { parseReference } from '../../graph/reference.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImageImport {
  archive: Readable
  /** `name:tag`; an image without a name when left out. */
  name?: string
  changes: readonly string[]
  message: string
  platform?: string
  onProgress: OnProgress
}

export const imageImport: DaemonJob<ImageImport, string> = {
  name: 'image-import',
  async run({ graph, events }, { archive, name, changes, message, platform, onProgress }) {
    const { imageId } = await importImage(graph, archive, {
      ...(name === undefined ? {} : { reference: parseReference(name) }),
      ...{ changes, onProgress },
      ...(message === '' ? {} : { message }),
      ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    })
    events.tell('image', 'import', imageId, { name: imageId })
    return imageId
  },
}
