// The first half of a container's birth, from the outside: cgroup, init, hooks,
// state. What init does meanwhile stands in init.ts; how the two talk is drawn in
// handshake.ts.
//
// The order is the protocol. The state is on the disk before there is anything
// that would have to be cleaned up; init has its request, and only says hello,
// until it is in its cgroup, so nothing that it makes escapes the limits; and
// whatever fails on the way takes along what was made before it.
//
// Next: engine/libcontainer/handshake.ts
import { realpathSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError } from '../errors.ts'
import { type Birth, giveBirth } from './birth.ts'
import type { Cgroup } from './cgroups/cgroup.ts'
import { openCgroup } from './cgroups/open.ts'
import { primeMoves } from './cgroups/prime.ts'
import type { Config } from './config/config.ts'
import { layOut } from './descriptors.ts'
import { listenFds } from './execute.ts'
import type { CreateRequest } from './handshake.ts'
import { runHooks } from './hooks.ts'
import { HostChannel, type Listener } from './host-channel.ts'
import { openIdmappedTrees } from './idmapped.ts'
import { lockContainer } from './lock.ts'
import { namespaceKinds } from './namespaces.ts'
import { identify } from './process-identity.ts'
import type { Reservation } from './reservation.ts'
import { withCallersLimits } from './rlimits.ts'
import { compileSeccomp, type SeccompProgram } from './seccomp.ts'
import { type RuntimeState, removeContainerDirectory, reserveName, saveState } from './state.ts'
import { ociState, type Status } from './status.ts'
import { writeIdMaps } from './user-namespace.ts'
import type { InitPool } from './warm.ts'

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
  /** The container dies with this process. */
  foreground?: boolean
  /** Descriptors that become the container's 0 to 2; left out, our own. */
  stdio?: readonly [number, number, number]
  /** Inits spawned ahead: one of them, if it fits, in place of a new one. */
  warm?: InitPool
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
  using primed = primeMoves()
  const cgroup = openCgroup(linux.cgroupsPath, id, {
    systemd: options.systemdCgroup ?? false,
    rootless: options.rootless ?? false,
    warn: (line) => listener.onWarning?.(line),
  })
  const state = newState(options, cgroup.paths)
  const describe = (status: Status): string => JSON.stringify(ociState(state, status))
  await using undo = new AsyncDisposableStack()
  const directory = reserveName(root, state)
  undo.defer(() => removeContainerDirectory(root, id))
  using _ = lockContainer(root, id)

  // First, since Node takes a while to start; init waits for its request.
  using init = startInit(options, directory, undo)
  const { birth, channel, reservation } = init
  const settled = reservation?.inside === true && reservation.id === id && same(reservation.cgroup, cgroup)
  if (reservation && !settled) undo.defer(() => reservation.cgroup.remove())
  const seccomp = linux.seccomp ? compileSeccomp(linux.seccomp) : undefined
  init.send(requestOf(options, { state, cgroup, seccomp }))
  if (!settled) cgroup.make()
  // Not before: a cgroup that is another container's already must not go with us.
  undo.defer(() => cgroup.remove())
  // init would be frozen with it, and nobody would say why nothing happens.
  if (cgroup.state !== 'thawed') throw new EngineError('conflict', 'the cgroup of the container is frozen')
  cgroup.apply(linux.resources ?? {})

  const { pid } = await channel.expect('hello')
  undo.defer(() => endProcess(pid))
  if (birth.steppingStone) birth.child.kill('SIGKILL')
  meet(state, pid)
  saveState(root, state)
  if (!settled) {
    cgroup.add(pid)
    // It may have waited in another, and left it now.
    if (reservation && !same(reservation.cgroup, cgroup)) reservation.cgroup.remove()
  }
  primed[Symbol.dispose]()
  if (linux.namespaces?.some((one) => one.type === 'user' && one.path === undefined)) writeIdMaps(pid, linux)
  channel.go()

  await channel.expect('namespaces')
  for (const kind of ['prestart', 'createRuntime'] as const)
    runHooks(kind, hooks?.[kind], describe('creating'))
  channel.go()

  await channel.expect('created')
  if (options.pidFile) writePidFile(options.pidFile, pid)
  state.phase = 'created'
  saveState(root, state)
  await channel.end()
  // Nothing failed: what stands, stays.
  undo.move()
  // Nobody here waits for it, unless somebody says so (wait.ts).
  birth.child.unref()
  return { state, birth }
}
// #endregion create

interface Init extends Disposable {
  birth: Birth
  channel: HostChannel
  /** The cgroup in which it waited, for this container or another. */
  reservation?: Reservation
  /** Completes the request with the numbers of init's descriptors, and sends it. */
  send: (request: Omit<CreateRequest, 'fds' | 'listenEnv'>) => void
}

/** A new init, or one that waits already. Disposing closes our copies of what it was born with. */
function startInit(options: CreateOptions, directory: string, undo: AsyncDisposableStack): Init {
  const { config, bundle, init, listener = {} } = options
  const { namespaces = [], ...linux } = config.linux ?? {}
  // Descriptors that keep their numbers can only be inherited.
  const inherits = (options.preserveFds ?? 0) + listenFds(process.env, process.pid).count > 0
  const warm = inherits ? undefined : options.warm?.take(namespaces, options.id)
  const trees = openIdmappedTrees(config.mounts ?? [], linux, ({ source = '' }) => resolve(bundle, source))
  const layout = layOut({ ...options, fifos: directory, trees, ...(warm ? { passed: true } : {}) })
  const spawn = { stdio: layout.stdio, env: {}, cwd: '/' }
  const birth =
    warm?.birth ?? giveBirth([...init, String(layout.channel)], namespaces, spawn, linux.timeOffsets)
  undo.defer(() => void birth.child.kill('SIGKILL'))
  const channel = new HostChannel(birth.child, warm?.channel ?? layout.channel, listener)
  undo.defer(() => channel.close())
  return {
    birth,
    channel,
    ...(warm?.reservation ? { reservation: warm.reservation } : {}),
    send: (request) => {
      channel.send({ ...request, listenEnv: layout.listenEnv, fds: layout.descriptors })
      warm?.pass(layout.open)
    },
    [Symbol.dispose]: () => layout[Symbol.dispose](),
  }
}

function same(one: Cgroup, other: Cgroup): boolean {
  return JSON.stringify(one.paths) === JSON.stringify(other.paths)
}

function requestOf(
  options: CreateOptions,
  made: { state: RuntimeState; cgroup: Cgroup; seccomp: SeccompProgram | undefined },
): Omit<CreateRequest, 'fds' | 'listenEnv'> {
  const { config, id, bundle } = options
  const { state, cgroup, seccomp } = made
  const { process: own } = config
  return {
    kind: 'create',
    ...{ id, bundle, rootfs: state.rootfs },
    config: own ? { ...config, process: withCallersLimits(own, process.env) } : config,
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

function newState({ id, bundle, config }: CreateOptions, cgroupPaths: Record<string, string>): RuntimeState {
  const creator = identify(process.pid)
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

/** Beside, then renamed: who waits for the file never reads half a number. */
export function writePidFile(path: string, pid: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(temporary, String(pid))
  renameSync(temporary, path)
}

/** Not by the child: with a stepping stone it is no child of ours. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it ended by itself.
  }
}
