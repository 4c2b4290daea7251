// While lessons are written: a saved lesson.md, translation, glossary or engine
// file makes its pages anew, and the browser loads them again.
//
// VitePress looks at a page's .paths.ts only. What these read is no module of
// theirs, so a change of it is told as a change of the .paths.ts.
import { join } from 'node:path'
import type { UserConfig } from 'vitepress'
import { packageRoot } from '../sandbox-vm/package-root.ts'

type PluginOption = NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number]

export function reloadLessons(): PluginOption {
  const site = join(packageRoot(), 'site')
  const watched = ['lessons/content', 'engine'].map((name) => join(packageRoot(), name))
  const routes = ['lessons/[slug]', 'zh/lessons/[slug]', 'modules/[id]', 'zh/modules/[id]', 'engine/[path]']
  return {
    name: 'learn-containers:reload-lessons',
    enforce: 'post',
    apply: 'serve',
    configureServer(server) {
      server.watcher.add(watched)
      server.watcher.on('all', (_event, path) => {
        if (!watched.some((directory) => path.startsWith(`${directory}/`))) return
        for (const route of routes) server.watcher.emit('change', join(site, `${route}.paths.ts`))
      })
    },
    /** After VitePress has read the pages again. A page's data is no module that could be exchanged: load it all. */
    handleHotUpdate({ file, modules, server }) {
      if (!file.endsWith('.paths.ts')) return undefined
      for (const one of modules) if (one) server.moduleGraph.invalidateModule(one)
      server.ws.send({ type: 'full-reload' })
      return []
    },
  }
}
