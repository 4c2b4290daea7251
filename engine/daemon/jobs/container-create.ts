// `docker create`: a record, a layer to write into, volumes; nothing that runs.
//
// Everything that can be refused is refused here: config.json is made once for the sake
// of its errors, long before somebody says start.
//
// Next: engine/daemon/container/lifecycle.ts
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { CreateBody } from '../../api/container-config.ts'
import { copyTreeInTurns } from '../../archive/copy-tree.ts'
import { EngineError, errorLine } from '../../errors.ts'
import { type ConfigPlatform, fitsPlatform, platformOf, requirePlatform } from '../../graph/image-platform.ts'
import { findImage, imageConfig } from '../../graph/images.ts'
import { formatPlatform, hostPlatform, parsePlatform } from '../../graph/platform.ts'
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../syscalls/flags.ts'
import { O_PATH, openat2 } from '../../syscalls/open.ts'
import { checkConfig } from '../container/config-check.ts'
import { hostFacts } from '../container/container-facts.ts'
import { withDefaults } from '../container/defaults.ts'
import { machineFacts } from '../container/host-facts.ts'
import { knowsRro, logConfig, runtimeOf } from '../container/launch.ts'
import { checkLimits } from '../container/limit-check.ts'
import { withSupported } from '../container/limit-support.ts'
import { commandOf, mergeConfig } from '../container/merge-config.ts'
import { planMounts } from '../container/mount-points.ts'
import { isContainerName, randomName } from '../container/names.ts'
import { mapsIds } from '../container/oci-namespaces.ts'
import { ociSpec } from '../container/oci-spec.ts'
import { type ContainerRecord, newRecord } from '../container/record.ts'
import { checkRestartPolicy } from '../container/restart-policy.ts'
import { withLabels } from '../container/security.ts'
import { makeMountPoints } from '../container/standard-tree.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'
import { checkOptions } from '../logs/options.ts'
import { checkConflicts } from '../network/conflicts.ts'
import { linksOf } from '../network/names.ts'
import { wantedNetworks } from '../network/wanted.ts'

export interface ContainerCreate {
  /** Left out or empty: one is made up. */
  name?: string
  /** `linux/arm64`: the image must be for it; left out, any will do, with a warning. */
  platform?: string
  body: CreateBody
}

export interface Created {
  id: string
  warnings: string[]
}

export const containerCreate: DaemonJob<ContainerCreate, Created> = {
  name: 'container-create',
  async run(daemon, { name = '', platform, body }) {
    const { graph, containers, lifecycle } = daemon
    const { HostConfig: asked, NetworkingConfig: _, ...own } = body
    checkConflicts(body)
    const { mode, networks, warnings } = wantedNetworks(body, daemon.networks)
    const image = findImage(graph, own.Image || '')
    const says = await imageConfig(graph, image.id)
    // On the host's network it is called what the host is called.
    const named = mode === 'host' && !own.Hostname ? { ...own, Hostname: hostname() } : own
    const config = mergeConfig(named, says.config ?? {})
    const foreign = checkPlatform(own.Image || '', says, platform)
    const { path, args } = commandOf(config)
    warnings.push(...foreign)
    const wanted = { ...asked, NetworkMode: mode }
    // What depends on the machine and on the daemon is chosen now, and stays.
    const supported = withSupported(wanted)
    warnings.push(...supported.warnings)
    const hostConfig = withLabels(
      withDefaults(supported.limits, lifecycle.parts.defaults, machineFacts().cgroupVersion),
    )
    checkRestartPolicy(hostConfig)
    checkLimits(hostConfig)
    // What an image has in its environment is its own affair.
    checkConfig({ config: { ...config, Env: own.Env }, hostConfig }, graph.driver.name)
    const id = (await reserveId(daemon, hostConfig)) ?? randomBytes(32).toString('hex')
    const chosen = chooseName(daemon, name)
    using _name = containers.hold(chosen, id)
    const record = newRecord({
      ...{ id, path, args, config, hostConfig, imageId: image.id, mountPoints: [], networks },
      name: chosen,
      created: new Date().toISOString(),
    })
    check(daemon, record)
    // Somebody may have removed it while we waited for the supervisor.
    if (graph.db.images.get(image.id) === undefined)
      throw new EngineError('not-found', `No such image: ${own.Image}`)
    // It is listed before it is whole: whoever wants to start or remove it waits for that.
    const complete = await containers.turns.take(id, () => make(daemon, record, image.top_layer ?? undefined))
    lifecycle.tell(complete, 'create')
    return { id, warnings }
  },
}

/** Its layer, its row, its volumes. @param below chain id of its image's topmost layer @throws EngineError with nothing left of it */
async function make(
  daemon: Daemon,
  record: ContainerRecord,
  below: string | undefined,
): Promise<ContainerRecord> {
  const { graph, containers, volumes } = daemon
  const { id } = record
  await using undo = new AsyncDisposableStack()
  await graph.layers.createReadWrite(id, below, async (tree) => makeMountPoints(tree, graph.driver.owners))
  undo.defer(() => graph.layers.removeReadWrite(id))
  const made: string[] = []
  undo.defer(async () => {
    for (const one of made) if (volumes.has(one) && volumes.users(one).length === 0) await volumes.remove(one)
  })
  containers.add(record, id)
  // First of all: layer and volumes are in use while there is a row that uses them.
  undo.defer(() => containers.remove(id))
  const plan = await planMounts(
    record.config,
    record.hostConfig,
    async (wanted) => {
      const known = wanted.name !== undefined && volumes.has(wanted.name)
      const volume = orInvalid(() => volumes.create(wanted, id))
      if (!known) {
        made.push(volume.Name)
        daemon.events.tell('volume', 'create', volume.Name, { driver: 'local' })
      }
      return { name: volume.Name, directory: volume.Mountpoint }
    },
    (text) => orInvalid(() => containers.find(text)),
  )
  const complete = { ...record, mountPoints: plan.points }
  // Those of --volumes-from, too.
  for (const { name: volume } of plan.points) if (volume !== undefined) graph.db.volumes.use(volume, id)
  await copyUp(daemon, complete, plan.copyUp)
  containers.save(complete)
  undo.move()
  return complete
}

/** @returns warnings, in Docker's words @throws EngineError `not-found` for an image that is for another than was asked for */
function checkPlatform(name: string, config: ConfigPlatform, wanted: string | undefined): string[] {
  if (wanted !== undefined) {
    requirePlatform(name, config, parsePlatform(wanted))
    return []
  }
  if (fitsPlatform(config, hostPlatform())) return []
  return [
    `The requested image's platform (${formatPlatform(platformOf(config))}) does not match the detected host platform (${formatPlatform(hostPlatform())}) and no specific platform was requested`,
  ]
}

/** @throws EngineError `invalid`: for what is not found, the client would go and pull the image */
function orInvalid<T>(look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'not-found')) throw error
    throw new EngineError('invalid', errorLine(error))
  }
}

/** @throws EngineError `invalid`, in Docker's words */
function linked(containers: Daemon['containers'], text: string): void {
  try {
    containers.find(text)
  } catch (error) {
    throw new EngineError('invalid', `could not get container for ${text}: ${errorLine(error)}`)
  }
}

function chooseName({ containers }: Daemon, wanted: string): string {
  const name = wanted.replace(/^\//, '')
  if (wanted === '') return randomName((one) => containers.ownerOf(one) !== undefined)
  if (!isContainerName(name))
    throw new EngineError(
      'invalid',
      `Invalid container name (${wanted}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    )
  const taken = containers.ownerOf(name)
  if (taken !== undefined)
    throw new EngineError(
      'conflict',
      `Conflict. The container name "/${name}" is already in use by container "${taken}". You have to remove (or rename) that container to be able to reuse that name.`,
    )
  return name
}

/** The id for which one of our own inits waits: in a cgroup that another runtime could not make. */
async function reserveId(
  { graph, lifecycle, supervisor }: Daemon,
  hostConfig: ContainerRecord['hostConfig'],
): Promise<string | undefined> {
  const isOurs = runtimeOf({ hostConfig }, lifecycle.parts.runtimes) === 'native'
  // It was born without users of its own, and nothing changes that.
  if (!isOurs || mapsIds(hostConfig, { idMappings: graph.driver.owners })) return undefined
  return await (await supervisor()).reserve()
}

/** Everything that would be refused at start for what was asked, and not for how the machine is just then. */
function check({ graph, containers, settings, lifecycle }: Daemon, record: ContainerRecord): void {
  runtimeOf(record, lifecycle.parts.runtimes)
  const { driver, options } = logConfig(graph.root, record)
  checkOptions(driver, options)
  for (const { target } of linksOf(record, record.hostConfig.NetworkMode ?? '')) linked(containers, target)
  // A namespace that is joined is looked for at start.
  const facts = {
    ...hostFacts(containers, {
      ...{ files: [], cgroupParent: settings.cgroupParent, sharedMemory: undefined },
      idMappings: graph.driver.owners,
      knowsRro: knowsRro(record, lifecycle.parts.runtimes),
      ...lifecycle.parts.defaults.spec,
    }),
    pidOf: () => 1,
  }
  ociSpec({ ...record, rootfs: '/', user: { uid: 0, gid: 0 } }, facts)
}

/** What the image has where a new volume is mounted becomes the volume's first content. */
async function copyUp(
  { graph, containers }: Daemon,
  record: ContainerRecord,
  destinations: readonly string[],
): Promise<void> {
  const points = record.mountPoints.filter(
    (point) => destinations.includes(point.destination) && isEmpty(point.source),
  )
  if (points.length === 0) return
  const layer = containers.layerOf(record.id)
  const rootfs = await graph.driver.get(layer)
  try {
    for (const { source, destination } of points) await copyInto(rootfs, destination, source)
  } finally {
    await graph.driver.put(layer)
  }
}

async function copyInto(rootfs: string, path: string, target: string): Promise<void> {
  const root = openSync(rootfs, O_PATH)
  let from: number | undefined
  try {
    // For reading, and not O_PATH: its entries are listed.
    from = openat2(root, path, 0o200000, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
  } catch {
    // ENOENT, ENOTDIR: the image has nothing there.
    return
  } finally {
    closeSync(root)
  }
  const to = openSync(target, 'r')
  try {
    await copyTreeInTurns(from, to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

function isEmpty(directory: string): boolean {
  try {
    return readdirSync(join(directory)).length === 0
  } catch {
    return false
  }
}
