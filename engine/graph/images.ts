// Images by their names: found, listed, tagged.
//
// What a person types may be a name, an id, or the beginning of an id; a name that looks
// like one goes first, as in Docker.
//
// Called by the daemon's routes, and by the command line while there is none.
// Next: engine/graph/remove-image.ts
import type { ImageSummary } from '../api/image.ts'
import { EngineError } from '../errors.ts'
import type { Graph } from './graph.ts'
import { type ImageConfig, largestConfig, parseImageConfig } from './image-config.ts'
import {
  booleanFilter,
  checkFilters,
  type Filters,
  filterValues,
  matchesLabels,
  matchesReference,
  untilFilter,
} from './image-filters.ts'
import {
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from './reference.ts'
import type { ImageRow } from './tables/images.ts'

// #region find-image
/**
 * @param text a name, an id, or its first digits, with or without `sha256:`
 * @throws EngineError `not-found`, or `invalid` for the beginning of several ids
 */
export function findImage({ db }: Graph, text: string): ImageRow {
  const hex = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  if (hex?.length === 64) {
    const image = db.images.get(`sha256:${hex}`)
    if (image === undefined) throw new EngineError('not-found', `No such image: ${text}`)
    return image
  }
  // `sha256:abc` could be a name, too: an image called sha256. Who has one, means it.
  const reference = parseReference(text)
  const named = db.names.get(nameKey(reference))
  const image = named === undefined ? undefined : db.images.get(named)
  if (image !== undefined) return image
  const [found, another] = hex === undefined ? [] : db.images.byPrefix(hex)
  if (another !== undefined)
    throw new EngineError('invalid', `${text} is the beginning of more than one image id: write more of it`)
  if (found !== undefined) return found
  throw new EngineError(
    'not-found',
    `No such image: ${formatReference(withDefaultTag(reference), 'familiar')}`,
  )
}
// #endregion find-image

/** As the table of names has it: of tag and digest, the digest. */
export function nameKey(reference: Reference): string {
  const { tag, digest, ...repository } = withDefaultTag(reference)
  if (digest !== undefined) return formatReference({ ...repository, digest })
  return formatReference({ ...repository, ...(tag === undefined ? {} : { tag }) })
}

/** Was the image named by its id? Then all its names are meant. */
export function isIdOf(id: string, text: string): boolean {
  return id.startsWith(text) || id.slice('sha256:'.length).startsWith(text)
}

/** @throws EngineError `not-found` for one that has been removed since it was found */
export async function imageConfig({ content, db }: Graph, id: string): Promise<ImageConfig> {
  try {
    return parseImageConfig(await content.readBytes(id, largestConfig))
  } catch (error) {
    if (db.images.get(id) !== undefined) throw error
    throw new EngineError('not-found', `No such image: ${id}`)
  }
}

/** For whoever looks at many: undefined for one that has been removed meanwhile. */
export async function configIfThere(graph: Graph, id: string): Promise<ImageConfig | undefined> {
  if (graph.db.images.get(id) === undefined) return undefined
  try {
    return await imageConfig(graph, id)
  } catch (error) {
    if (graph.db.images.get(id) === undefined) return undefined
    throw error
  }
}

/** Names of an image as people see them, parted into tags and digests. */
export function namesOf({ db }: Graph, id: string): { tags: string[]; digests: string[] } {
  const references = db.names.of(id).map(parseReference)
  const familiar = (wanted: Reference[]): string[] => wanted.map((one) => formatReference(one, 'familiar'))
  return {
    tags: familiar(references.filter(({ digest }) => digest === undefined)),
    digests: familiar(references.filter(({ digest }) => digest !== undefined)),
  }
}

/**
 * Gives an image one more name, which it takes from whoever has it.
 * @param target with a tag, or `latest`
 */
export function tagImage(graph: Graph, source: string, target: string): void {
  const image = findImage(graph, source)
  const reference = parseReference(target)
  if (reference.digest !== undefined)
    throw new EngineError('invalid', 'refusing to create a tag with a digest reference')
  if (repositoryName(reference, 'familiar') === 'sha256')
    // It would hide every id that is written `sha256:…`.
    throw new EngineError('invalid', 'refusing to create an ambiguous tag using digest algorithm as name')
  graph.db.names.set(nameKey(reference), image.id)
}

export interface ListOptions {
  /** Those in the middle of a chain of commits, too. */
  all?: boolean
  filters?: Filters
  /** Count SharedSize. */
  sharedSize?: boolean
  /** Count Containers. */
  containers?: boolean
}

/** The newest first. */
export async function listImages(graph: Graph, options: ListOptions = {}): Promise<ImageSummary[]> {
  const { filters = {} } = options
  checkFilters(filters, ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'])
  const dangling = booleanFilter(filters, 'dangling')
  const patterns = filterValues(filters, 'reference')
  const isWanted = timeFilter(graph, filters)
  const shared = options.sharedSize ? sharedLayers(graph) : undefined
  const summaries: ImageSummary[] = []
  for (const image of graph.db.images.all().filter(isWanted)) {
    const names = graph.db.names
      .of(image.id)
      .map(parseReference)
      .filter((name) => patterns.length === 0 || matchesReference(patterns, name))
    const isTagged = names.some(({ digest }) => digest === undefined)
    const isChild = graph.db.images.children(image.id).length > 0
    if (dangling === true && (isTagged || isChild)) continue
    if (names.length === 0 && (dangling === false || patterns.length > 0)) continue
    if (names.length === 0 && isChild && !options.all) continue
    const config = await configIfThere(graph, image.id)
    if (config === undefined || !matchesLabels(filters, config.config?.Labels ?? {})) continue
    const layers = image.top_layer === null ? [] : graph.db.layers.chain(image.top_layer)
    const sum = (some: typeof layers): number => some.reduce((bytes, { size }) => bytes + size, 0)
    const familiar = (wanted: Reference[]): string[] => wanted.map((one) => formatReference(one, 'familiar'))
    summaries.push({
      Id: image.id,
      ParentId: image.parent ?? '',
      RepoTags: familiar(names.filter(({ digest }) => digest === undefined)),
      RepoDigests: familiar(names.filter(({ digest }) => digest !== undefined)),
      Created: Math.floor(image.created / 1000),
      Size: sum(layers),
      SharedSize: shared ? sum(layers.filter(({ chain_id }) => shared.has(chain_id))) : -1,
      Labels: config.config?.Labels ?? null,
      Containers: options.containers ? graph.db.containers.of(image.id).length : -1,
    })
  }
  return summaries
}

function timeFilter(graph: Graph, filters: Filters): (image: ImageRow) => boolean {
  const until = untilFilter(filters) ?? Number.POSITIVE_INFINITY
  const created = (text: string): number => findImage(graph, text).created
  const before = Math.min(until, ...filterValues(filters, 'before').map(created))
  const since = Math.max(Number.NEGATIVE_INFINITY, ...filterValues(filters, 'since').map(created))
  return (image) => image.created < before && image.created > since
}

/** Chain ids of layers that are in more than one image. */
function sharedLayers({ db }: Graph): Set<string> {
  const seen = new Set<string>()
  const shared = new Set<string>()
  for (const { top_layer } of db.images.all())
    for (const { chain_id } of top_layer === null ? [] : db.layers.chain(top_layer))
      (seen.has(chain_id) ? shared : seen).add(chain_id)
  return shared
}
