// The bridge between browsers and sandboxes: the site's files over HTTP, and one
// WebSocket per lesson page. Loopback only; a class, which only looks on, has a
// door of its own (class-door.ts).
//
// Next: site/server/room.ts
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { findLesson } from '../../lessons/format/catalogue.ts'
import type { Language } from '../../lessons/language/language.ts'
import { lessonWords } from '../../lessons/language/lesson.ts'
import { sandboxWords } from '../../lessons/language/sandbox.ts'
import { siteWords } from '../../lessons/language/site.ts'
import { Progress } from '../../lessons/player/progress.ts'
import { progressText } from '../../sandbox-vm/progress-line.ts'
import type { Sandbox, Progress as Task } from '../../sandbox-vm/sandbox.ts'
import { type ClassDoor, openClassDoor } from './class-door.ts'
import { Guard } from './guard.ts'
import { listen } from './listen.ts'
import { Room, send } from './room.ts'
import { end, refuseUpgrade, securityHeaders, serveStatic } from './static-files.ts'

export interface SiteOptions {
  /** Directory of the built site. */
  root: string
  /** First port to try; the next ones follow when it is taken. */
  port: number
  /** Addresses at which a class may look on; none without a class. */
  classHosts?: readonly string[]
  /** Opens the sandbox. Called once, at the start, so that the VM comes up while the learner reads. */
  open: (onProgress: (progress: Task) => void) => Promise<Sandbox>
  /** Of the person at this machine; the pages' own language is in their addresses. */
  language?: Language
  /** Serves the pages in place of `root`'s files, while they are written. */
  pages?: (server: Server) => Promise<Pages>
}

/** Whoever answers what the server itself does not. */
export interface Pages {
  serve(request: IncomingMessage, response: ServerResponse): void
  /** True for a WebSocket of its own. */
  owns(request: IncomingMessage): boolean
  close(): Promise<void>
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
  let task: Task = { task: 'starting the sandbox' }
  /** What the sandbox does while a page waits, in that page's language. */
  const waiting = new Map<WebSocket, Language>()
  const tell = (page: WebSocket, language: Language): void =>
    send(page, { type: 'progress', text: progressText({ ...task, task: sandboxWords(task.task, language) }) })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 512 * 1024 })
  const sandbox = options.open((one) => {
    task = one
    for (const [page, language] of waiting) tell(page, language)
  })
  // Whoever waits for it hears of a failure; that nobody does yet is no crash.
  sandbox.catch(() => {})

  const server = createServer((request, response) => {
    if (!guard.hostAllowed(request)) return end(response, 421, 'wrong Host')
    const url = new URL(request.url ?? '/', 'http://localhost')
    const token = url.searchParams.get('token')
    if (url.pathname === '/progress' && token === null) return void serveProgress(guard, request, response)
    if (token === null)
      return pages ? pages.serve(request, response) : void serveStatic(options.root, request, response)
    if (!guard.tokenMatches(token)) {
      return end(response, 403, siteWords[url.pathname.startsWith('/zh/') ? 'zh' : 'en'].oldAddress)
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
    if (guard.hostAllowed(request) && pages?.owns(request)) return
    const refusal = guard.refusal(request)
    const url = new URL(request.url ?? '/', 'http://localhost')
    const slug = url.searchParams.get('lesson') ?? ''
    const language: Language = url.searchParams.get('language') === 'zh' ? 'zh' : 'en'
    const visitor = url.searchParams.get('visitor') ?? ''
    if (refusal || url.pathname !== '/sandbox' || !/^[\w-]{8,40}$/.test(visitor)) {
      const { status, reason } = refusal ?? { status: 400, reason: 'not a lesson page' }
      return refuseUpgrade(socket, status, reason)
    }
    sockets.handleUpgrade(request, socket, head, async (page) => {
      page.on('error', () => page.close())
      waiting.set(page, language)
      page.on('close', () => waiting.delete(page))
      tell(page, language)
      const key = `${visitor} ${language} ${slug}`
      const lesson = await findLesson(slug, language).catch(() => undefined)
      if (!lesson) {
        send(page, { type: 'notice', kind: 'failed', message: lessonWords[language].noLesson(slug) })
        return page.close(1008)
      }
      await leaveOthers(rooms, visitor, slug)
      if (page.readyState !== page.OPEN) return
      const room =
        rooms.get(key) ?? new Room(lesson, language, sandbox, () => rooms.delete(key), door?.classroom)
      rooms.set(key, room)
      await room.join(page, url.searchParams.has('fresh'))
    })
  })

  const pages = await options.pages?.(server)
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
    url: `http://127.0.0.1:${port}/${options.language === 'zh' ? 'zh/' : ''}?token=${guard.token}`,
    port,
    ...(door ? { class: { code: door.code, addresses: door.addresses } } : {}),
    sandbox,
    close: async () => {
      server.close()
      await pages?.close()
      door?.close()
      await Promise.all([...rooms.values()].map((room) => room.close()))
      for (const page of sockets.clients) page.terminate()
      server.closeAllConnections()
      await sandbox.then((open) => open.close()).catch(() => {})
    },
  }
}

/**
 * A tab that comes to a lesson has left the one before: its room need not wait for it, and
 * what it did is gone from the machine before the next begins.
 */
async function leaveOthers(rooms: ReadonlyMap<string, Room>, visitor: string, slug: string): Promise<void> {
  const others = [...rooms].filter(([key]) => key.startsWith(`${visitor} `) && !key.endsWith(` ${slug}`))
  for (const [, room] of others) {
    // The page that goes may be a moment slower than the one that comes. A copy of a tab stays.
    for (let tries = 0; tries < 10 && !room.empty; tries++) await sleep(50)
    if (room.empty) await room.close()
  }
}

/** What the learner has done: read here, written by the players. */
async function serveProgress(
  guard: Guard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET') return end(response, 405, 'only GET')
  if (!guard.mayRead(request)) return end(response, 401, 'no token: open the address that the terminal shows')
  const done = await new Progress().read()
  response
    .writeHead(200, {
      ...securityHeaders,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    })
    .end(JSON.stringify({ done }))
}
