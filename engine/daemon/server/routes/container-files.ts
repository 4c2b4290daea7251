// What of a container is on the disk, as archives and images: `docker cp`, `export`, `commit`.
import { configSchema } from '../../../api/container-config.ts'
import { optional } from '../../../api/host-config.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { archiveGet, archivePut, archiveStat, type PathStat } from '../../jobs/container-archive.ts'
import { containerCommit, containerExport } from '../../jobs/container-export.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import type { Route } from '../router.ts'

export function containerFileRoutes(engine: Engine<Daemon>): Route[] {
  const target = (exchange: Exchange): { container: string; path: string } => ({
    container: exchange.parameter('name'),
    path: exchange.query.text('path'),
  })
  return [
    {
      method: 'HEAD',
      path: '/containers/:name/archive',
      handle: async (exchange) => {
        tellStat(exchange, await engine.run(archiveStat, target(exchange)))
        exchange.empty(200)
      },
    },
    {
      method: 'GET',
      path: '/containers/:name/archive',
      handle: (exchange) =>
        engine.run(
          archiveGet,
          {
            ...target(exchange),
            open: (stat) => {
              tellStat(exchange, stat)
              return exchange.stream(200, 'application/x-tar')
            },
          },
          exchange,
        ),
    },
    {
      method: 'PUT',
      path: '/containers/:name/archive',
      handle: async (exchange) => {
        const { query } = exchange
        await engine.run(
          archivePut,
          {
            ...target(exchange),
            archive: exchange.body,
            noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
            copyUIDGID: query.flag('copyUIDGID'),
          },
          exchange,
        )
        exchange.empty(200)
      },
    },
    {
      method: 'GET',
      path: '/containers/:name/export',
      handle: (exchange) =>
        engine.run(
          containerExport,
          {
            container: exchange.parameter('name'),
            open: () => exchange.stream(200, 'application/octet-stream'),
          },
          exchange,
        ),
    },
    {
      method: 'POST',
      path: '/commit',
      handle: async (exchange) => {
        const { query } = exchange
        const [repo, tag] = [query.text('repo'), query.text('tag')]
        const config = await readJson(exchange.request, optional(configSchema), { optional: true })
        const id = await engine.run(containerCommit, {
          ...{ container: query.text('container'), changes: query.list('changes') },
          ...(repo === '' ? {} : { name: tag === '' ? repo : `${repo}:${tag}` }),
          ...{ comment: query.text('comment'), author: query.text('author') },
          // Clients before 1.13 did not know that one can leave it running.
          pause: query.flag('pause', true),
          ...(config ? { config } : {}),
        })
        exchange.json(201, { Id: id })
      },
    },
  ]
}

/** In a header, since the body is the archive. */
function tellStat(exchange: Exchange, stat: PathStat): void {
  exchange.header('X-Docker-Container-Path-Stat', Buffer.from(JSON.stringify(stat)).toString('base64'))
}
