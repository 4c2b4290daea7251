// One HTTP request to a registry, as often as it takes.
//
// Whoever calls gets an answer, whatever its status, or one line why there is none.
// In between, this file asks again after what passes (retry.ts), and follows redirects:
// most registries keep blobs elsewhere and send the client there with a signed address.
// The Authorization header is for the registry alone. Sent along, it would hand the
// user's token to a storage provider (and S3 refuses requests that are signed twice).
//
// Nothing here holds a body in memory: `answer.body` is the socket, and whoever takes
// an answer reads or destroys it. undici does the HTTP; the environment's HTTP_PROXY,
// HTTPS_PROXY and NO_PROXY are obeyed, as Docker does.
// Next: engine/distribution/auth.ts
import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { EngineError } from '../errors.ts'
import { packageVersion } from '../version.ts'
import { certificatesOf } from './certificates.ts'
import { connectionError, isUnknownSigner } from './errors.ts'
import type { RegistryOptions } from './registry.ts'
import { codeOf, isBroken, isPassing, pauseBefore, usualRetries, wait } from './retry.ts'

export interface Call {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: URL
  headers?: Readonly<Record<string, string>>
  /** Made anew for every attempt. */
  body?: () => Uint8Array | Readable
  signal?: AbortSignal | undefined
  /** False where a second attempt would do the thing twice, or somebody else tries again. */
  repeat?: boolean
}

export interface Answer {
  status: number
  headers: Dispatcher.ResponseData['headers']
  /** To be read to its end, or destroyed. */
  body: Dispatcher.ResponseData['body']
  /** Where it came from in the end. */
  url: URL
  /** The one of the call: aborting it ends the body, too. */
  signal: AbortSignal | undefined
}

const usualTimeouts = {
  connect: 15_000,
  // To commit an upload, a registry reads all of it before it answers.
  answer: 300_000,
  silence: 60_000,
}
const redirects = new Set([301, 302, 303, 307, 308])
const mostRedirects = 5

export class Transport implements AsyncDisposable {
  readonly #options: RegistryOptions
  readonly #insecure: boolean
  readonly #userAgent = `tocker/${packageVersion()}`
  /** The usual CAs did not do for somebody: this machine's own may. */
  #trustSystem = false
  /** One for each host and each trust, since each has its own certificates. */
  readonly #agents = new Map<string, Dispatcher>()

  /** @param insecure no certificate has to prove anything, and plain HTTP will do */
  constructor(options: RegistryOptions, insecure: boolean) {
    this.#options = options
    this.#insecure = insecure
  }

  /**
   * @returns any answer, errors of the server included
   * @throws EngineError `unavailable` when there is none; the signal's reason when it is given up
   */
  async send(call: Call): Promise<Answer> {
    const { attempts, pause } = { ...usualRetries, ...this.#options.retries }
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= attempts || call.repeat === false
      const system = this.#trustSystem
      try {
        const answer = await this.#follow(call)
        const time = isPassing(answer.status)
          ? pauseBefore(attempt, pause, header(answer, 'retry-after'))
          : undefined
        if (last || time === undefined) return answer
        discard(answer)
        await wait(time, call.signal)
      } catch (error) {
        call.signal?.throwIfAborted()
        if (error instanceof EngineError) throw error
        if (isUnknownSigner(codeOf(error)) && !system) {
          this.#trustSystem = true
          attempt--
          continue
        }
        if (last || !isBroken(error)) throw connectionError(call.url, error)
        await wait(pauseBefore(attempt, pause) ?? 0, call.signal)
      }
    }
  }

  async #follow(call: Call): Promise<Answer> {
    let { method, url, headers, body } = call
    for (let hops = 0; ; hops++) {
      const answer = await this.#once({ ...call, method, url, headers: headers ?? {}, ...(body && { body }) })
      const location = header(answer, 'location')
      if (!redirects.has(answer.status) || location === undefined) return answer
      discard(answer)
      if (hops >= mostRedirects)
        throw new EngineError('unavailable', `${call.url.host} sends us from one address to the next`)
      const next = URL.parse(location, url)
      if (next === null || !/^https?:$/.test(next.protocol))
        throw new EngineError('unavailable', `${url.host} sends us to ${JSON.stringify(location)}`)
      if (url.protocol === 'https:' && next.protocol === 'http:' && !this.#insecure)
        throw new EngineError(
          'forbidden',
          `${url.host} sends us on without TLS, to ${next.host}: only one of insecure-registries may`,
        )
      if (next.origin !== url.origin) headers = withoutSecrets(headers)
      if (answer.status === 303 && method !== 'HEAD') [method, body] = ['GET', undefined]
      url = next
    }
  }

  async #once({ method, url, headers, body, signal }: Call): Promise<Answer> {
    signal?.throwIfAborted()
    const { statusCode, ...rest } = await request(url, {
      method,
      headers: { 'user-agent': this.#userAgent, ...headers },
      dispatcher: this.#agent(url),
      body: body?.() ?? null,
      // Fewer, larger pieces: each costs a turn of the loop.
      highWaterMark: 2 ** 20,
      ...(signal === undefined ? {} : { signal }),
    })
    // Aborted after its headers, an answer nobody reads yet would end the process.
    rest.body.on('error', () => {})
    return { status: statusCode, headers: rest.headers, body: rest.body, url, signal }
  }

  #agent(url: URL): Dispatcher {
    const key = `${url.origin} ${this.#trustSystem}`
    const there = this.#agents.get(key)
    if (there !== undefined) return there
    const { connect, answer, silence } = { ...usualTimeouts, ...this.#options.timeouts }
    const tls =
      url.protocol === 'http:'
        ? {}
        : {
            ...certificatesOf(url.host, this.#options.certificates, this.#trustSystem),
            rejectUnauthorized: !this.#insecure,
          }
    const options: Agent.Options = {
      headersTimeout: answer,
      bodyTimeout: silence,
      connect: { timeout: connect, ...tls },
    }
    const proxied = ['http_proxy', 'https_proxy'].some((name) => environment(name) !== '')
    const agent = proxied ? new EnvHttpProxyAgent({ ...options, requestTls: tls }) : new Agent(options)
    this.#agents.set(key, agent)
    return agent
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()))
    this.#agents.clear()
  }
}

/** The first, when it came more than once. */
export function header(answer: Pick<Answer, 'headers'>, name: string): string | undefined {
  const value = answer.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** Nobody wants its body: what is short is read, so that the connection can serve once more. */
export function discard({ body }: Pick<Answer, 'body'>): void {
  body.dump({ limit: 16 * 1024 }).catch(() => {})
}

function withoutSecrets(headers: Call['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => !/^(proxy-)?authorization$|^cookie$/i.test(name)),
  )
}

function environment(name: string): string {
  return process.env[name] || process.env[name.toUpperCase()] || ''
}
