// A registry for tests, in memory, that can misbehave: it speaks the distribution
// protocol as far as our client does, remembers what it was asked, and lets a test
// answer in its place, cut a connection, or forget how ranges work.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { collect, fail, send, TestRegistryAuth } from './test-registry-auth.ts'

export interface Asked {
  method: string
  path: string
  headers: IncomingMessage['headers']
}

/** Answers in place of the registry, and says so with true. */
export type Interference = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

export interface TestRegistryOptions {
  tls?: ServerOptions
  /** Users and passwords; with them it wants to know who asks. */
  users?: Record<string, string>
  /** By a token server of its own, or by Basic. */
  auth?: 'token' | 'basic'
}

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export class TestRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Buffer>()
  /** By `repository@digest`: which repository may show which blob. */
  readonly links = new Set<string>()
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests = new Map<string, { type: string; bytes: Buffer }>()
  readonly uploads = new Map<string, Buffer>()
  readonly asked: Asked[] = []
  readonly auth: TestRegistryAuth
  interfere: Interference | undefined
  /** What it does when asked for a part. */
  ranges: 'given' | 'ignored' | 'wrong' = 'given'
  /** So many uploads lose their connection after their first bytes. */
  cuts = 0
  /** Bytes of blobs that went out, and that came in. */
  sent = 0
  received = 0
  /** Names in one page of a list. */
  page = 1000
  host = ''
  readonly #options: TestRegistryOptions
  readonly #server: Server

  private constructor(options: TestRegistryOptions) {
    this.#options = options
    this.auth = new TestRegistryAuth(options.users, options.auth ?? 'basic')
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response)
    this.#server = options.tls ? createTlsServer(options.tls, answer) : createServer(answer)
    // A cut connection is what tests are about.
    this.#server.on('clientError', (_error, socket) => socket.destroy())
  }

  static async open(options: TestRegistryOptions = {}): Promise<TestRegistry> {
    const registry = new TestRegistry(options)
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve))
    registry.host = `127.0.0.1:${(registry.#server.address() as AddressInfo).port}`
    return registry
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://${this.host}`
  }

  blob(repository: string, bytes: Buffer): { digest: string; size: number } {
    const digest = digestOf(bytes)
    this.blobs.set(digest, bytes)
    this.links.add(`${repository}@${digest}`)
    return { digest, size: bytes.length }
  }

  manifest(repository: string, tag: string | undefined, value: object, type: string): string {
    const bytes = Buffer.from(JSON.stringify(value))
    return this.#keep(repository, tag, bytes, type)
  }

  /** How often something was asked: `count('GET', /blobs/)`. */
  count(method: string, path: RegExp): number {
    return this.asked.filter((one) => one.method === method && path.test(one.path)).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    this.asked.push({ method, path: url, headers })
    try {
      if (await this.interfere?.(request, response)) return
      const where = new URL(url, 'http://registry')
      if (where.pathname === '/token') return await this.auth.answer(request, response, where)
      if (!this.auth.allowed(request, where)) return this.auth.challenge(response, this.url, where)
      await this.#route(request, response, where)
    } catch (error) {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, where: URL): Promise<void> {
    const { method = '' } = request
    const path = where.pathname
    if (path === '/v2/' || path === '/v2') return send(response, 200, {})
    if (path === '/v2/_catalog') return this.#names(response, where, 'repositories', this.#repositories())
    const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path)?.[1]
    if (tags) return this.#names(response, where, 'tags', this.#tags(tags), tags)
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path)
    if (upload) return this.#upload(request, response, where, upload[1] ?? '', upload[2] ?? '')
    const blob = /^\/v2\/(.+)\/blobs\/([^/]+)$/.exec(path)
    if (blob) return this.#blob(request, response, blob[1] ?? '', blob[2] ?? '')
    const [, repository = '', reference = ''] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? []
    if (repository === '') return fail(response, 404, 'NAME_UNKNOWN')
    if (method === 'PUT') {
      const bytes = await collect(request)
      const tag = reference.includes(':') ? undefined : reference
      const digest = this.#keep(repository, tag, bytes, request.headers['content-type'] ?? '')
      return send(response, 201, {}, { 'docker-content-digest': digest })
    }
    const found = this.manifests.get(`${repository}${reference.includes(':') ? '@' : ':'}${reference}`)
    if (!found) return fail(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown')
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': found.bytes.length,
      'docker-content-digest': digestOf(found.bytes),
    })
    response.end(method === 'HEAD' ? undefined : found.bytes)
  }

  #blob(request: IncomingMessage, response: ServerResponse, repository: string, digest: string): void {
    const bytes = this.blobs.get(digest)
    if (!bytes || !this.links.has(`${repository}@${digest}`)) {
      fail(response, 404, 'BLOB_UNKNOWN')
      return
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = this.ranges !== 'ignored' && from > 0
    if (part && from >= bytes.length) {
      fail(response, 416, 'RANGE_INVALID')
      return
    }
    const begin = part ? (this.ranges === 'wrong' ? 0 : from) : 0
    const body = bytes.subarray(begin)
    response.writeHead(part ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      ...(part ? { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    if (request.method !== 'HEAD') this.sent += body.length
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    where: URL,
    repository: string,
    id: string,
  ): Promise<void> {
    const { method } = request
    if (method === 'POST') {
      const [mount, from] = [where.searchParams.get('mount'), where.searchParams.get('from')]
      if (mount && from && this.links.has(`${from}@${mount}`)) {
        this.links.add(`${repository}@${mount}`)
        return send(response, 201, {}, { location: `/v2/${repository}/blobs/${mount}` })
      }
      const made = randomBytes(8).toString('hex')
      this.uploads.set(made, Buffer.alloc(0))
      return send(response, 202, {}, { location: `/v2/${repository}/blobs/uploads/${made}?state=a` })
    }
    const before = this.uploads.get(id)
    if (!before) return fail(response, 404, 'BLOB_UPLOAD_UNKNOWN')
    if (method === 'GET') return send(response, 204, undefined, this.#progress(repository, id))
    if (method === 'DELETE') {
      this.uploads.delete(id)
      return send(response, 204, undefined)
    }
    const range = /^(\d+)-/.exec(request.headers['content-range'] ?? '')
    if (range && Number(range[1]) !== before.length)
      return send(response, 416, undefined, this.#progress(repository, id))
    // What arrives before a connection breaks is kept, as the real one does.
    for await (const chunk of request as AsyncIterable<Buffer>) {
      this.uploads.set(id, Buffer.concat([this.uploads.get(id) ?? Buffer.alloc(0), chunk]))
      this.received += chunk.length
      if (this.cuts === 0) continue
      this.cuts--
      request.socket.destroy()
      return
    }
    if (method === 'PATCH') return send(response, 202, undefined, this.#progress(repository, id))
    const [digest, bytes] = [where.searchParams.get('digest'), this.uploads.get(id) ?? Buffer.alloc(0)]
    this.uploads.delete(id)
    if (digest !== digestOf(bytes)) return fail(response, 400, 'DIGEST_INVALID')
    this.blob(repository, bytes)
    send(response, 201, {}, { location: `/v2/${repository}/blobs/${digest}` })
  }

  #progress(repository: string, id: string): Record<string, string> {
    const length = this.uploads.get(id)?.length ?? 0
    return {
      location: `/v2/${repository}/blobs/uploads/${id}?state=b`,
      range: `0-${Math.max(0, length - 1)}`,
    }
  }

  #keep(repository: string, tag: string | undefined, bytes: Buffer, type: string): string {
    const digest = digestOf(bytes)
    this.manifests.set(`${repository}@${digest}`, { type, bytes })
    if (tag) this.manifests.set(`${repository}:${tag}`, { type, bytes })
    return digest
  }

  #tags(repository: string): string[] {
    const keys = [...this.manifests.keys()].filter((key) => key.startsWith(`${repository}:`))
    return keys.map((key) => key.slice(repository.length + 1)).sort()
  }

  #repositories(): string[] {
    return [...new Set([...this.manifests.keys()].map((key) => key.replace(/[@:].*$/, '')))].sort()
  }

  #names(response: ServerResponse, where: URL, field: string, all: string[], name?: string): void {
    if (name !== undefined && all.length === 0) {
      fail(response, 404, 'NAME_UNKNOWN')
      return
    }
    const last = where.searchParams.get('last') ?? ''
    const rest = all.filter((one) => one > last)
    const names = rest.slice(0, this.page)
    const link = `<${where.pathname}?last=${names.at(-1)}&n=${this.page}>; rel="next"`
    send(
      response,
      200,
      { ...(name ? { name } : {}), [field]: names },
      rest.length > names.length ? { link } : {},
    )
  }
}
