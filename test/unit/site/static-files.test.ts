// The site's files as the server sends them: compressed where that helps, and not
// once more to somebody who has them.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodingFor } from '../../../site/server/compressed-files.ts'
import { serveStatic } from '../../../site/server/static-files.ts'

const page = `<p>${'one word after the other '.repeat(400)}</p>`
let root: string
let server: Server
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lc-static-'))
  await mkdir(join(root, 'assets'))
  await mkdir(join(root, 'lessons'))
  await writeFile(join(root, 'index.html'), page)
  await writeFile(join(root, 'lessons/index.html'), page)
  await writeFile(join(root, '404.html'), `not here ${page}`)
  await writeFile(join(root, 'assets/app.abc.js'), `// ${page}`)
  await writeFile(join(root, 'small.svg'), '<svg/>')
  await writeFile(join(root, 'lesson.png'), Buffer.alloc(5000))
  server = createServer((one, response) => void serveStatic(root, one, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(root, { recursive: true })
})

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Without fetch(), which decompresses before anybody can look. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers, method }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['GZIP;q=1.0, br;q=0.2', 'gzip'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['br;q=x', undefined],
  [undefined, undefined],
])('a browser that takes %j gets %j', (accepted, encoding) => {
  expect(encodingFor(accepted)).toBe(encoding)
})

test('text comes compressed as the browser takes it, and is the same text', async () => {
  const [br, gzip, plain] = await Promise.all([
    get('/', { 'Accept-Encoding': 'gzip, br' }),
    get('/', { 'Accept-Encoding': 'gzip' }),
    get('/'),
  ])
  expect(brotliDecompressSync(br.body).toString()).toBe(page)
  expect(gunzipSync(gzip.body).toString()).toBe(page)
  expect(plain.body.toString()).toBe(page)
  expect([br, gzip, plain].map(({ headers }) => headers['content-encoding'])).toEqual([
    'br',
    'gzip',
    undefined,
  ])
  for (const { headers, body } of [br, gzip, plain]) {
    expect(headers.vary).toBe('Accept-Encoding')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(Number(headers['content-length'])).toBe(body.length)
    expect(headers['content-security-policy']).toContain("default-src 'self'")
  }
  expect(new Set([br, gzip, plain].map(({ headers }) => headers.etag)).size).toBe(3)
  expect(br.body.length).toBeLessThan(page.length / 10)
})

test('who has it is told so, in the encoding that it has', async () => {
  const first = await get('/assets/app.abc.js', { 'Accept-Encoding': 'br' })
  expect(first.headers['cache-control']).toContain('immutable')
  const tag = first.headers.etag ?? ''
  const again = await get('/assets/app.abc.js', { 'Accept-Encoding': 'br', 'If-None-Match': `"x", W/${tag}` })
  expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, tag])
  expect(again.headers.vary).toBe('Accept-Encoding')
  expect((await get('/assets/app.abc.js', { 'If-None-Match': tag })).status).toBe(200)
})

test('a site that was built again is sent anew', async () => {
  const before = await get('/lessons/', { 'Accept-Encoding': 'br' })
  await writeFile(join(root, 'lessons/index.html'), page.replaceAll('word', 'verb'))
  await utimes(join(root, 'lessons/index.html'), new Date(), new Date(Date.now() + 5000))
  const after = await get('/lessons/', {
    'Accept-Encoding': 'br',
    'If-None-Match': before.headers.etag ?? '',
  })
  expect(after.status).toBe(200)
  expect(brotliDecompressSync(after.body).toString()).toContain('verb')
})

test('what is small or compressed already comes as it is; HEAD tells and sends nothing', async () => {
  for (const path of ['/small.svg', '/lesson.png']) {
    const { headers } = await get(path, { 'Accept-Encoding': 'br' })
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, undefined])
  }
  const head = await get('/', { 'Accept-Encoding': 'br' }, 'HEAD')
  const body = await get('/', { 'Accept-Encoding': 'br' })
  expect(head.body.length).toBe(0)
  expect(head.headers['content-length']).toBe(body.headers['content-length'])
})

test('a page that is not there is compressed too, and is no 304', async () => {
  const { status, headers, body } = await get('/nope', { 'Accept-Encoding': 'gzip' })
  expect([status, gunzipSync(body).toString().slice(0, 8)]).toEqual([404, 'not here'])
  const again = await get('/nope', { 'Accept-Encoding': 'gzip', 'If-None-Match': headers.etag ?? '' })
  expect(again.status).toBe(404)
})
