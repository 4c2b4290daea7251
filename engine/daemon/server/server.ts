// The door of the daemon: HTTP in, a handler found, an answer out; nothing that a client
// sends, or stops sending, gets further than its own connection.
//
//   request ── version off the path ── router ── handler ── answer
//                     |                  |          |
//                    400                404     kind of the error (error-response.ts)
//
// Called by daemon/main.ts, once for every listener. Next: engine/daemon/server/listen.ts
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { EngineError, errorsOf, hasCode } from '../../errors.ts'
import { newestVersion, spellVersion, splitVersion } from './api-version.ts'
import { respondWithError } from './error-response.ts'
import { Exchange } from './exchange.ts'
import { Query } from './query.ts'
import { type Route, Router } from './router.ts'

/** PEM; with `ca`, clients must show a certificate that it has signed. */
export interface ServerTls {
  cert: Buffer
  key: Buffer
  ca?: Buffer
}

export interface ServerOptions {
  routes: readonly Route[]
  /** `tocker/0.1.0 (linux)`. */
  name: string
  tls?: ServerTls
  /** What a handler threw that is nobody's fault but ours. */
  onInternalError?: (error: unknown, request: IncomingMessage) => void
}

/** Milliseconds in which a client must have said what it wants. How long the answer takes is the verb's affair. */
const patience = 30_000

export function createApiServer({ routes, name, tls, onInternalError }: ServerOptions): Server {
  const router = new Router(routes)
  const common = {
    Server: name,
    'Api-Version': spellVersion(newestVersion),
    'Docker-Experimental': 'false',
    Ostype: 'linux',
  }
  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    upgraded?: Duplex,
  ): Promise<void> => {
    for (const [header, value] of Object.entries(common)) response.setHeader(header, value)
    // A client that is gone is no error: what it waited for is told by the signal.
    response.on('error', () => {})
    try {
      await dispatch(router, request, response, upgraded)
    } catch (error) {
      const isTold = errorsOf(error).every((one) => one instanceof EngineError)
      if (!isTold && !hasLeft(error, request, response)) onInternalError?.(error, request)
      respondWithError(response, error)
      if (!request.complete) linger(request, response)
      if (upgraded !== undefined) response.once('finish', () => upgraded.end())
    }
  }
  const options = { headersTimeout: patience, requestTimeout: 0, keepAliveTimeout: patience }
  const onRequest: RequestListener = (request, response) => void answer(request, response)
  const server = tls
    ? createTlsServer(
        {
          ...options,
          ...tls,
          minVersion: 'TLSv1.2',
          // As over HTTP: whoever has ended his input still reads what comes of it.
          allowHalfOpen: true,
          requestCert: tls.ca !== undefined,
          rejectUnauthorized: tls.ca !== undefined,
        },
        onRequest,
      )
    : createServer(options, onRequest)
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (head.length > 0) socket.unshift(head)
    const response = new ServerResponse(request)
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    void answer(request, response, socket)
  })
  return server
}

/** A body that broke off, an answer that nobody took: what a client does by leaving is no mistake of ours. */
function hasLeft(error: unknown, request: IncomingMessage, response: ServerResponse): boolean {
  const isGone = request.destroyed || response.destroyed || response.socket?.destroyed !== false
  return isGone && endings.some((code) => hasCode(error, code))
}

const endings = ['ECONNRESET', 'EPIPE', 'ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']

/** Milliseconds. */
const lingering = 1000

/**
 * A client that is still sending has its answer early. To close at once would reset the
 * connection, and take the answer with it; so what comes is thrown away for a moment.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false
  request.resume()
  response.once('finish', () => setTimeout(() => request.destroy(), lingering).unref())
}

async function dispatch(
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  upgraded: Duplex | undefined,
): Promise<void> {
  const [target = '/', query = ''] = splitOnce(request.url ?? '/', '?')
  const { version, path } = splitVersion(target)
  const found = router.find(request.method ?? 'GET', path)
  if (found === undefined) throw new EngineError('not-found', 'page not found')
  await found.route.handle(
    new Exchange({
      ...{ request, response, version, parameters: found.parameters, query: new Query(query) },
      ...(upgraded === undefined ? {} : { upgraded }),
    }),
  )
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}
