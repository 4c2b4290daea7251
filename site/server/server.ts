// The bridge between browsers and sandboxes: the site's files over HTTP, and one
// WebSocket per lesson page. Loopback only; a class, which only looks on, has a
// door of its own (class-door.ts).
//
// Next: site/server/room.ts
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { findLesson } from '../../lessons/format/catalogue.ts'
import { progressText } from '../../sandbox-vm/progress-line.ts'
import type { Progress, Sandbox } from '../../sandbox-vm/sandbox.ts'
import { type ClassDoor, openClassDoor } from './class-door.ts'
import { Guard } from './guard.ts'
import { listen } from './listen.ts'
import { Room, send } from './room.ts'
import { end, refuseUpgrade, serveStatic } from './static-files.ts'

export interface SiteOptions {
  /** Directory of the built site. */
  root: string
  /** First port to try; the next ones follow when it is taken. */
  port: number
  /** Addresses at which a class may look on; none without a class. */
  classHosts?: readonly string[]
  /** Opens the sandbox. Called once, at the start, so that the VM comes up while the learner reads. */
  open: (onProgress: (progress: Progress) => void) => Promise<Sandbox>
}

export interface Site {
  /** What to open: carries the token. */
  url: string
  port: number
  /** How the class is joined, when there is one. */
  class?: Pick<ClassDoor, 'code' | 'addresses'>
  /** Settles when the sandbox is there, or cannot be. */
  sandbox: Promise<Sandbox>
  close(): Promise<void>
}

export async function startSite(options: SiteOptions): Promise<Site> {
  let port = 0
  const guard = new Guard(() => port)
  const rooms = new Map<string, Room>()
  let door: ClassDoor | undefined
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
      return refuseUpgrade(socket, status, reason)
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
      const room = rooms.get(key) ?? new Room(lesson, sandbox, () => rooms.delete(key), door?.classroom)
      rooms.set(key, room)
      await room.join(page, url.searchParams.has('fresh'))
    })
  })

  port = await listen(server, options.port, '127.0.0.1')
  if (options.classHosts && options.classHosts.length > 0) {
    door = await openClassDoor({
      ...{ root: options.root, hosts: options.classHosts, port },
      onCount: () => {
        for (const room of rooms.values()) room.tellPresenters()
      },
    }).catch((error: unknown) => {
      server.close()
      // It may be coming up still; what went wrong is said at once.
      void sandbox.then((open) => open.close()).catch(() => {})
      throw error
    })
  }
  return {
    url: `http://127.0.0.1:${port}/?token=${guard.token}`,
    port,
    ...(door ? { class: { code: door.code, addresses: door.addresses } } : {}),
    sandbox,
    close: async () => {
      server.close()
      door?.close()
      await Promise.all([...rooms.values()].map((room) => room.close()))
      for (const page of sockets.clients) page.terminate()
      server.closeAllConnections()
      await sandbox.then((open) => open.close()).catch(() => {})
    },
  }
}
