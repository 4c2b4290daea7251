// From a record to a process: the middle of Docker's seven steps, between "make a
// writable layer" and "run".
//
//   layer mounted ─> addresses ─> files of its own ─> config.json
//     ─> supervisor: create ─> network interfaces ─> (attach) ─> start
//
// Everything that was made goes again when a later step fails, and when the container
// ends: land() is the way back.
//
// Called by lifecycle.ts. Next: engine/daemon/container/oci-spec.ts
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EngineError, errorLine } from '../../errors.ts'
import type { Graph } from '../../graph/graph.ts'
import { encode } from '../../libcontainer/config/encode.ts'
import type { Events } from '../events.ts'
import { type LogConfig, logConfigSchema } from '../logs/driver.ts'
import { linkEnvironment } from '../network/links.ts'
import type { Sandboxes } from '../network/sandboxes.ts'
import type { SupervisorClient } from '../supervisor/client.ts'
import type { VolumeStore } from '../volumes/volume-store.ts'
import { checkPropagation, makeBindSources, subpathOf } from './bind-sources.ts'
import { checkJoined, hostFacts } from './container-facts.ts'
import type { Containers } from './containers.ts'
import type { ContainerDefaults } from './defaults.ts'
import { checkDeviceRequests } from './device-requests.ts'
import { identityFiles, writeIdentityFiles } from './identity-files.ts'
import { networkOwner } from './network-owner.ts'
import { streamOwner } from './oci-namespaces.ts'
import { ociSpec } from './oci-spec.ts'
import type { LayerReaders } from './readers.ts'
import type { ContainerRecord } from './record.ts'
import { readInRoot } from './root-file.ts'
import { dropSharedMemory, makeSharedMemory } from './shared-memory.ts'
import { resolveUser } from './user.ts'

export interface LaunchParts {
  graph: Graph
  volumes: VolumeStore
  containers: Containers
  supervisor: () => Promise<SupervisorClient>
  /** Absolute: bundles are there, and go with the next boot. */
  execRoot: string
  cgroupParent: string
  /** Programs of `--runtime`, by name; `tocker` is our own, and needs none. */
  runtimes: Readonly<Record<string, string>>
  /** What containers get that do not say. */
  defaults: ContainerDefaults
  /** Ids whose layers this process has mounted by get(); the others were mounted by a daemon before it. */
  held: Set<string>
  readers: LayerReaders
  events: Events
  sandboxes: Sandboxes
}

/** A container that waits for start: what it takes to run it, or to give up. */
export interface Launched {
  pid: number
  /** @returns when, as ISO 8601 has it */
  start: () => Promise<string>
}

/** @throws EngineError with nothing left behind but the record */
export async function launch(parts: LaunchParts, record: ContainerRecord): Promise<Launched> {
  const { graph, volumes, containers, execRoot, cgroupParent } = parts
  const { owners } = graph.driver
  const { id, config } = record
  checkDeviceRequests(record)
  await using undo = new AsyncDisposableStack()
  const layer = containers.layerOf(id)
  const rootfs = await graph.driver.get(layer)
  parts.held.add(id)
  undo.defer(() => letGo(parts, id))
  const sources = new Map<string, string>()
  for (const point of record.mountPoints.filter(isVolume)) {
    const directory = await volumes.acquire(point.name)
    undo.defer(() => release(parts, id, point.name))
    parts.events.tell('volume', 'mount', point.name, {
      ...{ container: id, destination: point.destination, driver: 'local' },
      ...{ propagation: point.propagation, 'read/write': String(point.writable) },
    })
    if (point.source !== directory) sources.set(point.destination, subpathOf(point, directory))
  }
  const mountPoints = record.mountPoints.map((point) => ({
    ...point,
    source: sources.get(point.destination) ?? point.source,
  }))
  makeBindSources(record, owners)
  checkPropagation(record.mountPoints)
  await parts.sandboxes.prepare(record)
  undo.defer(() => parts.sandboxes.leave(id))
  const owner = networkOwner(containers, record)
  const files =
    owner === undefined
      ? writeIdentityFiles(containerDirectory(graph.root, id), record, parts.sandboxes.files(record), owners)
      : identityFiles(containerDirectory(graph.root, owner.id))
  const sharedMemory = makeSharedMemory(execRoot, containers, record, owners)
  undo.defer(() => dropSharedMemory(execRoot, record))
  const facts = hostFacts(containers, {
    ...{ files, cgroupParent, sharedMemory, idMappings: owners },
    knowsRro: knowsRro(record, parts.runtimes),
    ...parts.defaults.spec,
  })
  const spec = ociSpec(
    {
      ...record,
      mountPoints,
      config: withLinks(record, parts.sandboxes),
      rootfs,
      user: userOf(record, rootfs),
    },
    facts,
  )
  const bundle = bundleOf(execRoot, id)
  mkdirSync(bundle, { recursive: true, mode: 0o700 })
  undo.defer(() => rmSync(bundle, { recursive: true, force: true }))
  writeFileSync(join(bundle, 'config.json'), encode(spec), { mode: 0o600 })
  const supervisor = await parts.supervisor()
  const { pid } = await supervisor
    .create({
      ...{
        container: id,
        bundle,
        runtime: runtimeOf(record, parts.runtimes),
        log: logConfig(graph.root, record),
      },
      terminal: config.Tty ?? false,
      stdin: config.OpenStdin ?? false,
      stdinOnce: config.StdinOnce ?? false,
      ...streamOwner(record.hostConfig, owners),
    })
    .catch(async (error: unknown) => {
      await checkJoined(containers, record.hostConfig)
      throw explained(error)
    })
  undo.defer(() => supervisor.delete({ container: id, force: true }))
  await parts.sandboxes.attach(record, pid)
  const made = undo.move()
  return {
    pid,
    async start() {
      // Before it runs: whoever asks for the log since then misses no line of it.
      const at = new Date().toISOString()
      try {
        await supervisor.start({ container: id })
      } catch (error) {
        await made.disposeAsync()
        await checkJoined(containers, record.hostConfig)
        throw explained(error)
      }
      return at
    },
  }
}

/** Lets go of what launch() took; the process has ended. */
export async function land(parts: LaunchParts, record: ContainerRecord): Promise<void> {
  const { supervisor, execRoot } = parts
  const leaving = parts.sandboxes.leave(record.id)
  // Backwards, and to the end: what one of them cannot do keeps none of the others.
  await using all = new AsyncDisposableStack()
  all.defer(() => letGo(parts, record.id))
  all.defer(() => dropSharedMemory(execRoot, record))
  for (const { name } of record.mountPoints.filter(isVolume)) all.defer(() => release(parts, record.id, name))
  all.defer(() => rmSync(bundleOf(execRoot, record.id), { recursive: true, force: true }))
  all.defer(() => leaving)
  await (await supervisor()).delete({ container: record.id, force: true })
}

function release({ volumes, events }: LaunchParts, container: string, volume: string): void {
  volumes.release(volume)
  events.tell('volume', 'unmount', volume, { container, driver: 'local' })
}

async function letGo({ graph, containers, held }: LaunchParts, id: string): Promise<void> {
  if (held.delete(id)) await graph.driver.put(containers.layerOf(id))
}

function isVolume(point: ContainerRecord['mountPoints'][number]): point is typeof point & { name: string } {
  return point.type === 'volume' && point.name !== undefined
}

/** Where the daemon keeps files of one container: its log, and those that are bound into it. */
export function containerDirectory(root: string, id: string): string {
  return join(root, 'containers', id)
}

/** Where config.json is of what runs. */
export function bundleOf(execRoot: string, id: string): string {
  return join(execRoot, 'bundles', id)
}

/** @throws EngineError `invalid`, in Docker's words, for a name that there is not */
export function runtimeOf(
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
  runtimes: LaunchParts['runtimes'],
): 'native' | { name: string; program: string } {
  const name = hostConfig.Runtime || 'tocker'
  if (name === 'tocker') return 'native'
  const program = Object.hasOwn(runtimes, name) ? runtimes[name] : undefined
  if (program === undefined) {
    const missing = name === 'lxc' ? ': the program lxc-start is not installed (the package lxc has it)' : ''
    throw new EngineError('invalid', `unknown or invalid runtime name: ${name}${missing}`)
  }
  return { name, program }
}

/** Every kin of runc does. */
export function knowsRro(
  record: Pick<ContainerRecord, 'hostConfig'>,
  runtimes: LaunchParts['runtimes'],
): boolean {
  const runtime = runtimeOf(record, runtimes)
  return runtime === 'native' || basename(runtime.program) !== 'lxc-start'
}

/** What it knows of containers that it was linked to, before what it was told itself. */
function withLinks(record: ContainerRecord, sandboxes: Sandboxes): ContainerRecord['config'] {
  const variables = linkEnvironment(record, sandboxes.links(record))
  return variables.length === 0
    ? record.config
    : { ...record.config, Env: [...variables, ...(record.config.Env ?? [])] }
}

function userOf({ config, hostConfig }: ContainerRecord, rootfs: string) {
  const files = { passwd: readInRoot(rootfs, 'etc/passwd'), group: readInRoot(rootfs, 'etc/group') }
  return resolveUser(config.User ?? '', files, hostConfig.GroupAdd ?? [])
}

/** @throws EngineError `invalid` for a driver that there is not */
export function logConfig(root: string, record: ContainerRecord): LogConfig {
  const { id, name, config, hostConfig, imageId, path, args } = record
  const driver = logConfigSchema.shape.driver.safeParse(hostConfig.LogConfig?.Type || 'json-file')
  if (!driver.success)
    throw new EngineError(
      'invalid',
      `logger: no log driver named '${hostConfig.LogConfig?.Type}' is registered`,
    )
  return {
    driver: driver.data,
    options: hostConfig.LogConfig?.Config ?? {},
    path: join(
      containerDirectory(root, id),
      driver.data === 'local' ? 'local-logs/container.log' : `${id}-json.log`,
    ),
    info: {
      ...{ id, name, imageId, image: config.Image ?? '' },
      command: [path, ...args].join(' '),
      env: config.Env ?? [],
      labels: config.Labels ?? {},
    },
  }
}

/** Docker's beginning of the sentence: its client looks in the rest for what makes 126 and 127. */
function explained(error: unknown): EngineError {
  const [kind, exitStatus] =
    error instanceof EngineError ? [error.kind, error.exitStatus] : (['internal', 125] as const)
  return new EngineError(
    kind === 'not-found' ? 'invalid' : kind,
    `failed to create task for container: ${errorLine(error)}`,
    { exitStatus },
  )
}
