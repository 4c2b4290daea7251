// While lessons are written: a saved lesson.md, translation, glossary or engine
// file makes its pages anew, and the browser loads them again.
//
// VitePress looks at a page's .paths.ts only. What these read is no module of
// theirs, so a change of it is told as a change of one of them: VitePress then
// reads all pages again.
import { join } from 'node:path'
import type { UserConfig } from 'vitepress'
import { contentDirectory, modules } from '../lessons/format/catalogue.ts'
import { glossary } from '../lessons/format/glossary.ts'
import { packageRoot } from '../sandbox-vm/package-root.ts'

type PluginOption = NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number]

export function reloadLessons(): PluginOption {
  const watched = [contentDirectory(), join(packageRoot(), 'engine')]
  const paths = join(packageRoot(), 'site/lessons/[slug].paths.ts')
  let timer: NodeJS.Timeout | undefined
  /** What is wrong now, for pages that come later: one that was just loading did not hear of it. */
  let wrong: { type: 'error'; err: { message: string; stack: string } } | undefined
  return {
    name: 'learn-containers:reload-lessons',
    enforce: 'post',
    apply: 'serve',
    configureServer(server) {
      async function refresh(): Promise<void> {
        try {
          // What cannot be read would end VitePress. Here it is said over the page, with its line.
          await Promise.all([modules('en'), modules('zh'), glossary('en')])
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          wrong = { type: 'error', err: { message, stack: '' } }
          return server.ws.send(wrong)
        }
        wrong = undefined
        server.watcher.emit('change', paths)
      }
      server.ws.on('connection', (socket) => {
        if (wrong) socket.send(JSON.stringify(wrong))
      })
      server.watcher.add(watched)
      server.watcher.on('all', (_event, path) => {
        if (!watched.some((directory) => path.startsWith(`${directory}/`))) return
        // An editor may write a file in several moves.
        clearTimeout(timer)
        timer = setTimeout(() => void refresh(), 100)
      })
    },
    /** After VitePress has read the pages. Their data is no module that could be exchanged: load it all. */
    handleHotUpdate({ file, server }) {
      if (file !== paths) return undefined
      for (const [id, one] of server.moduleGraph.idToModuleMap)
        if (id.endsWith('.md')) server.moduleGraph.invalidateModule(one)
      server.ws.send({ type: 'full-reload' })
      return []
    },
    closeBundle() {
      clearTimeout(timer)
    },
  }
}
