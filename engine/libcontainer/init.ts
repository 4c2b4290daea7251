// A container, from the inside: PID 1 of a new PID namespace, until it becomes
// the command that it was asked for.
//
// On entry: one descriptor is the socket to the host's half (handshake.ts), which
// has put us into the cgroup before it sends anything. Synchronous from the first
// line to execve(2): a namespace belongs to this thread.
//
// Next: engine/libcontainer/namespaces.ts
import { closeSync, mkdirSync, readlinkSync, readSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { lastCapability, setUndumpable } from '../syscalls/credentials.ts'
import { setdomainname, sethostname } from '../syscalls/namespace.ts'
import { chdir, joinNewKeyring } from '../syscalls/process.ts'
import { receiveFd } from '../syscalls/socket.ts'
import { dup2 } from '../syscalls/terminal.ts'
import type { Process } from './config/process.ts'
import { confine } from './confine.ts'
import { openSession } from './console.ts'
import { processEnvironment } from './credentials.ts'
import { makeDevices, needsDevices } from './devices.ts'
import { prepareExecute, resolveExecutable } from './execute.ts'
import { type CreateRequest, type ExecRequest, InitChannel } from './handshake.ts'
import { hidePaths } from './hidden-paths.ts'
import { runHooks } from './hooks.ts'
import { type MountContext, mountFilesystems } from './mounts.ts'
import { has, joinNamespaces, raiseLoopback, setTimeOffsets, unshareNamespaces } from './namespaces.ts'
import { rehearse } from './rehearsal.ts'
import { enterRootfs, finishRootfs, prepareRootfs } from './rootfs.ts'
import { setPersonality } from './scheduling.ts'
import type { Status } from './status.ts'
import { writeSysctls } from './sysctl.ts'
import { becomeNamespaceRoot } from './user-namespace.ts'

/**
 * Never returns: becomes the container's process, or says why not and exits.
 * @param fd of the socket to the host's half
 * @param ahead when init was spawned ahead (warm.ts): the socket that brings descriptors, and whether there is time
 */
export function runInit(
  fd: number,
  { passing, rehearse: time }: { passing?: number; rehearse: boolean },
): never {
  const host = new InitChannel(fd)
  try {
    // Loads the FFI, while there is time. An init that waits in a pool has plenty.
    lastCapability()
    if (time) {
      rehearse()
      host.say({ type: 'ready' })
    }
    const request: CreateRequest | ExecRequest = JSON.parse(host.receive())
    if (request.trace) host.traceInit()
    if (passing !== undefined) takeDescriptors(passing, request)
    if (request.kind === 'create') becomeContainer(request, host)
    joinContainer(request, host)
  } catch (error) {
    host.fail(error)
    process.exit(1)
  }
}

// #region become-container
function becomeContainer(request: CreateRequest, host: InitChannel): never {
  const { config, rootfs, fds } = request
  const { process, hooks, root, mounts = [], linux = {} } = config
  const { namespaces = [] } = linux
  const warn = (message: string): void => host.say({ type: 'warning', message })

  const pid = hostPid()
  const tell = (status: Status): string => JSON.stringify({ ...request.state, pid, status })
  host.ask({ type: 'hello', pid })
  if (has(namespaces, 'user')) becomeNamespaceRoot()
  joinNamespaces(namespaces)
  unshareNamespaces(namespaces)
  setTimeOffsets(linux.timeOffsets)
  host.ask({ type: 'namespaces' })

  nameHost(config)
  if (namespaces.some((one) => one.type === 'network' && one.path === undefined)) raiseLoopback(warn)
  if (request.newKeyring) joinKeyring(request.id, warn)
  prepareRootfs(rootfs, linux.rootfsPropagation)
  for (const line of mountFilesystems(mounts, rootfs, mountContext(request))) warn(line)
  if (needsDevices(mounts)) makeDevices(rootfs, linux.devices ?? [], { bind: has(namespaces, 'user') })
  runHooks('createContainer', hooks?.createContainer, tell('creating'))
  enterRootfs(rootfs, { noPivot: request.noPivot })
  if (process)
    openSession(process, fds.console === undefined ? undefined : { socket: fds.console, mount: true })
  writeSysctls(linux.sysctl ?? {})
  hidePaths(linux.maskedPaths ?? [], linux.readonlyPaths ?? [])
  finishRootfs({ readonly: root.readonly ?? false, mounts, ...propagation(linux.rootfsPropagation) })
  // A program that is not there is an error of `create`, where somebody looks.
  const program = process && findProgram(process, request)
  host.ask({ type: 'created' })

  waitForStart(fds, host)
  if (!process || !program)
    throw new EngineError('invalid', '$.process: there is none, so there is nothing to start')
  runHooks('startContainer', hooks?.startContainer, tell('created'))
  if (linux.personality) setPersonality(linux.personality)
  become(process, program, request, warn)
}
// #endregion become-container

/** exec: another process in a container that runs. */
function joinContainer(request: ExecRequest, host: InitChannel): never {
  const warn = (message: string): void => host.say({ type: 'warning', message })
  const { fds, process } = request
  if (request.newKeyring) joinKeyring(request.id, warn)
  host.ask({ type: 'hello', pid: hostPid() })
  // There are processes in there, and some may be hostile: none may trace us, read
  // our memory, or open our binary by /proc/PID/exe (CVE-2019-5736).
  setUndumpable()
  joinNamespaces(request.join)
  openSession(process, fds.console === undefined ? undefined : { socket: fds.console, mount: false })
  if (request.personality) setPersonality(request.personality)
  become(process, findProgram(process, request), request, warn)
}

interface Program {
  file: string
  env: string[]
}

/** Where the command is, from its working directory and by its PATH. */
function findProgram(process: Process, { listenEnv }: CreateRequest | ExecRequest): Program {
  enterDirectory(process.cwd)
  const env = [...processEnvironment(process.env ?? [], process.user.uid), ...listenEnv]
  return { file: resolveExecutable(process.args[0] ?? '', env), env }
}

/** The last steps, the same for both. */
function become(
  process: Process,
  { file, env }: Program,
  request: CreateRequest | ExecRequest,
  warn: (message: string) => void,
): never {
  const { seccomp, fds } = request
  const kept = Array.from({ length: fds.keep }, (_, index) => 3 + index)
  const program = seccomp && { ...seccomp, bpf: Buffer.from(seccomp.bpf, 'base64') }
  confine(
    process,
    program,
    warn,
    prepareExecute(file, process.args, env, kept),
    request.kind === 'create' && request.dieWithParent,
  )
  throw new EngineError('internal', 'execve(2) returned')
}

/** Our number as the host sees it: /proc is still the host's. */
function hostPid(): number {
  return Number(readlinkSync('/proc/self'))
}

// #region hostname
/** In the new uts namespace, and before a capability is dropped: sethostname(2) wants CAP_SYS_ADMIN, which containers do not get. */
function nameHost({ hostname = '', domainname = '' }: CreateRequest['config']): void {
  // Left out, the container keeps the host's name: a new uts namespace is a copy.
  if (hostname !== '') sethostname(hostname)
  if (domainname !== '') setdomainname(domainname)
}
// #endregion hostname

function joinKeyring(id: string, warn: (message: string) => void): void {
  try {
    joinNewKeyring(`_ses.${id}`)
  } catch (error) {
    // ENOSYS without CONFIG_KEYS; EDQUOT when this user has too many already.
    warn(`no session keyring of its own: ${error instanceof Error ? error.message : error}`)
  }
}

function mountContext({ config, cgroup, bundle, fds }: CreateRequest): MountContext {
  const { namespaces = [], mountLabel } = config.linux ?? {}
  return {
    ...{ cgroup, bundle },
    userNamespace: has(namespaces, 'user'),
    cgroupNamespace: has(namespaces, 'cgroup'),
    ...(mountLabel ? { mountLabel } : {}),
    ...(fds.trees ? { trees: fds.trees } : {}),
  }
}

function propagation(word: string | undefined): { propagation?: string } {
  return word ? { propagation: word } : {}
}

/** Sleeps until `start` writes a byte; what is said from here on, `start` reads. */
function waitForStart({ go = -1, result = -1 }: CreateRequest['fds'], host: InitChannel): void {
  host.moveTo(result)
  readSync(go, Buffer.alloc(1))
  closeSync(go)
}

/** Descriptors that came later than we did: the first three become 0 to 2, the others get the numbers that the kernel gave. */
function takeDescriptors(socket: number, { fds }: CreateRequest | ExecRequest): void {
  const places = Array.from({ length: fds.passed ?? 0 }, () => receiveFd(socket) ?? -1)
  const at = (place: number): number => places[place] ?? -1
  closeSync(socket)
  for (const standard of [0, 1, 2]) {
    dup2(at(standard), standard)
    closeSync(at(standard))
  }
  if (fds.go !== undefined) fds.go = at(fds.go)
  if (fds.result !== undefined) fds.result = at(fds.result)
  if (fds.console !== undefined) fds.console = at(fds.console)
  for (const [index, place] of Object.entries(fds.trees ?? {}))
    fds.trees = { ...fds.trees, [index]: at(place) }
}

function enterDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    chdir(path)
  } catch (cause) {
    throw new EngineError('invalid', `$.process.cwd: enter ${path}`, { cause })
  }
}
