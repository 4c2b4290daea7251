// One request and its answer, as a handler sees them.
//
// Three shapes of an answer: json(), stream() for what goes on until somebody leaves
// (events, logs, progress), and hijack() for what goes both ways (attach, exec).
//
// A hijacked connection stops being HTTP: after the headers its bytes are the container's.
// Docker's client asks for that with `Upgrade: tcp`, and gets `101 UPGRADED`; clients that do not ask get
// an answer without an end in place of it, and their body is what the container reads.
//
// Made by server.ts.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex, Readable, type Writable } from 'node:stream'
import type { ApiVersion } from './api-version.ts'
import type { Query } from './query.ts'

export interface ExchangeParts {
  request: IncomingMessage
  response: ServerResponse
  /** From the path: `{ name: "web" }`. */
  parameters: Readonly<Record<string, string>>
  query: Query
  version: ApiVersion
  /** Whose client asked for a raw connection: the socket, with what came behind the body put back. */
  upgraded?: Duplex
}

export class Exchange {
  readonly request: IncomingMessage
  readonly parameters: Readonly<Record<string, string>>
  readonly query: Query
  readonly version: ApiVersion
  readonly #response: ServerResponse
  readonly #upgraded: Duplex | undefined
  readonly #gone = new AbortController()
  readonly #jobs: string[] = []

  constructor({ request, response, parameters, query, version, upgraded }: ExchangeParts) {
    this.request = request
    this.parameters = parameters
    this.query = query
    this.version = version
    this.#response = response
    this.#upgraded = upgraded
    const connection = upgraded ?? response
    connection.once('close', () => this.#gone.abort())
  }

  /** Ours: `X-Tocker-Trace: 1` keeps every system call of the jobs, for GET /jobs/{id}/trace. */
  get trace(): boolean {
    return this.request.headers['x-tocker-trace'] === '1'
  }

  /** Says in a header which jobs to ask about. */
  readonly onJob = (id: string): void => {
    this.#jobs.push(id)
    if (this.trace && !this.#response.headersSent)
      this.#response.setHeader('X-Tocker-Job', this.#jobs.join(', '))
  }

  /** Aborted when the client is gone, or the answer is out. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /**
   * What the client sends, as it comes. Whoever has enough of it may destroy it: the connection
   * stays, and with it the way for the answer that says why.
   */
  get body(): Readable {
    return Readable.from(this.request.iterator({ destroyOnReturn: false }), { objectMode: false })
  }

  parameter(name: string): string {
    return this.parameters[name] ?? ''
  }

  json(status: number, value: unknown): void {
    const body = `${JSON.stringify(value)}\n`
    this.#response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    this.#response.end(body)
  }

  text(status: number, body: string): void {
    this.#response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
    // HEAD has the headers of GET, and no body.
    this.#response.end(this.request.method === 'HEAD' ? undefined : body)
  }

  /** A text of another kind than plain. */
  bytes(status: number, contentType: string, body: string): void {
    this.#response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(body),
    })
    this.#response.end(body)
  }

  empty(status: number): void {
    this.#response.writeHead(status).end()
  }

  header(name: string, value: string): void {
    this.#response.setHeader(name, value)
  }

  /** The headers go out at once: a client that waits for a first event must know that it was heard. */
  stream(status: number, contentType: string): Writable {
    this.#response.writeHead(status, { 'Content-Type': contentType })
    this.#response.flushHeaders()
    return this.#response
  }

  hijack(contentType: string): Duplex {
    if (this.#upgraded === undefined) return bothWays(this.request, this.stream(200, contentType))
    const { socket } = this.#response
    if (socket !== null) this.#response.detachSocket(socket)
    this.#upgraded.write(
      `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${this.#jobHeader()}\r\n`,
    )
    return this.#upgraded
  }

  #jobHeader(): string {
    return this.trace && this.#jobs.length > 0 ? `X-Tocker-Job: ${this.#jobs.join(', ')}\r\n` : ''
  }
}

/** Not Duplex.from(): a ServerResponse is no stream of the kind that it knows the end of. */
function bothWays(request: IncomingMessage, response: Writable): Duplex {
  const both = new Duplex({
    read: () => void request.resume(),
    write: (chunk, encoding, done) => void response.write(chunk, encoding, done),
    final: (done) => void response.end(done),
    destroy: (error, done) => {
      if (!response.writableFinished) response.destroy()
      done(error)
    },
  })
  // A client that is gone is no error; without a listener it would be the end of the daemon.
  both.on('error', () => {})
  request.on('data', (chunk) => both.push(chunk) || request.pause())
  request.once('end', () => both.push(null))
  response.once('close', () => both.destroy())
  // It left while its answer was being made.
  if (response.destroyed) both.destroy()
  return both
}
