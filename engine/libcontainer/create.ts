// The first half of a container's birth, from the outside: cgroup, init, hooks,
// state. What init does meanwhile stands in init.ts; how the two talk is drawn in
// handshake.ts.
//
// The order is the protocol. The state is on the disk before there is anything
// that would have to be cleaned up; init has its request, and only says hello,
// until it is in its cgroup, so nothing that it makes escapes the limits; and
// whatever fails on the way takes along what was made before it. An init that was in
// the cgroup before has its request first of all: what it can make without limits and
// without a name, it makes meanwhile.
//
// Next: engine/libcontainer/handshake.ts
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { EngineError } from '../errors.ts'
import { adopted, type Birth, giveBirth } from './birth.ts'
import type { Cgroup } from './cgroups/cgroup.ts'
import { openCgroup } from './cgroups/open.ts'
import { giveCgroup } from './cgroups/owner.ts'
import { primeMoves } from './cgroups/prime.ts'
import type { Config } from './config/config.ts'
import { layOut } from './descriptors.ts'
import { listenFds } from './execute.ts'
import { type CreateRequest, wantsNamespaces } from './handshake.ts'
import { runHooks } from './hooks.ts'
import { HostChannel, type Listener } from './host-channel.ts'
import { raiseLimits } from './host-limits.ts'
import type { InitSource, WarmInit } from './idle-init.ts'
import { openMountTrees } from './idmapped.ts'
import { lockContainer } from './lock.ts'
import { namespaceKinds } from './namespaces.ts'
import { writePidFile } from './pid-file.ts'
import { identify, identifySelf } from './process-identity.ts'
import { withCallersLimits } from './rlimits.ts'
import { compileSeccomp } from './seccomp.ts'
import { type RuntimeState, removeContainerDirectory, reserveName, saveState } from './state.ts'
import { ociState, type Status } from './status.ts'
import { writeIdMaps } from './user-namespace.ts'

export interface CreateOptions {
  /** Directory of all containers' states. */
  root: string
  id: string
  /** Absolute path of the bundle. */
  bundle: string
  /** Validated. */
  config: Config
  /** Command line that becomes init: Node and the file that calls runInit(). */
  init: readonly [string, ...string[]]
  pidFile?: string
  /** A socket that takes the master of the terminal: its path, or open already. */
  console?: string | number
  preserveFds?: number
  noPivot?: boolean
  noNewKeyring?: boolean
  systemdCgroup?: boolean
  rootless?: boolean
  /** systemd's socket, to which the container speaks by way of us: notify-socket.ts. */
  notify?: string
  /** The container dies with this process. */
  foreground?: boolean
  /** This process ends before the container does, and whoever adopts that wants its exit status. */
  detach?: boolean
  /** Descriptors that become the container's 0 to 2; left out, our own. */
  stdio?: readonly [number, number, number]
  /** Inits spawned ahead: one of them, if it fits, in place of a new one. */
  warm?: InitSource
  listener?: Listener
  trace?: boolean
}

/** A container that waits for `start`. */
export interface Created {
  state: RuntimeState
  /** How it was born: its process is our child, or the orphan of a stepping stone. */
  birth: Birth
}

// #region create
/** @throws EngineError with nothing left behind */
export async function createContainer(options: CreateOptions): Promise<Created> {
  const { config, root, id, listener = {} } = options
  const { linux = {}, hooks } = config
  const cgroup = openCgroup(linux.cgroupsPath, id, {
    systemd: options.systemdCgroup ?? false,
    rootless: options.rootless ?? false,
    warn: (line) => listener.onWarning?.(line),
  })
  // Given back after all that is undone: who waits for it must not meet the half of it.
  using lock = new DisposableStack()
  await using undo = new AsyncDisposableStack()
  const warm = takeWarm(options, undo)
  const reservation = warm?.reservation
  const settled = reservation?.inside === true && reservation.id === id && same(reservation.cgroup, cgroup)
  using primed = settled ? undefined : primeMoves()
  const state = newState(options, cgroup.paths)
  const request = (): CreateRequest => requestOf(options, { state, cgroup, settled })
  if (warm) meet(state, warm.birth.child.pid)
  if (warm && settled) channelOf(warm.channel, listener).send(request())
  const describe = (status: Status): string => JSON.stringify(ociState(state, status))
  const directory = reserveName(root, state)
  undo.defer(() => removeContainerDirectory(root, id))
  if (options.notify) (await import('./notify-socket.ts')).makeNotifyDirectory(root, id)
  lock.use(lockContainer(root, id))

  // First, since Node takes a while to start; init waits for its request.
  using init = startInit(options, directory, warm, undo)
  const { birth, channel } = init
  // Who is in its cgroup already waits for its descriptors, and has them when the limits stand.
  if (!settled) {
    channel.send(request())
    cgroup.make()
  }
  // Not before: a cgroup that is another container's already must not go with us.
  undo.defer(() => cgroup.remove())
  // init would be frozen with it, and nobody would say why nothing happens.
  if (cgroup.state !== 'thawed') throw new EngineError('conflict', 'the cgroup of the container is frozen')
  cgroup.apply(linux.resources ?? {})
  giveCgroup(cgroup.paths, config)
  if (!settled) await settle(init, { options, state, cgroup, warm }, undo)
  primed?.[Symbol.dispose]()
  if (wantsNamespaces(config)) {
    await channel.expect('namespaces')
    for (const kind of ['prestart', 'createRuntime'] as const)
      runHooks(kind, hooks?.[kind], describe('creating'))
    channel.go()
  }
  init.describe()

  await channel.expect('created')
  if (options.pidFile) writePidFile(options.pidFile, state.init?.pid ?? 0)
  state.phase = 'created'
  saveState(root, state)
  await channel.end()
  await adopted(birth)
  // Nothing failed: what stands, stays.
  undo.move()
  return { state, birth }
}
// #endregion create

/** Puts init into its cgroup, where everything that it makes is counted, and lets it go on. */
async function settle(
  { birth, channel }: Init,
  made: { options: CreateOptions; state: RuntimeState; cgroup: Cgroup; warm: WarmInit | undefined },
  undo: AsyncDisposableStack,
): Promise<void> {
  const { options, state, cgroup, warm } = made
  const { linux = {} } = options.config
  const { pid } = await channel.expect('hello')
  undo.defer(() => endProcess(pid))
  if (birth.steppingStone) birth.child.kill()
  if (!warm) {
    meet(state, pid)
    saveState(options.root, state)
  }
  cgroup.add(pid)
  // It may have waited in another, and left it now.
  const reserved = warm?.reservation?.cgroup
  if (reserved && !same(reserved, cgroup)) reserved.remove()
  if (linux.namespaces?.some((one) => one.type === 'user' && one.path === undefined)) writeIdMaps(pid, linux)
  if (linux.namespaces?.some(({ type }) => type === 'user')) raiseLimits(pid, options.config.process)
  channel.go()
}

interface Init extends Disposable {
  birth: Birth
  channel: HostChannel
  /** Tells it the numbers of its descriptors, and passes them, if it was born without. */
  describe: () => void
}

/** An init that waits already, if there is one that fits. */
function takeWarm(options: CreateOptions, undo: AsyncDisposableStack): WarmInit | undefined {
  // Descriptors that keep their numbers can only be inherited.
  const inherits = (options.preserveFds ?? 0) + listenFds(process.env, process.pid).count > 0
  const warm = inherits ? undefined : options.warm?.take(options.config.linux?.namespaces ?? [], options.id)
  const reservation = warm?.reservation
  if (reservation) undo.defer(() => reservation.cgroup.remove())
  if (warm) undo.defer(() => warm.birth.child.kill())
  return warm
}

/** A new init, or the warm one. Disposing closes our copies of what it was born with. */
function startInit(
  options: CreateOptions,
  directory: string,
  warm: WarmInit | undefined,
  undo: AsyncDisposableStack,
): Init {
  const { config, bundle, init, listener = {} } = options
  const { namespaces = [], timeOffsets } = config.linux ?? {}
  const trees = openMountTrees(config.mounts ?? [], config.linux ?? {}, ({ source = '' }) =>
    resolve(bundle, source),
  )
  const layout = layOut({ ...options, fifos: directory, trees, ...(warm ? { passed: true } : {}) })
  const { ours = -1, there = -1 } = layout.channel ?? {}
  const channel = channelOf(warm?.channel ?? ours, listener)
  undo.defer(() => channel.close())
  const birth = warm?.birth ?? giveBirth([...init, String(there)], namespaces, layout.open, timeOffsets)
  undo.defer(() => birth.child.kill())
  if (options.detach && !birth.steppingStone) birth.child.leave()
  // With a copy of init's end in our hands we would never read the end of the socket. A warm one is passed its own later.
  if (!warm) layout[Symbol.dispose]()
  return {
    birth,
    channel,
    describe: () => {
      channel.send({ listenEnv: layout.listenEnv, fds: layout.descriptors })
      warm?.pass(layout.open)
    },
    [Symbol.dispose]: () => layout[Symbol.dispose](),
  }
}

function channelOf(socket: number | HostChannel, listener: Listener): HostChannel {
  if (typeof socket === 'number') return new HostChannel(socket, listener)
  socket.listener = listener
  return socket
}

function same(one: Cgroup, other: Cgroup): boolean {
  return JSON.stringify(one.paths) === JSON.stringify(other.paths)
}

function requestOf(
  options: CreateOptions,
  { state, cgroup, settled }: { state: RuntimeState; cgroup: Cgroup; settled: boolean },
): CreateRequest {
  const { config, id, bundle } = options
  // Compiled, it is all that init needs of it: the profile itself is longer than the rest of the config.
  const { seccomp: profile, ...linux } = config.linux ?? {}
  const seccomp = profile && compileSeccomp(profile)
  const { process: own } = config
  const forInit = { ...config, linux }
  return {
    kind: 'create',
    settled,
    ...{ id, bundle, rootfs: state.rootfs },
    config: own ? { ...forInit, process: withCallersLimits(own, process.env) } : forInit,
    cgroup: cgroup.mounts(),
    ...(seccomp ? { seccomp: { ...seccomp, bpf: Buffer.from(seccomp.bpf).toString('base64') } } : {}),
    noPivot: options.noPivot ?? false,
    newKeyring: !options.noNewKeyring,
    dieWithParent: options.foreground ?? false,
    state: ociState(state, 'creating'),
    trace: options.trace ?? false,
  }
}

/** From here on the record names the process. */
function meet(state: RuntimeState, pid: number): void {
  const init = identify(pid)
  if (!init) throw new EngineError('internal', 'init was killed')
  state.init = init
  state.namespacePaths = namespacePathsOf(pid)
}

/** Of a container that is being made, by this process. @throws EngineError `not-found` when its root filesystem is not there */
export function newState(
  { id, bundle, config }: Pick<CreateOptions, 'id' | 'bundle' | 'config'>,
  cgroupPaths: Record<string, string>,
): RuntimeState {
  const creator = identifySelf()
  if (!creator) throw new EngineError('unavailable', '/proc is not mounted')
  return {
    ociVersion: '1.2.0',
    ...{ id, bundle, config, creator, cgroupPaths },
    phase: 'creating',
    rootfs: realRootfs(resolve(bundle, config.root.path)),
    created: new Date().toISOString(),
    owner: process.geteuid?.() ?? 0,
    namespacePaths: {},
  }
}

/** Without symbolic links: what is bound on itself must be the directory that is meant. */
function realRootfs(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new EngineError('not-found', `$.root.path: no root filesystem at ${path}`, { cause })
  }
}

function namespacePathsOf(pid: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(namespaceKinds).map(([type, { file }]) => [type, `/proc/${pid}/ns/${file}`]),
  )
}

/** Not by the child: with a stepping stone it is no child of ours. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it ended by itself.
  }
}
