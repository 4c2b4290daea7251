// From a challenge to an Authorization header.
//
//   we                          registry                     token server
//   │ GET /v2/                     │                              │
//   ├─────────────────────────────►│                              │
//   │ 401, WWW-Authenticate: Bearer realm="https://token.server/…"│
//   │◄─────────────────────────────┤                              │
//   │ GET realm?service=…&scope=repository:team/app:pull          │
//   │     Authorization: Basic (when we are somebody)             │
//   ├────────────────────────────────────────────────────────────►│
//   │                    {"token":"…","expires_in":300}           │
//   │◄────────────────────────────────────────────────────────────┤
//   │ GET /v2/team/app/manifests/1 │                              │
//   │     Authorization: Bearer …  │                              │
//   ├─────────────────────────────►│                              │
//
// So the registry never sees the password, and a token is good for one repository, one
// verb and a few minutes. Who has an identity token (what `login` got in place of the
// password) sends that instead, by POST. A registry without a token server asks for
// Basic, and gets the password with each request.
// https://distribution.github.io/distribution/spec/auth/token/
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { readJson } from './body.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { RegistryError } from './errors.ts'
import type { Transport } from './transport.ts'

const answerSchema = z.object({
  token: z.optional(z.nullable(z.string())),
  access_token: z.optional(z.nullable(z.string())),
  refresh_token: z.optional(z.nullable(z.string())),
  expires_in: z.optional(z.nullable(z.number())),
})

interface Token {
  text: string
  refresh: string | undefined
  /** Milliseconds since the epoch. */
  until: number
}

/** So long a token lives that does not say it: seconds, by the specification. */
const usualLife = 60

export interface Identity {
  /** The registry's host, for messages. */
  host: string
  credentials: Credentials | undefined
  /** Tokens may come by plain HTTP. */
  insecure: boolean
}

export class Authorizer {
  readonly #transport: Transport
  readonly #identity: Identity
  #challenges: readonly Challenge[] = []
  /** By scopes; a promise, so that ten layers at once ask for one token. */
  readonly #tokens = new Map<string, Promise<Token>>()

  constructor(transport: Transport, identity: Identity) {
    this.#transport = transport
    this.#identity = identity
  }

  /** What the last 401 asked for. */
  learn(challenges: readonly Challenge[]): void {
    if (challenges.length > 0) this.#challenges = challenges
  }

  /**
   * @param scopes what the request is about: `repository:team/app:pull`
   * @param also what the challenge named besides
   * @returns the header; undefined while the registry wants none, or when we have nothing that it wants
   * @throws EngineError `unauthorized`, `forbidden` when the token server refuses
   */
  async header(
    scopes: readonly string[],
    signal?: AbortSignal,
    also: readonly string[] = [],
  ): Promise<string | undefined> {
    const { credentials = {} } = this.#identity
    if (credentials.registryToken !== undefined) return `Bearer ${credentials.registryToken}`
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer !== undefined) return `Bearer ${(await this.#token(bearer, scopes, also, signal)).text}`
    const basic = this.#challenges.some(({ scheme }) => scheme === 'basic')
    return basic && credentials.username !== undefined ? basicHeader(credentials) : undefined
  }

  /** A token that was refused before its time: revoked, or for less than was asked. */
  forget(): void {
    this.#tokens.clear()
  }

  /** What `login` keeps in place of the password, where the token server gives one. */
  async identityToken(signal?: AbortSignal): Promise<string | undefined> {
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer')
    return bearer && (await this.#fetch(bearer, [], true, signal)).refresh
  }

  async #token(
    challenge: Challenge,
    scopes: readonly string[],
    also: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const key = scopes.toSorted().join(' ')
    const kept = this.#tokens.get(key)
    const token = kept && (await kept)
    if (token !== undefined && token.until > Date.now()) return token
    // Whoever else waited for it may have asked for the next one already.
    const next = this.#tokens.get(key)
    if (next !== undefined && next !== kept) return next
    const asked = this.#fetch(challenge, [...new Set([...scopes, ...also])], false, signal)
    this.#tokens.set(key, asked)
    // A failure is for whoever waits now; the next one asks again.
    asked.catch(() => this.#tokens.get(key) === asked && this.#tokens.delete(key))
    return asked
  }

  async #fetch(
    { parameters }: Challenge,
    scopes: readonly string[],
    offline: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const { host, credentials = {}, insecure } = this.#identity
    const realm = URL.parse(parameters.realm ?? '')
    if (realm === null || !/^https?:$/.test(realm.protocol))
      throw new EngineError('unavailable', `${host} does not say where to get a token`)
    if (realm.protocol === 'http:' && !insecure)
      throw new EngineError(
        'forbidden',
        `${host} wants our login to go to ${realm.host} without TLS: only one of insecure-registries may`,
      )
    const wanted = new URLSearchParams()
    if (parameters.service) wanted.set('service', parameters.service)
    const { identityToken, username } = credentials
    const answer = await this.#ask(realm, signal, () => {
      if (identityToken !== undefined) {
        wanted.set('grant_type', 'refresh_token')
        wanted.set('refresh_token', identityToken)
        wanted.set('client_id', 'tocker')
        if (scopes.length > 0) wanted.set('scope', scopes.join(' '))
        return { form: wanted }
      }
      for (const scope of scopes) wanted.append('scope', scope)
      if (offline) wanted.set('offline_token', 'true')
      if (offline) wanted.set('client_id', 'tocker')
      if (username !== undefined) wanted.set('account', username)
      return { query: wanted, ...(username === undefined ? {} : { basic: basicHeader(credentials) }) }
    })
    const text = answer.token || answer.access_token
    if (!text) throw new EngineError('unavailable', `${realm.host} answered without a token`)
    // A tenth early: it has to last until the registry reads it.
    const life = Math.max(answer.expires_in ?? 0, usualLife) * 900
    return { text, refresh: answer.refresh_token ?? undefined, until: Date.now() + life }
  }

  async #ask(
    realm: URL,
    signal: AbortSignal | undefined,
    how: () => { form: URLSearchParams } | { query: URLSearchParams; basic?: string },
  ): Promise<z.infer<typeof answerSchema>> {
    const way = how()
    const url = new URL(realm)
    if ('query' in way) for (const [name, value] of way.query) url.searchParams.append(name, value)
    const answer =
      'form' in way
        ? await this.#transport.send({
            method: 'POST',
            url,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: () => Buffer.from(way.form.toString()),
            signal,
          })
        : await this.#transport.send({
            method: 'GET',
            url,
            headers: way.basic === undefined ? {} : { authorization: way.basic },
            signal,
          })
    try {
      return await readJson(`token for ${this.#identity.host}`, answer, answerSchema)
    } catch (error) {
      const refused = error instanceof RegistryError && (error.status === 401 || error.status === 400)
      if (!refused || this.#identity.credentials === undefined) throw error
      throw new RegistryError(
        'unauthorized',
        `${this.#identity.host} does not take our login: wrong user or password, or it has ended: tocker login ${this.#identity.host}`,
        error.status,
        error.codes,
      )
    }
  }
}

function basicHeader({ username = '', password = '' }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
