// The Engine API, from the side of those who ask: one request, one answer, over a socket of
// this machine, TCP or TLS. The daemon may be tockerd or Docker's: nothing here tells them apart.
//
//   cli ── client.json({ path: '/containers/json' }) ──> GET /v1.51/containers/json
//
// Before the first request the two agree on a version: the daemon says its newest
// (`HEAD /_ping`), and the lower of its and ours stands in front of every path from then on.
//
// Answers are not checked by a schema: both sides share the types of engine/api, what an
// older or newer daemon leaves out is looked for where it is used, and a schema would take
// longer than the request. For the same reason node:http is not imported but asked for:
// what `import` makes of it loads Node's fetch, too, 70 ms of it.
//
// Called by every verb of engine/cli. Next: engine/daemon/server/server.ts
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import { packageVersion } from '../version.ts'
import { type Endpoint, findEndpoint, type HostWords } from './endpoint.ts'
import { answeredError, connectionError } from './errors.ts'

/** The newest version that we speak. */
export const newestVersion = '1.51'

type QueryValue = string | number | boolean | readonly string[] | undefined

export interface ApiRequest {
  /** GET when left out. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Without the version; made by path() where it has names in it. */
  path: string
  /** What is undefined or false is left out; of a list, each is said. */
  query?: Readonly<Record<string, QueryValue>>
  /** JSON, or an archive as it comes. */
  body?: object | Readable
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** `path('/containers/', name, '/start')`, and images, whose names have slashes that stay. */
export function path(start: string, name: string, end = ''): string {
  return `${start}${name.split('/').map(encodeURIComponent).join('/')}${end}`
}

export class EngineClient {
  readonly endpoint: Endpoint
  /** Asks the daemon to keep what its jobs do: `tocker run --explain`. */
  trace = false
  /** Of those that were kept, in the order of their beginning. */
  readonly jobs: string[] = []
  readonly #agent
  #version: Promise<string> | undefined

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
    const how = { keepAlive: true }
    this.#agent = new (this.#protocol().Agent)(how)
  }

  /** What both sides speak: `1.47`. @throws EngineError `unavailable` when nobody is there */
  version(): Promise<string> {
    this.#version ??= this.#negotiate()
    return this.#version
  }

  async #negotiate(): Promise<string> {
    if (process.env.DOCKER_API_VERSION) return process.env.DOCKER_API_VERSION
    const answer = await this.#send({ method: 'HEAD', path: '/_ping' }, '')
    answer.resume()
    // One from before versions were told speaks 1.24, the oldest that anybody still has.
    const theirs = String(answer.headers['api-version'] ?? '1.24')
    return minor(theirs) < minor(newestVersion) ? theirs : newestVersion
  }

  /** @throws EngineError of the kind that the answer's status means */
  async call(request: ApiRequest): Promise<IncomingMessage> {
    return this.#send(request, `/v${await this.version()}`)
  }

  async json<T>(request: ApiRequest): Promise<T> {
    const text = await textOf(await this.call(request))
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new EngineError('internal', `the daemon's answer to ${request.path} is no JSON`, { cause })
    }
  }

  /** For requests whose answer says nothing. @returns the status: 304 where there was nothing to do */
  async done(request: ApiRequest): Promise<number> {
    const answer = await this.call(request)
    answer.resume()
    return answer.statusCode ?? 0
  }

  /**
   * A connection that stops being HTTP: after the headers its bytes are the container's. To
   * end() it ends the container's input, and leaves its output open.
   */
  async hijack(request: ApiRequest): Promise<Duplex> {
    const prefix = `/v${await this.version()}`
    const sent = this.#open(
      { ...request, headers: { ...request.headers, Connection: 'Upgrade', Upgrade: 'tcp' } },
      prefix,
      false,
    )
    return new Promise((resolve, reject) => {
      sent.once('upgrade', (answer, socket, head) => {
        this.#noteJobs(answer)
        socket.unshift(head)
        resolve(socket)
      })
      sent.once('response', (answer) =>
        failure(answer).then(
          (error) =>
            reject(error ?? new EngineError('internal', 'the daemon did not switch to a raw stream')),
          reject,
        ),
      )
      sent.once('error', (error) => reject(this.#broken(error, request.signal)))
      writeBody(sent, request.body)
    })
  }

  #send(request: ApiRequest, prefix: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = this.#open(request, prefix, true)
      sent.once('response', (answer) => {
        this.#noteJobs(answer)
        failure(answer).then((error) => (error === undefined ? resolve(answer) : reject(error)), reject)
      })
      sent.once('error', (error) => reject(this.#broken(error, request.signal)))
      writeBody(sent, request.body)
    })
  }

  #noteJobs({ headers }: IncomingMessage): void {
    const { 'x-tocker-job': job } = headers
    if (typeof job === 'string') this.jobs.push(...job.split(', '))
  }

  #open(
    { method = 'GET', path: target, query, body, headers, signal }: ApiRequest,
    prefix: string,
    shared: boolean,
  ) {
    const options: RequestOptions = {
      ...this.#address(),
      method,
      path: `${prefix}${target}${queryText(query)}`,
      // A connection that becomes raw is nobody else's afterwards.
      agent: shared ? this.#agent : false,
      headers: {
        Host: this.endpoint.kind === 'unix' ? 'tocker' : this.endpoint.host,
        'User-Agent': `tocker/${packageVersion()} (${process.platform})`,
        ...(body === undefined
          ? {}
          : { 'Content-Type': body instanceof Readable ? 'application/x-tar' : 'application/json' }),
        ...(this.trace ? { 'X-Tocker-Trace': '1' } : {}),
        ...headers,
      },
      ...(signal === undefined ? {} : { signal }),
    }
    return this.#protocol().request(options)
  }

  #protocol() {
    const secure = this.endpoint.kind === 'tcp' && this.endpoint.tls !== undefined
    return process.getBuiltinModule(secure ? 'node:https' : 'node:http')
  }

  #address() {
    const { endpoint } = this
    // Without `servername` Node looks whether the host is an address, and loads what can tell.
    if (endpoint.kind === 'unix') return { socketPath: endpoint.path, servername: '' }
    const { host, port, tls } = endpoint
    if (!tls) return { host, port, servername: '' }
    const { verify, ...files } = tls
    // The end of a container's input is not the end of its output.
    return { host, port, ...files, rejectUnauthorized: verify, allowHalfOpen: true }
  }

  #broken(error: Error, signal: AbortSignal | undefined): Error {
    return signal?.aborted ? error : connectionError(this.endpoint, error)
  }
}

export function connect(words: HostWords): EngineClient {
  return new EngineClient(findEndpoint(words))
}

function minor(version: string): number {
  return Number(/^1\.(\d+)$/.exec(version)?.[1] ?? 0)
}

function writeBody(request: ClientRequest, body: ApiRequest['body']): void {
  if (body === undefined) request.end()
  else if (body instanceof Readable) {
    body.once('error', (error) => request.destroy(error))
    request.once('close', () => void body.destroy())
    body.pipe(request)
  } else {
    const text = Buffer.from(JSON.stringify(body))
    request.setHeader('Content-Length', text.length)
    request.end(text)
  }
}

async function failure(answer: IncomingMessage): Promise<EngineError | undefined> {
  const { statusCode: status = 0 } = answer
  return status < 400 ? undefined : answeredError(status, await textOf(answer))
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function queryText(query: ApiRequest['query'] = {}): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue
    for (const one of Array.isArray(value) ? value : [value === true ? '1' : String(value)])
      words.append(name, one)
  }
  return words.size === 0 ? '' : `?${words}`
}
