// Serves the built site: files of one directory, nothing else.
//
// Next: site/server/compressed-files.ts
import { createReadStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import type { Duplex } from 'node:stream'
import { compressed, encodingFor, smallest } from './compressed-files.ts'

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
/** What compression makes smaller: pictures and woff2 are compressed already. */
const text = ['.html', '.js', '.css', '.svg', '.json', '.ttf']

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
  await send(found, file ? 200 : 404, request, response).catch(() => {
    // It went away between two looks, as it does while the site is built again.
    if (response.headersSent) response.destroy()
    else end(response, 404, 'not found')
  })
}

interface Found {
  path: string
  stats: Stats
}

async function send(
  { path, stats }: Found,
  status: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = extname(path)
  const varies = text.includes(type) && stats.size >= smallest
  const encoding = varies ? encodingFor(request.headers['accept-encoding']) : undefined
  const version = `${stats.size.toString(36)}-${Math.round(stats.mtimeMs).toString(36)}`
  // Each encoding is other bytes, and has a tag of its own (RFC 9110, section 8.8.3.3).
  const tag = `"${version}${encoding === undefined ? '' : `-${encoding}`}"`
  const headers = {
    ...securityHeaders,
    // VitePress puts a hash of the content into the names of its assets.
    'Cache-Control': path.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: tag,
    ...(varies ? { Vary: 'Accept-Encoding' } : {}),
  }
  const known = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
  if (status === 200 && (known.includes(tag) || known.includes('*')))
    return void response.writeHead(304, headers).end()
  const body = encoding === undefined ? undefined : await compressed(path, version, encoding)
  response.writeHead(status, {
    ...headers,
    'Content-Type': types[type] ?? 'application/octet-stream',
    'Content-Length': body?.length ?? stats.size,
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
  })
  if (request.method === 'HEAD') return void response.end()
  if (body) return void response.end(body)
  createReadStream(path)
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

async function firstFile(paths: readonly string[]): Promise<Found | undefined> {
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined)
    if (stats?.isFile()) return { path, stats }
  }
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
