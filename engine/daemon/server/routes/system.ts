// The requests that are about the daemon: /_ping, /version, /info, /events, /auth; and
// ours, /jobs, which Docker's API does not have.
import { once } from 'node:events'
import { EngineError } from '../../../errors.ts'
import { reportJson } from '../../../trace/report.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { eventFilters, parseTimestamp } from '../../events.ts'
import { diskUsage, type UsageKind } from '../../jobs/disk-usage.ts'
import { login, systemInfoJob } from '../../jobs/system.ts'
import { systemVersion } from '../../system-info.ts'
import { newestVersion, oldestVersion, spellVersion } from '../api-version.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import { authSchema, credentialsFrom } from '../registry-auth.ts'
import type { Route } from '../router.ts'

export function systemRoutes(engine: Engine<Daemon>, daemon: Daemon): Route[] {
  const ping = (exchange: Exchange): void => {
    exchange.header('Cache-Control', 'no-cache, no-store, must-revalidate')
    exchange.header('Pragma', 'no-cache')
    exchange.header('Builder-Version', '1')
    exchange.header('Swarm', 'inactive')
    exchange.text(200, 'OK')
  }
  return [
    { method: 'GET', path: '/_ping', handle: ping },
    { method: 'HEAD', path: '/_ping', handle: ping },
    {
      method: 'GET',
      path: '/version',
      handle: (exchange) =>
        exchange.json(
          200,
          systemVersion({ newest: spellVersion(newestVersion), oldest: spellVersion(oldestVersion) }),
        ),
    },
    {
      method: 'GET',
      path: '/info',
      handle: async (exchange) => exchange.json(200, await engine.run(systemInfoJob, {})),
    },
    {
      method: 'POST',
      path: '/auth',
      handle: async (exchange) => {
        const auth = await readJson(exchange.request, authSchema)
        const credentials = credentialsFrom(auth)
        if (credentials === undefined)
          throw new EngineError('invalid', 'log in as whom? Give a user name and a password')
        const IdentityToken = await engine.run(
          login,
          { server: auth.serveraddress ?? '', credentials },
          exchange,
        )
        exchange.json(200, { Status: 'Login Succeeded', IdentityToken })
      },
    },
    {
      method: 'GET',
      path: '/system/df',
      handle: async (exchange) => {
        const kinds = exchange.query.list('type').map(usageKind)
        const usage = await engine.run(diskUsage, { kinds })
        const hasCache = kinds.length === 0 || kinds.includes('build-cache')
        // Nothing is built here.
        exchange.json(200, { ...usage, ...(hasCache ? { BuildCache: [], BuilderSize: 0 } : {}) })
      },
    },
    {
      method: 'POST',
      path: '/build/prune',
      handle: (exchange) => exchange.json(200, { CachesDeleted: null, SpaceReclaimed: 0 }),
    },
    { method: 'GET', path: '/events', handle: (exchange) => sendEvents(daemon, exchange) },
    { method: 'GET', path: '/jobs', handle: (exchange) => exchange.json(200, engine.jobs()) },
    {
      method: 'GET',
      path: '/jobs/:id',
      handle: (exchange) => exchange.json(200, engine.job(exchange.parameter('id')).report()),
    },
    {
      method: 'GET',
      path: '/jobs/:id/trace',
      handle: (exchange) => {
        const out = exchange.stream(200, 'application/x-ndjson')
        out.end(
          reportJson(engine.job(exchange.parameter('id')).records)
            .map((line) => `${line}\n`)
            .join(''),
        )
      },
    },
  ]
}

function usageKind(text: string): UsageKind {
  if (text === 'container' || text === 'image' || text === 'volume' || text === 'build-cache') return text
  throw new EngineError('invalid', `unknown object type: ${text}`)
}

async function sendEvents({ events }: Daemon, exchange: Exchange): Promise<void> {
  const { query, signal } = exchange
  const [since, until] = [time(exchange, 'since'), time(exchange, 'until')]
  if (since !== undefined && until !== undefined && since > until)
    throw new EngineError(
      'invalid',
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    )
  const filters = query.filters(eventFilters)
  const out = exchange.stream(200, 'application/json')
  const range = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
  for await (const event of events.watch({ ...range, filters, signal })) {
    // A client that does not read holds up nobody but itself: events.ts keeps what it may keep.
    if (!out.write(`${JSON.stringify(event)}\n`)) await once(out, 'drain', { signal }).catch(() => {})
  }
  out.end()
}

function time({ query }: Exchange, name: string): bigint | undefined {
  const text = query.text(name)
  if (text === '') return undefined
  const nano = parseTimestamp(text)
  if (nano === undefined)
    throw new EngineError('invalid', `${name}=${text}: it must be seconds since 1970, as 1700000000.5`)
  return nano
}
