// The daemon's parts, put together: what jobs work with, the table of containers, and the
// line to the supervisor.
//
// Called by main.ts. Next: engine/daemon/reconcile.ts
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { BridgeDriver } from '../drivers/network/bridge.ts'
import { PortSockets } from '../drivers/network/port-sockets.ts'
import { errorLine } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { Containers, damage } from './container/containers.ts'
import { Execs } from './container/execs.ts'
import { sweepFiles } from './container/files.ts'
import { HealthTable } from './container/health-table.ts'
import { Lifecycle } from './container/lifecycle.ts'
import { LayerReaders } from './container/readers.ts'
import { happened } from './container/record.ts'
import { startsWithDaemon } from './container/restart-policy.ts'
import type { ChangingSettings, Daemon } from './daemon.ts'
import { Events } from './events.ts'
import { ContainerNames } from './network/names.ts'
import { Networks } from './network/networks.ts'
import { closeNetworks, restoreNetworks } from './network/restoration.ts'
import { Sandboxes } from './network/sandboxes.ts'
import type { DaemonOptions } from './options.ts'
import { reconcile } from './reconcile.ts'
import type { SupervisorClient } from './supervisor/client.ts'
import { openSupervisor } from './supervisor/launch.ts'
import { VolumeStore } from './volumes/volume-store.ts'

export async function assemble(
  options: DaemonOptions,
  graph: Graph,
  driverReasons: Daemon['settings']['driverReasons'],
  log: Logger,
): Promise<Daemon> {
  const { execRoot, cgroupParent } = options
  mkdirSync(execRoot, { recursive: true, mode: 0o711 })
  sweepFiles(execRoot)
  const warn = (line: string): void => log.warn(line)
  const containers = new Containers(graph.db)
  const volumes = await VolumeStore.open(
    graph.db,
    options.root,
    containers.volumesInUse(),
    warn,
    options.owners,
  )
  const networks = new Networks(graph.db, options.network, ownName(options.root), warn)
  const [events, execs] = [new Events(), new Execs()]
  for (const one of containers.damaged()) warn(damage(one))
  const line = new SupervisorLine(options, (client) => reconcile(lifecycle, client, warn), warn)
  const supervisor = (): Promise<SupervisorClient> => line.client()
  const { rules, forward } = options.network
  const driver = new BridgeDriver({ table: ownTable(options.root), rules, forward, warn })
  const names = new ContainerNames()
  const networking = { networks, driver, ports: new PortSockets(), names, containers, warn }
  const sandboxes = new Sandboxes({
    ...networking,
    tell: ({ id, name, driver }, action, container) =>
      events.tell('network', action, id, { container, name, type: driver }),
  })
  const lifecycle = new Lifecycle({
    ...{ graph, volumes, containers, sandboxes, supervisor, execRoot, cgroupParent, events, warn },
    ...{ held: new Set(takenOver(graph, containers)), readers: new LayerReaders() },
    ...{ runtimes: options.runtimes, defaults: options.defaults },
  })
  line.onEnd = (container, exec, end) => {
    if (exec !== undefined) execs.ended(exec, end.status)
    else {
      execs.forget(container)
      lifecycle
        .ended(container, end)
        .catch((error: unknown) => warn(`the end of ${container}: ${errorLine(error)}`))
    }
  }
  await restoreNetworks(sandboxes, (id) => {
    const record = containers.get(id)
    return record?.state.pid === 0 ? undefined : record
  })
  await line.client()
  clearAway(lifecycle, warn)
  startAgain(lifecycle, warn)
  return {
    ...{ graph, volumes, networks, sandboxes, containers, lifecycle, execs, supervisor, events },
    health: new HealthTable(options.root),
    registry: { mirrors: options.mirrors, insecureRegistries: options.insecureRegistries },
    settings: { id: daemonId(options.root), driverReasons, cgroupParent, ...changing(options) },
  }
}

/** Milliseconds between two attempts to have a supervisor. */
const pause = 5000

type OnEnd = (container: string, exec: string | undefined, end: Parameters<Lifecycle['ended']>[1]) => void

/** The connection to the supervisor: made when somebody needs it, and again when it was lost. */
class SupervisorLine {
  readonly #options: DaemonOptions
  readonly #onOpen: (client: SupervisorClient) => Promise<void>
  readonly #warn: (line: string) => void
  #open: Promise<SupervisorClient> | undefined
  onEnd: OnEnd = () => {}

  constructor(
    options: DaemonOptions,
    onOpen: (client: SupervisorClient) => Promise<void>,
    warn: (line: string) => void,
  ) {
    this.#options = options
    this.#onOpen = onOpen
    this.#warn = warn
  }

  client(): Promise<SupervisorClient> {
    if (this.#open !== undefined) return this.#open
    const opening = this.#connect()
    this.#open = opening
    opening.catch(() => {
      if (this.#open === opening) this.#open = undefined
    })
    return opening
  }

  async #connect(): Promise<SupervisorClient> {
    const { execRoot, cgroupParent } = this.#options
    const bundle = join(dirname(process.argv[1] ?? ''), 'tocker-supervisor.mjs')
    const client = await openSupervisor({
      directory: execRoot,
      command: [process.execPath, ...process.execArgv, bundle],
      cgroupParent,
    })
    using undo = new DisposableStack()
    undo.use(client)
    client.onEvent = ({ container, exec, end }) => this.onEnd(container, exec, end)
    await client.events()
    await this.#onOpen(client)
    // One that is gone since the last word is not kept.
    await client.list()
    undo.move()
    client.onClose = () => {
      this.#open = undefined
      this.#warn('the supervisor is gone')
      this.#again()
    }
    return client
  }

  /** Somebody has to hear how its containers end: until there is one. */
  #again(): void {
    this.client().catch((error: unknown) => {
      this.#warn(errorLine(error))
      setTimeout(() => this.#again(), pause).unref()
    })
  }
}

/** What an earlier daemon was removing, or would have removed by itself, when it was killed. */
function clearAway(lifecycle: Lifecycle, warn: (line: string) => void): void {
  const { containers } = lifecycle.parts
  for (const record of containers.all()) {
    const { id, name, hostConfig, state } = record
    if (state.pid !== 0 || !(hostConfig.AutoRemove || ['removing', 'dead'].includes(state.status))) continue
    if (state.status === 'removing') containers.save(happened(record, 'removal-failed'))
    lifecycle
      .remove(id, name, { force: true, volumes: hostConfig.AutoRemove ?? false })
      .catch((error: unknown) => warn(`remove ${name}, which was to go: ${errorLine(error)}`))
  }
}

function startAgain(lifecycle: Lifecycle, warn: (line: string) => void): void {
  const { containers } = lifecycle.parts
  for (const record of containers.all()) {
    const { id, name, hostConfig, manuallyStopped, state } = record
    if (state.pid !== 0 || state.status === 'created') continue
    // Whoever was to start it again, after a pause, has gone.
    const waited = state.status === 'restarting'
    if (waited) containers.save(happened(record, 'ended'))
    if (!waited && !startsWithDaemon(hostConfig.RestartPolicy, manuallyStopped)) continue
    lifecycle.start(id, name).catch((error: unknown) => warn(`start ${name} again: ${errorLine(error)}`))
  }
}

/** Stops what runs, unless it is to go on; then the supervisor, for which there is nothing left to do. */
export async function closeContainers(daemon: Daemon, log: Logger): Promise<void> {
  const { lifecycle, containers } = daemon
  const { liveRestore, shutdownTimeout } = daemon.settings
  lifecycle.closing = true
  const running = containers.all().filter(({ state }) => state.pid !== 0)
  if (liveRestore && running.length > 0) {
    // Their trees stay mounted: a second mount of the same layer, by the next daemon, would be another view of it.
    for (const { id } of running) daemon.graph.driver.leave(containers.layerOf(id))
    // They go on with their supervisor, and our line to it would keep us here.
    await daemon.supervisor().then(letGo, () => {})
    return
  }
  await Promise.allSettled(
    running.map(({ id, name, config }) =>
      lifecycle.stop(id, name, { timeout: config.StopTimeout ?? shutdownTimeout, signal: 15 }),
    ),
  )
  const supervisor = await daemon.supervisor()
  supervisor.onClose = () => {}
  await supervisor.shutdown(true).catch((error: unknown) => log.warn(errorLine(error)))
  await closeNetworks(daemon.sandboxes)
}

function letGo(supervisor: SupervisorClient): void {
  supervisor.onClose = () => {}
  supervisor[Symbol.dispose]()
}

/** Containers whose trees an earlier daemon has mounted, and that go on using them. */
function takenOver(graph: Graph, containers: Containers): string[] {
  return containers
    .all()
    .map(({ id }) => id)
    .filter((id) => graph.taken.includes(containers.layerOf(id)))
}

/** Of the default bridge's interface, and of the table of rules: no two daemons of a machine have the same. */
function ownName(root: string): string {
  if (root === '/var/lib/tocker') return 'tocker0'
  return `tocker-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`
}

function ownTable(root: string): string {
  return ownName(root).replace('tocker0', 'tocker')
}

/** What SIGHUP may change: options.ts is read again. */
export function changing({
  labels,
  liveRestore,
  shutdownTimeout,
  logLevel,
}: DaemonOptions): ChangingSettings {
  return { labels, liveRestore, shutdownTimeout, debug: logLevel === 'debug' }
}

/** The same after a restart: Docker keeps a UUID beside its data, too. */
function daemonId(root: string): string {
  const path = join(root, 'engine-id')
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    const id = randomUUID()
    writeFileSync(path, `${id}\n`)
    return id
  }
}
