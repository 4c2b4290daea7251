// What only looks: `docker images`, `inspect`, `history`, `search`.
import type { HistoryResponseItem, ImageInspect, ImageSummary } from '../../api/image.ts'
import type { SearchResult } from '../../api/search.ts'
import type { Credentials } from '../../distribution/credentials.ts'
import { type SearchOptions, search } from '../../distribution/search.ts'
import { type ListOptions, listImages } from '../../graph/images.ts'
import { imageHistory, inspectImage } from '../../graph/inspect-image.ts'
import type { DaemonJob } from '../daemon.ts'

export const imageList: DaemonJob<ListOptions, ImageSummary[]> = {
  name: 'image-list',
  run: ({ graph }, options) => listImages(graph, options),
}

export const imageInspect: DaemonJob<{ image: string }, ImageInspect> = {
  name: 'image-inspect',
  run: ({ graph }, { image }) => inspectImage(graph, image),
}

export const imageHistoryJob: DaemonJob<{ image: string }, HistoryResponseItem[]> = {
  name: 'image-history',
  run: ({ graph }, { image }) => imageHistory(graph, image),
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
