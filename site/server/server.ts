// The bridge between browsers and sandboxes: the site's files over HTTP, and one
// WebSocket per lesson page. Loopback only.
//
// Next: site/server/room.ts
import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'
import { findLesson } from '../../lessons/format/catalogue.ts'
import { progressText } from '../../sandbox-vm/progress-line.ts'
import type { Progress, Sandbox } from '../../sandbox-vm/sandbox.ts'
import { Guard } from './guard.ts'
import { Room, send } from './room.ts'
import { end, serveStatic } from './static-files.ts'

export interface SiteOptions {
  /** Directory of the built site. */
  root: string
  /** First port to try; the next ones follow when it is taken. */
  port: number
  /** Opens the sandbox. Called once, at the start, so that the VM comes up while the learner reads. */
  open: (onProgress: (progress: Progress) => void) => Promise<Sandbox>
}

export interface Site {
  /** What to open: carries the token. */
  url: string
  port: number
  /** Settles when the sandbox is there, or cannot be. */
  sandbox: Promise<Sandbox>
  close(): Promise<void>
}

export async function startSite(options: SiteOptions): Promise<Site> {
  let port = 0
  const guard = new Guard(() => port)
  const rooms = new Map<string, Room>()
  let progress = 'starting the sandbox'
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 512 * 1024 })
  const sandbox = options.open((one) => {
    progress = progressText(one)
    for (const page of sockets.clients) send(page, { type: 'progress', text: progress })
  })
  // Whoever waits for it hears of a failure; that nobody does yet is no crash.
  sandbox.catch(() => {})

  const server = createServer((request, response) => {
    if (!guard.hostAllowed(request)) return end(response, 421, 'wrong Host')
    const url = new URL(request.url ?? '/', 'http://localhost')
    const token = url.searchParams.get('token')
    if (token === null) return void serveStatic(options.root, request, response)
    if (!guard.tokenMatches(token)) {
      return end(
        response,
        403,
        'This address is from an earlier start. Open the one that the terminal shows now.',
      )
    }
    // The token goes into a cookie, and out of the address bar, where others might read it.
    url.searchParams.delete('token')
    response
      .writeHead(303, {
        Location: url.pathname + url.search,
        'Set-Cookie': guard.cookie(),
        'Cache-Control': 'no-store',
      })
      .end()
  })

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refusal = guard.refusal(request)
    const url = new URL(request.url ?? '/', 'http://localhost')
    const slug = url.searchParams.get('lesson') ?? ''
    const visitor = url.searchParams.get('visitor') ?? ''
    if (refusal || url.pathname !== '/sandbox' || !/^[\w-]{8,40}$/.test(visitor)) {
      const { status, reason } = refusal ?? { status: 400, reason: 'not a lesson page' }
      return void socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
    sockets.handleUpgrade(request, socket, head, async (page) => {
      page.on('error', () => page.close())
      send(page, { type: 'progress', text: progress })
      const key = `${visitor} ${slug}`
      const lesson = await findLesson(slug).catch(() => undefined)
      if (!lesson) {
        send(page, { type: 'notice', kind: 'failed', message: `there is no lesson ${slug}` })
        return page.close(1008)
      }
      const room = rooms.get(key) ?? new Room(lesson, sandbox, () => rooms.delete(key))
      rooms.set(key, room)
      await room.join(page)
    })
  })

  port = await listen(server, options.port)
  return {
    url: `http://127.0.0.1:${port}/?token=${guard.token}`,
    port,
    sandbox,
    close: async () => {
      server.close()
      await Promise.all([...rooms.values()].map((room) => room.close()))
      for (const page of sockets.clients) page.terminate()
      server.closeAllConnections()
      await sandbox.then((open) => open.close()).catch(() => {})
    },
  }
}

/** Listens on the first free port from `port` on. Port 0 lets the kernel choose. */
async function listen(server: Server, port: number): Promise<number> {
  for (let candidate = port; ; candidate++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(candidate, '127.0.0.1', () => {
          server.off('error', reject)
          resolve()
        })
      })
      const address = server.address()
      return address && typeof address === 'object' ? address.port : candidate
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || candidate - port >= 50) throw error
    }
  }
}
