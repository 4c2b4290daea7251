// /containers: the requests behind `docker create`, `start`, `stop`, `ps`, `inspect`, `rm`.
// Those with streams stand in container-streams.ts.
import { createBodySchema } from '../../../api/container-config.ts'
import { EngineError } from '../../../errors.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { containerCreate } from '../../jobs/container-create.ts'
import {
  type ContainerStop,
  containerKill,
  containerPause,
  containerPrune,
  containerRemove,
  containerRename,
  containerRestart,
  containerStart,
  containerStop,
  containerUnpause,
  containerWait,
  type WaitCondition,
} from '../../jobs/container-lifecycle.ts'
import {
  containerChanges,
  containerInspect,
  containerList,
  containerTop,
  listFilters,
} from '../../jobs/container-query.ts'
import { containerUnlink } from '../../jobs/container-unlink.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import { forVersion } from '../older-clients.ts'
import type { Route } from '../router.ts'

const kinds = { C: 0, A: 1, D: 2 } as const

export function containerRoutes(engine: Engine<Daemon>): Route[] {
  const target = (exchange: Exchange): { container: string } => ({ container: exchange.parameter('name') })
  const stopOf = (exchange: Exchange): ContainerStop => {
    const [timeout, signal] = [exchange.query.number('t'), exchange.query.text('signal')]
    return {
      ...target(exchange),
      ...(timeout === undefined ? {} : { timeout }),
      ...(signal === '' ? {} : { signal }),
    }
  }
  return [
    {
      method: 'GET',
      path: '/containers/json',
      handle: async (exchange) => {
        const { query } = exchange
        const limit = query.number('limit') ?? 0
        const flags = { all: query.flag('all'), size: query.flag('size'), limit: Math.max(limit, 0) }
        exchange.json(200, await engine.run(containerList, { ...flags, filters: query.filters(listFilters) }))
      },
    },
    {
      method: 'POST',
      path: '/containers/create',
      handle: async (exchange) => {
        const body = forVersion(await readJson(exchange.request, createBodySchema), exchange.version)
        const platform = exchange.query.text('platform')
        const name = exchange.query.text('name')
        const { id, warnings } = await engine.run(
          containerCreate,
          { name, ...(platform === '' ? {} : { platform }), body },
          exchange,
        )
        exchange.json(201, { Id: id, Warnings: warnings })
      },
    },
    {
      method: 'POST',
      path: '/containers/prune',
      handle: async (exchange) => {
        const filters = exchange.query.filters(['until', 'label', 'label!'])
        const { deleted, bytes } = await engine.run(containerPrune, { filters })
        exchange.json(200, {
          ContainersDeleted: deleted.length === 0 ? null : deleted,
          SpaceReclaimed: bytes,
        })
      },
    },
    {
      method: 'GET',
      path: '/containers/:name/json',
      handle: async (exchange) =>
        exchange.json(
          200,
          await engine.run(containerInspect, { ...target(exchange), size: exchange.query.flag('size') }),
        ),
    },
    {
      method: 'POST',
      path: '/containers/:name/start',
      handle: (exchange) => {
        checkStart(exchange)
        return done(exchange, engine.run(containerStart, target(exchange), exchange))
      },
    },
    {
      method: 'POST',
      path: '/containers/:name/stop',
      handle: (exchange) => done(exchange, engine.run(containerStop, stopOf(exchange))),
    },
    {
      method: 'POST',
      path: '/containers/:name/restart',
      handle: (exchange) => done(exchange, engine.run(containerRestart, stopOf(exchange))),
    },
    {
      method: 'POST',
      path: '/containers/:name/kill',
      handle: (exchange) =>
        done(
          exchange,
          engine.run(containerKill, { ...target(exchange), signal: exchange.query.text('signal') }),
        ),
    },
    {
      method: 'POST',
      path: '/containers/:name/pause',
      handle: (exchange) => done(exchange, engine.run(containerPause, target(exchange))),
    },
    {
      method: 'POST',
      path: '/containers/:name/unpause',
      handle: (exchange) => done(exchange, engine.run(containerUnpause, target(exchange))),
    },
    {
      method: 'POST',
      path: '/containers/:name/rename',
      handle: (exchange) =>
        done(
          exchange,
          engine.run(containerRename, { ...target(exchange), name: exchange.query.text('name') }),
        ),
    },
    {
      method: 'DELETE',
      path: '/containers/:name',
      handle: (exchange) => {
        const { query } = exchange
        if (query.flag('link')) return done(exchange, engine.run(containerUnlink, target(exchange)))
        const flags = { force: query.flag('force'), volumes: query.flag('v') }
        return done(exchange, engine.run(containerRemove, { ...target(exchange), ...flags }))
      },
    },
    // `rm --link web/db`: the name of a link has a slash.
    {
      method: 'DELETE',
      path: '/containers/*name',
      handle: (exchange) => {
        if (!exchange.query.flag('link')) throw new EngineError('not-found', 'page not found')
        return done(exchange, engine.run(containerUnlink, target(exchange)))
      },
    },
    { method: 'POST', path: '/containers/:name/wait', handle: (exchange) => wait(engine, exchange) },
    {
      method: 'GET',
      path: '/containers/:name/top',
      handle: async (exchange) =>
        exchange.json(
          200,
          await engine.run(containerTop, { ...target(exchange), psArgs: exchange.query.text('ps_args') }),
        ),
    },
    {
      method: 'GET',
      path: '/containers/:name/changes',
      handle: async (exchange) => {
        const changes = await engine.run(containerChanges, target(exchange))
        exchange.json(
          200,
          changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] })),
        )
      },
    },
  ]
}

/** What would be ignored in silence. A body of 7 bytes is `null`, or an object without anything. */
function checkStart({ query, request }: Exchange): void {
  if (query.text('checkpoint') !== '')
    throw new EngineError('not-implemented', 'checkpoints: tocker makes none, and starts from none')
  if (
    Number(request.headers['content-length'] ?? 0) > 7 ||
    request.headers['transfer-encoding'] !== undefined
  )
    throw new EngineError(
      'invalid',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    )
}

async function done(exchange: Exchange, work: Promise<void>): Promise<void> {
  await work
  exchange.empty(204)
}

/** The headers go out at once: the client starts the container when it knows that we wait. */
async function wait(engine: Engine<Daemon>, exchange: Exchange): Promise<void> {
  const condition = exchange.query.text('condition') || 'not-running'
  if (!isCondition(condition)) throw new EngineError('invalid', `invalid condition: "${condition}"`)
  const container = exchange.parameter('name')
  const job = engine.run(containerWait, { container, condition }, exchange)
  // Before the headers: a container that is not there is an error yet.
  const early = await Promise.race([
    job.then(
      () => undefined,
      (error: unknown) => error,
    ),
    nextTurn(),
  ])
  if (early instanceof Error) throw early
  const out = exchange.stream(200, 'application/json')
  const { status, error } = await job.catch(() => ({ status: 0, error: '' }))
  out.end(
    `${JSON.stringify({ StatusCode: status, ...(error === '' ? {} : { Error: { Message: error } }) })}\n`,
  )
}

function isCondition(text: string): text is WaitCondition {
  return ['not-running', 'next-exit', 'removed'].includes(text)
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)))
}
