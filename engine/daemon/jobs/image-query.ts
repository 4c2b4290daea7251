// What only looks: `docker images`, `inspect`, `history`, `search`.
import type { HistoryResponseItem, ImageInspect, ImageSummary } from '../../api/image.ts'
import type { SearchResult } from '../../api/search.ts'
import type { Credentials } from '../../distribution/credentials.ts'
import { type Distribution, describe } from '../../distribution/describe.ts'
import { type SearchOptions, search } from '../../distribution/search.ts'
import { requirePlatformOf } from '../../graph/image-platform.ts'
import { type ListOptions, listImages } from '../../graph/images.ts'
import { imageHistory, inspectImage } from '../../graph/inspect-image.ts'
import type { Platform } from '../../graph/platform.ts'
import { parseReference } from '../../graph/reference.ts'
import type { DaemonJob } from '../daemon.ts'

export const imageList: DaemonJob<ListOptions, ImageSummary[]> = {
  name: 'image-list',
  run: ({ graph }, options) => listImages(graph, options),
}

interface OneImage {
  image: string
  /** It must be for this one. */
  platform?: Platform
}

export const imageInspect: DaemonJob<OneImage, ImageInspect> = {
  name: 'image-inspect',
  async run({ graph }, { image, platform }) {
    await requirePlatformOf(graph, image, platform)
    return await inspectImage(graph, image)
  },
}

export const imageHistoryJob: DaemonJob<OneImage, HistoryResponseItem[]> = {
  name: 'image-history',
  async run({ graph }, { image, platform }) {
    await requirePlatformOf(graph, image, platform)
    return await imageHistory(graph, image)
  },
}

export const distributionInspect: DaemonJob<{ image: string; credentials?: Credentials }, Distribution> = {
  name: 'distribution-inspect',
  run: ({ registry }, { image, credentials }, job) =>
    describe(parseReference(image), {
      registry: { ...registry, ...(credentials ? { credentials: () => credentials } : {}) },
      signal: job.signal,
    }),
}

export interface ImageSearch extends Omit<SearchOptions, 'registry' | 'signal'> {
  term: string
  credentials?: Credentials
}

export const imageSearch: DaemonJob<ImageSearch, SearchResult[]> = {
  name: 'image-search',
  run: ({ registry }, { term, credentials, ...options }, job) =>
    search(term, {
      ...options,
      registry: { ...registry, ...(credentials ? { credentials: () => credentials } : {}) },
      signal: job.signal,
    }),
}
