// `docker push`. Next: engine/distribution/push.ts
import type { OnProgress } from '../../api/progress.ts'
import type { Credentials } from '../../distribution/credentials.ts'
import { type Pushed, push } from '../../distribution/push.ts'
import { EngineError } from '../../errors.ts'
import { requirePlatformOf } from '../../graph/image-platform.ts'
import type { Platform } from '../../graph/platform.ts'
import { formatReference, parseReference, repositoryName } from '../../graph/reference.ts'
import type { DaemonJob } from '../daemon.ts'

export interface ImagePush {
  /** Without a tag: all tags that the repository has here. */
  image: string
  /** It must be for this one. */
  platform?: Platform
  credentials?: Credentials
  onProgress: OnProgress
}

export const imagePush: DaemonJob<ImagePush, (Pushed & { tag: string })[]> = {
  name: 'image-push',
  async run({ graph, events, registry }, { image, platform, credentials, onProgress }, job) {
    const reference = parseReference(image)
    const repository = repositoryName(reference)
    const wanted =
      reference.tag === undefined
        ? graph.db.names
            .ofRepository(repository)
            .map(({ reference: name }) => parseReference(name))
            .filter(({ tag }) => tag !== undefined)
        : [reference]
    if (wanted.length === 0)
      throw new EngineError(
        'not-found',
        `An image does not exist locally with the tag: ${repositoryName(reference, 'familiar')}`,
      )
    for (const one of wanted) await requirePlatformOf(graph, formatReference(one, 'familiar'), platform)
    const pushed: (Pushed & { tag: string })[] = []
    for (const one of wanted) {
      const done = await push(graph, one, {
        registry: { ...registry, ...(credentials ? { credentials: () => credentials } : {}) },
        onProgress,
        signal: job.signal,
      })
      pushed.push({ ...done, tag: one.tag ?? '' })
      events.tell('image', 'push', formatReference(one, 'familiar'), {
        name: repositoryName(one, 'familiar'),
      })
    }
    return pushed
  },
}
