// Serves the built site: files of one directory, nothing else.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import type { Duplex } from 'node:stream'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
}

// VitePress sets the theme by an inline script before the first paint, and Vue binds inline styles.
const policy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
  "base-uri 'self'",
].join('; ')

export const securityHeaders = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export async function serveStatic(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET')
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const path = safePath(root, pathname)
  // Relative links of a directory's page count from inside it: only the final slash tells a browser.
  if (path !== undefined && !pathname.endsWith('/') && (await firstFile([join(path, 'index.html')])))
    return void response.writeHead(301, { ...securityHeaders, Location: `${path.slice(root.length)}/` }).end()
  const file =
    path === undefined ? undefined : await firstFile([path, `${path}.html`, join(path, 'index.html')])
  const found = file ?? (await firstFile([join(root, '404.html')]))
  if (!found) return end(response, 404, 'not found')
  // VitePress puts a hash of the content into the names of its assets.
  const cache = found.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache'
  response.writeHead(file ? 200 : 404, {
    ...securityHeaders,
    'Content-Type': types[extname(found)] ?? 'application/octet-stream',
    'Cache-Control': cache,
  })
  if (request.method === 'HEAD') return void response.end()
  createReadStream(found)
    .on('error', () => response.destroy())
    .pipe(response)
}

/** The path below `root`, or undefined for one that would leave it. */
export function safePath(root: string, pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  if (decoded.includes('\0')) return undefined
  const path = normalize(join(root, decoded))
  return path === root || path.startsWith(root + sep) || path === `${root}${sep}`
    ? path.replace(/\/$/, '')
    : undefined
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await stat(path).catch(() => undefined))?.isFile()) return path
  return undefined
}

export function end(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' })
    .end(`${message}\n`)
}

/** Answers a request for a WebSocket with an HTTP status. */
export function refuseUpgrade(socket: Duplex, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
