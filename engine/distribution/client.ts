// A conversation with one registry: requests with the right token, pages, fallbacks.
//
// The whole protocol is five nouns below /v2/, each a plain HTTP resource:
//
//   /v2/                                  do you speak it, and who may ask?
//   /v2/<repository>/manifests/<tag|digest>    what an image consists of
//   /v2/<repository>/blobs/<digest>            layers and configurations
//   /v2/<repository>/blobs/uploads/            blobs on their way up
//   /v2/<repository>/tags/list, /v2/_catalog   names
//
// Called by pull.ts, push.ts, login.ts and search.ts, through atRegistry(): it finds the
// address of a registry that answers, and lets go of its connections afterwards.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
// Next: engine/distribution/transport.ts
import type * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { Authorizer } from './auth.ts'
import { expectSuccess, readJson } from './body.ts'
import { parseChallenges } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { ConnectionError } from './errors.ts'
import { type Endpoint, endpointsOf, type RegistryOptions } from './registry.ts'
import { type Answer, type Call, discard, header, Transport } from './transport.ts'

export interface RegistryCall extends Omit<Call, 'url' | 'signal'> {
  /** Below the registry's address: `/v2/team/app/tags/list`; or a whole URL that it gave us. */
  path: string | URL
  /** What the request needs a token for: pullScope(), pushScope(). */
  scopes: readonly string[]
}

export const pullScope = (repository: string): string => `repository:${repository}:pull`
export const pushScope = (repository: string): string => `repository:${repository}:pull,push`

/** Nobody reads more pages of names than this. */
const mostPages = 10_000

export class RegistryClient implements AsyncDisposable {
  readonly endpoint: Endpoint
  /** Ends every request of this client: when its caller aborts, or giveUp() is called. */
  readonly signal: AbortSignal
  readonly #control = new AbortController()
  readonly #transport: Transport
  readonly #authorizer: Authorizer

  constructor(
    endpoint: Endpoint,
    options: RegistryOptions,
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ) {
    const { host, insecure } = endpoint
    this.endpoint = endpoint
    this.signal = signal ? AbortSignal.any([signal, this.#control.signal]) : this.#control.signal
    this.#transport = new Transport(options, insecure)
    this.#authorizer = new Authorizer(this.#transport, { host, credentials, insecure })
  }

  /** Asks whether there is a registry, and what it wants to know of us. @throws EngineError when there is none */
  async ping(repeat = true): Promise<void> {
    const url = this.#url('/v2/')
    const answer = await this.#transport.send({ method: 'GET', url, signal: this.signal, repeat })
    const challenges = parseChallenges(answer.headers['www-authenticate'])
    this.#authorizer.learn(challenges)
    if (answer.status === 401 && challenges.length > 0) return discard(answer)
    await expectSuccess(`the registry at ${this.endpoint.host}`, answer)
    discard(answer)
  }

  /** @returns any answer; a 401 only when there is nothing more to show */
  async call({ path, scopes, ...call }: RegistryCall): Promise<Answer> {
    const url = typeof path === 'string' ? this.#url(path) : path
    // A registry chooses where uploads go on, which may be another host's business.
    const own = url.origin === new URL(this.endpoint.base).origin
    let also: string[] = []
    for (let attempt = 0; ; attempt++) {
      const authorization = own ? await this.#authorizer.header(scopes, this.signal, also) : undefined
      const headers = { ...call.headers, ...(authorization && { authorization }) }
      const answer = await this.#transport.send({ ...call, url, headers, signal: this.signal })
      // Of another host, which the registry sent us to, a token is nobody's business either.
      if (answer.status !== 401 || attempt > 0 || answer.url.origin !== url.origin || !own) return answer
      const challenges = parseChallenges(answer.headers['www-authenticate'])
      this.#authorizer.learn(challenges)
      this.#authorizer.forget()
      also = challenges.flatMap(({ parameters }) => parameters.scope?.split(' ').filter(Boolean) ?? [])
      const again = await this.#authorizer.header(scopes, this.signal, also)
      if (again === undefined || again === authorization) return answer
      discard(answer)
    }
  }

  /** call(), for those who want nothing but success. @throws RegistryError */
  async succeed(what: string, call: RegistryCall): Promise<Answer> {
    const answer = await this.call(call)
    await expectSuccess(what, answer)
    return answer
  }

  /** The pages of a list, each where the `Link: <…>; rel="next"` of the one before says. */
  async *pages<T>(what: string, call: RegistryCall, schema: z.ZodMiniType<T>): AsyncGenerator<T> {
    const seen = new Set<string>()
    for (let next: string | URL | undefined = call.path; next !== undefined; ) {
      const answer: Answer = await this.call({ ...call, path: next })
      yield await readJson(what, answer, schema)
      next = nextPage(header(answer, 'link'), answer.url)
      if (next === undefined) return
      if (next.origin !== answer.url.origin || seen.has(next.href) || seen.size >= mostPages)
        throw new EngineError('unavailable', `${what}: the pages of ${this.endpoint.host} do not end`)
      seen.add(next.href)
    }
  }

  /** One of many requests has failed: the others end, with the same error. */
  giveUp(reason: unknown): void {
    this.#control.abort(reason)
  }

  identityToken(): Promise<string | undefined> {
    return this.#authorizer.identityToken(this.signal)
  }

  #url(path: string): URL {
    return new URL(this.endpoint.base + path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
  }
}

/**
 * Does `work` at the first address of a registry that can: mirrors first, TLS before plain HTTP.
 * @throws what the last of them threw
 */
export async function atRegistry<T>(
  domain: string,
  purpose: 'pull' | 'push',
  options: RegistryOptions,
  signal: AbortSignal | undefined,
  work: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const endpoints = await endpointsOf(domain, purpose, options)
  for (const [index, endpoint] of endpoints.entries()) {
    const last = index === endpoints.length - 1
    const credentials = options.credentials?.(endpoint.server)
    await using client = new RegistryClient(endpoint, options, credentials, signal)
    try {
      await client.ping(last)
    } catch (error) {
      signal?.throwIfAborted()
      if (last || !(endpoint.mirror || isWithoutTls(error))) throw error
      continue
    }
    try {
      return await work(client)
    } catch (error) {
      signal?.throwIfAborted()
      // What a mirror lacks, or cannot do today, the registry itself has. A full disk here is no fault of a mirror's.
      const theirs = error instanceof EngineError && !['internal', 'conflict'].includes(error.kind)
      if (!endpoint.mirror || !theirs) throw error
    }
  }
  throw new EngineError('internal', `no address for ${domain}`)
}

/** Nobody listens there, or somebody who does not speak TLS: then plain HTTP may do. */
function isWithoutTls(error: unknown): boolean {
  return (
    error instanceof ConnectionError &&
    /^(ECONN|EPIPE|EPROTO|UND_ERR_|ERR_SSL_(WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST)|ETIMEDOUT)/.test(
      error.code,
    )
  )
}

/** RFC 8288, as registries write it: `</v2/app/tags/list?last=b&n=2>; rel="next"`. */
function nextPage(link: string | undefined, base: URL): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next\b/i.exec(link ?? '')?.[1]
  return target === undefined ? undefined : (URL.parse(target, base) ?? undefined)
}
