// `docker pull`. Next: engine/distribution/pull.ts
import type { OnProgress } from '../../api/progress.ts'
import type { Credentials } from '../../distribution/credentials.ts'
import { pull, pullAllTags } from '../../distribution/pull.ts'
import { parsePlatform } from '../../graph/platform.ts'
import { formatReference, parseReference, repositoryName } from '../../graph/reference.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImagePull {
  /** As typed: `busybox`, `busybox@sha256:…`. */
  image: string
  allTags: boolean
  /** `linux/arm64`; left out, this machine's. */
  platform?: string
  credentials?: Credentials
  onProgress: OnProgress
}

export const imagePull: DaemonJob<ImagePull, void> = {
  name: 'image-pull',
  async run({ graph, events, registry }, { image, allTags, platform, credentials, onProgress }, job) {
    const reference = parseReference(image)
    const options = {
      registry: { ...registry, ...(credentials ? { credentials: () => credentials } : {}) },
      ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
      onProgress,
      signal: job.signal,
    }
    if (allTags) await pullAllTags(graph, reference, options)
    else await pull(graph, reference, options)
    events.tell('image', 'pull', formatReference(reference, 'familiar'), {
      name: repositoryName(reference, 'familiar'),
    })
  },
}
