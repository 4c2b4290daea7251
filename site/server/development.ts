// `learn-containers site --dev`: VitePress makes the pages while they are asked
// for, and loads them again in the browser when a lesson is saved.
//
// Behind the same server, port and token as the built site, so that lessons have
// their sandbox. In a clone only: the npm package has no VitePress.
import type { Server } from 'node:http'
import { join } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Pages } from './server.ts'

export async function developmentPages(server: Server): Promise<Pages> {
  // Its lessons are read from the sources; a bundle of it would not find its own files.
  const { createServer } = await import('vitepress').catch(() => {
    throw new Error('--dev needs VitePress, which is in a clone of the project only')
  })
  const vite = await createServer(join(packageRoot(), 'site'), {
    middlewareMode: true,
    hmr: { server },
  })
  return {
    serve: (request, response) => vite.middlewares(request, response),
    // Vite listens on the same server, and answers these by itself.
    owns: (request) => /^vite-/.test(request.headers['sec-websocket-protocol'] ?? ''),
    close: () => vite.close(),
  }
}
