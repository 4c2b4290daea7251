// Which handler a request belongs to: a table, looked through from the top.
//
//   { method: 'POST', path: '/containers/:name/start', handle: … }
//   { method: 'GET',  path: '/images/*name/json',      handle: … }   names of images have slashes
//
// Each resource has its table in routes/; a route reads the request, runs a job, and
// writes the answer, and holds nothing of the verb itself.
//
// Next: engine/daemon/server/server.ts
import { type MatchFunction, match } from 'path-to-regexp'
import type { Exchange } from './exchange.ts'

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** As path-to-regexp spells it: `:name` within a segment, `*name` over several. */
  path: string
  handle: (exchange: Exchange) => Promise<void> | void
}

interface Entry extends Route {
  matches: MatchFunction<Record<string, string | string[]>>
}

export class Router {
  readonly #entries: Entry[]

  constructor(routes: readonly Route[]) {
    this.#entries = routes.map((route) => ({
      ...route,
      matches: match<Record<string, string | string[]>>(route.path, { sensitive: true }),
    }))
  }

  /** @param path without version and query */
  find(method: string, path: string): { route: Route; parameters: Record<string, string> } | undefined {
    for (const entry of this.#entries) {
      if (entry.method !== method) continue
      const found = safely(() => entry.matches(path))
      if (found === undefined || found === false) continue
      const parameters = Object.entries(found.params).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join('/') : value,
      ])
      return { route: entry, parameters: Object.fromEntries(parameters) }
    }
    return undefined
  }
}

/** A path with a broken percent sequence matches nothing. */
function safely<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
