// The class' door: the site's files for everybody on the LAN, and for those who
// know the code a socket that only tells.
//
// Another listener than the instructor's, on other addresses: a request that comes
// in here meets no code that could reach the sandbox.
//
// Next: site/server/classroom.ts
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIPv6 } from 'node:net'
import { WebSocketServer } from 'ws'
import { ClassGuard } from './class-guard.ts'
import { Classroom } from './classroom.ts'
import { listen } from './listen.ts'
import { end, refuseUpgrade, serveStatic } from './static-files.ts'

export interface ClassDoor {
  readonly code: string
  /** `http://192.0.2.7:4400/join`, one for each address it listens on. */
  readonly addresses: string[]
  readonly classroom: Classroom
  close(): void
}

export interface ClassDoorOptions {
  /** Directory of the built site. */
  root: string
  /** IP addresses to listen on. */
  hosts: readonly string[]
  /** First port to try. */
  port: number
  onCount: () => void
}

export async function openClassDoor({ root, hosts, port, onCount }: ClassDoorOptions): Promise<ClassDoor> {
  const places: string[] = []
  const guard = new ClassGuard(() => places)
  const addresses = (): string[] => places.map((place) => `http://${place}/join`)
  const classroom = new Classroom(() => ({ code: guard.code, addresses: addresses() }), onCount)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 })
  const servers: Server[] = []
  const close = (): void => {
    classroom.close()
    for (const socket of sockets.clients) socket.terminate()
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
  for (const host of hosts) {
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 15_000 }, (request, response) => {
      if (!guard.hostAllowed(request)) return end(response, 421, 'wrong Host')
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      if (pathname === '/join' && request.method === 'POST') return void join(guard, request, response)
      void serveStatic(root, request, response)
    })
    // Some tabs for each of two hundred, and no more.
    server.maxConnections = 1000
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      const refusal = guard.refusal(request)
      const { pathname } = new URL(request.url ?? '/', 'http://localhost')
      if (refusal) return refuseUpgrade(socket, refusal.status, refusal.reason)
      if (pathname !== '/class') return refuseUpgrade(socket, 404, 'not here')
      sockets.handleUpgrade(request, socket, head, (viewer) => {
        viewer.on('error', () => viewer.terminate())
        classroom.join(viewer)
      })
    })
    servers.push(server)
    try {
      const bound = await listen(server, port, host)
      places.push(`${isIPv6(host) ? `[${host}]` : host}:${bound}`)
    } catch (error) {
      close()
      throw new Error(
        `cannot listen on ${host}: ${error instanceof Error ? error.message : error}. Name an address of this machine with --host.`,
      )
    }
  }
  return { code: guard.code, addresses: addresses(), classroom, close }
}

/** Takes a code, and gives the cookie for it. */
async function join(guard: ClassGuard, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!guard.originAllowed(request)) return end(response, 403, 'wrong Origin')
  let typed = ''
  try {
    for await (const chunk of request) {
      typed += chunk
      if (typed.length > 64) return end(response, 413, 'a code has six characters')
    }
  } catch {
    return void response.destroy()
  }
  const outcome = guard.enter(request.socket.remoteAddress ?? '', typed)
  if (outcome === 'wait') return end(response, 429, 'too many wrong codes: wait a minute')
  if (outcome === 'wrong') return end(response, 403, 'not the code')
  response.writeHead(204, { 'Set-Cookie': guard.cookie(request), 'Cache-Control': 'no-store' }).end()
}
