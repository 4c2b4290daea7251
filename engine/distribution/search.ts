// Which repositories there are, by a word in their name.
//
// The Hub answers a question of the first protocol still, /v1/search, with stars and
// descriptions. Private registries rarely do. They have a catalog, /v2/_catalog, of all
// their names in pages: then we look through it ourselves, and know no stars.
import * as z from 'zod/mini'
import type { SearchResult } from '../api/search.ts'
import { EngineError } from '../errors.ts'
import { readJson } from './body.ts'
import { atRegistry, RegistryClient } from './client.ts'
import { plain, RegistryError } from './errors.ts'
import { hub, type RegistryOptions, serverOf } from './registry.ts'

export interface SearchOptions {
  registry: RegistryOptions
  /** 1 to 100; 25, as Docker has it. */
  limit?: number
  /** Docker's `--filter`: is-official, is-automated, and stars as a least number. */
  official?: boolean
  automated?: boolean
  stars?: number
  signal?: AbortSignal
}

const resultSchema = z.object({
  results: z.optional(
    z.nullable(
      z.array(
        z.object({
          name: z.string(),
          description: z.optional(z.nullable(z.string())),
          star_count: z.optional(z.nullable(z.number())),
          is_official: z.optional(z.nullable(z.boolean())),
          is_automated: z.optional(z.nullable(z.boolean())),
        }),
      ),
    ),
  ),
})
const catalogSchema = z.object({ repositories: z.optional(z.nullable(z.array(z.string()))) })

const mostResults = 100

/**
 * @param term `nginx`, or `registry.example/nginx` for what is there
 * @throws EngineError `invalid` for an empty term or a limit that Docker would not take
 */
export async function search(term: string, options: SearchOptions): Promise<SearchResult[]> {
  const { limit = 25, registry, signal } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > mostResults)
    throw new EngineError('invalid', `limit ${limit} is outside the range of [1, ${mostResults}]`)
  const [domain, words] = split(term)
  if (words === '') throw new EngineError('invalid', 'search for what? Give a word of the name')
  const found =
    domain === hub
      ? await searchHub(words, limit, registry, signal)
      : await atRegistry(domain, 'pull', registry, signal, (client) => searchPrivate(client, words, limit))
  const { official, automated, stars = 0 } = options
  return found
    .filter(
      (one) =>
        one.star_count >= stars &&
        (official === undefined || one.is_official === official) &&
        (automated === undefined || one.is_automated === automated),
    )
    .slice(0, limit)
}

/** Docker's rule of hosts: with a dot or a colon, or localhost. */
function split(term: string): [domain: string, words: string] {
  const slash = term.indexOf('/')
  const first = term.slice(0, Math.max(0, slash))
  const isHost = first === 'localhost' || /[.:]/.test(first)
  if (!isHost) return [hub, term.trim()]
  const words = term.slice(slash + 1).trim()
  return serverOf(first) === serverOf(hub) ? [hub, words] : [first, words]
}

async function searchHub(
  words: string,
  limit: number,
  options: RegistryOptions,
  signal: AbortSignal | undefined,
): Promise<SearchResult[]> {
  const server = serverOf(hub)
  const host = 'index.docker.io'
  const endpoint = { base: `https://${host}`, host, server, mirror: false, insecure: false }
  // Anybody may search; a login would only be one more thing to go wrong.
  await using client = new RegistryClient(endpoint, options, undefined, signal)
  return ask(client, words, limit)
}

async function searchPrivate(client: RegistryClient, words: string, limit: number): Promise<SearchResult[]> {
  try {
    return await ask(client, words, limit)
  } catch (error) {
    client.signal.throwIfAborted()
    if (!(error instanceof EngineError)) throw error
  }
  try {
    return await searchCatalog(client, words, limit)
  } catch (error) {
    if (error instanceof RegistryError && [404, 405, 501].includes(error.status))
      throw new EngineError(
        'not-implemented',
        `${client.endpoint.host} can neither search nor list what it has`,
      )
    throw error
  }
}

async function ask(client: RegistryClient, words: string, limit: number): Promise<SearchResult[]> {
  const query = new URLSearchParams({ q: words, n: String(limit) })
  const answer = await client.call({ method: 'GET', path: `/v1/search?${query}`, scopes: [] })
  const { results } = await readJson(`search at ${client.endpoint.host}`, answer, resultSchema)
  return (results ?? []).map((one) => ({
    name: plain(one.name),
    description: plain(one.description ?? ''),
    star_count: one.star_count ?? 0,
    is_official: one.is_official ?? false,
    is_automated: one.is_automated ?? false,
  }))
}

async function searchCatalog(client: RegistryClient, words: string, limit: number): Promise<SearchResult[]> {
  const wanted = words.toLowerCase()
  const call = { method: 'GET', path: '/v2/_catalog', scopes: ['registry:catalog:*'] } as const
  const found: string[] = []
  for await (const { repositories } of client.pages(
    `catalog of ${client.endpoint.host}`,
    call,
    catalogSchema,
  )) {
    found.push(...(repositories ?? []).filter((name) => name.includes(wanted)))
    if (found.length >= limit) break
  }
  return found.map((name) => ({
    name: plain(name),
    description: '',
    star_count: 0,
    is_official: false,
    is_automated: false,
  }))
}
