// `tockerd`: puts the daemon together, and takes it apart again. The only place where
// drivers are chosen.
//
//   listeners ── routes ── engine (jobs) ─┬─ graph ── storage driver
//   (server/)   (server/    (engine.ts)   ├─ volumes
//                routes/)                 └─ supervisor ── containers
//
// Killed at any instruction it leaves nothing half done: the graph cleans up when it is
// opened, and containers belong to the supervisor, which stays.
//
// Next: engine/daemon/server/server.ts
import type { IncomingMessage } from 'node:http'
import { type Logger, pino } from 'pino'
import { openGraphDriver } from '../drivers/graph/choice.ts'
import { EngineError, errorLine } from '../errors.ts'
import { openGraph } from '../graph/graph.ts'
import { packageVersion } from '../version.ts'
import { assemble, changing, closeContainers } from './assemble.ts'
import { Containers } from './container/containers.ts'
import type { Daemon } from './daemon.ts'
import { Engine } from './engine.ts'
import { HealthChecks } from './health-checks.ts'
import { registerJobs } from './jobs.ts'
import { type DaemonOptions, parseFlags, readOptions } from './options.ts'
import { writePidfile } from './pidfile.ts'
import { listen } from './server/listen.ts'
import type { Route } from './server/router.ts'
import { containerFileRoutes } from './server/routes/container-files.ts'
import { containerLimitRoutes } from './server/routes/container-limits.ts'
import { containerStreamRoutes } from './server/routes/container-streams.ts'
import { containerRoutes } from './server/routes/containers.ts'
import { imageRoutes } from './server/routes/images.ts'
import { metricsRoutes } from './server/routes/metrics.ts'
import { networkRoutes } from './server/routes/networks.ts'
import { swarmRoutes } from './server/routes/swarm.ts'
import { systemRoutes } from './server/routes/system.ts'
import { volumeRoutes } from './server/routes/volumes.ts'
import { createApiServer } from './server/server.ts'
import { usage } from './usage.ts'
import { checkWay } from './userns-remap.ts'

async function serve(options: DaemonOptions, log: Logger): Promise<void> {
  await using stack = new AsyncDisposableStack()
  stack.use(writePidfile(options.pidfile))
  const { root, execRoot, storageDriver, storageOptions, owners } = options
  if (owners) for (const path of [root, execRoot]) checkWay(owners, path)
  let driverReasons: { name: string; verdict: string }[] = []
  const graph = stack.use(
    await openGraph(
      root,
      async () => {
        const choice = await openGraphDriver(root, storageDriver, storageOptions, owners)
        driverReasons = choice.reasons
        return choice.driver
      },
      { inUse: (db) => new Containers(db).layersInUse(), warn: (line) => log.warn(line) },
    ),
  )
  const daemon = await assemble(options, graph, driverReasons, log)
  stack.defer(() => closeContainers(daemon, log))
  stack.use(new HealthChecks(daemon))
  const engine = registerJobs(new Engine(daemon))
  const server = {
    routes: routesOf(engine, daemon),
    name: `tocker/${packageVersion()} (linux)`,
    onInternalError: (error: unknown, { method, url }: IncomingMessage) =>
      log.error({ method, url, err: error }, 'a request failed by a mistake of ours'),
  }
  for (const host of options.hosts) {
    const tls = host.kind === 'tcp' && options.tls ? { tls: options.tls } : {}
    const listening = stack.use(await listen(createApiServer({ ...server, ...tls }), host, options.group))
    log.info({ address: listening.address }, 'listening')
    if (host.kind === 'tcp' && options.tls === undefined && !isLoopback(host.host))
      log.warn({ address: listening.address }, 'without TLS, whoever reaches this address is root here')
  }
  // Before anybody is told that we are there: a signal that nobody waits for would be the end of us.
  const stopped = stopSignal(() => reload(daemon, options, log))
  log.info({ driver: graph.driver.name, root: options.root, version: packageVersion() }, 'ready')
  await stopped
  log.info('stopping')
}

function routesOf(engine: Engine<Daemon>, daemon: Daemon): Route[] {
  return [
    ...systemRoutes(engine, daemon),
    ...containerRoutes(engine),
    ...containerStreamRoutes(engine, daemon),
    ...containerFileRoutes(engine),
    ...containerLimitRoutes(engine),
    ...imageRoutes(engine),
    ...volumeRoutes(engine),
    ...networkRoutes(engine),
    ...metricsRoutes(engine, daemon),
    ...swarmRoutes(),
  ]
}

/** SIGHUP: what may change while it runs is read again, the rest stays. */
function reload(daemon: Daemon, options: DaemonOptions, log: Logger): void {
  try {
    const args = process.argv.slice(2)
    const fresh = readOptions(parseFlags(args))
    daemon.registry = { mirrors: fresh.mirrors, insecureRegistries: fresh.insecureRegistries }
    daemon.lifecycle.parts.runtimes = fresh.runtimes
    daemon.lifecycle.parts.defaults = { ...daemon.lifecycle.parts.defaults, runtime: fresh.defaults.runtime }
    Object.assign(daemon.settings, changing(fresh))
    log.level = fresh.logLevel
    daemon.events.tell('daemon', 'reload', daemon.settings.id, { name: 'tockerd' })
    log.info({ configFile: options.configFile }, 'settings read again')
  } catch (error) {
    log.error(errorLine(error))
  }
}

/** Resolves when somebody wants us to end. */
function stopSignal(onHangup: () => void): Promise<void> {
  process.on('SIGHUP', onHangup)
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function requireRoot(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new EngineError('forbidden', 'tockerd mounts and makes namespaces: run it as root, on Linux')
}

process.title = 'tockerd'
try {
  const flags = parseFlags(process.argv.slice(2))
  if (flags.help) process.stdout.write(usage)
  else if (flags.version) process.stdout.write(`tockerd ${packageVersion()}\n`)
  else {
    const options = readOptions(flags)
    if (options.validate) process.stdout.write('configuration OK\n')
    else {
      requireRoot()
      // Written at once: a line that waits in memory is lost with us.
      const destination = pino.destination({ dest: 2, sync: true })
      // A log on a full disk loses lines, and the daemon is none the worse.
      destination.on('error', () => {})
      const log = pino({ level: options.logLevel, base: { pid: process.pid } }, destination)
      // A promise that nobody waits for, a listener that threw: one request's mistake. The others' containers go on.
      for (const event of ['unhandledRejection', 'uncaughtException'] as const)
        process.on(event, (err: unknown) => log.error({ err }, 'a mistake of ours'))
      await serve(options, log)
    }
  }
} catch (error) {
  process.stderr.write(`tockerd: ${errorLine(error)}\n`)
  process.exitCode = 1
}
