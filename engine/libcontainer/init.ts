// A container, from the inside: PID 1 of a new PID namespace, until it becomes
// the command that it was asked for.
//
// On entry: one descriptor is the socket to the host's half (handshake.ts), which
// has put us into the cgroup before it sends anything. Synchronous from the first
// line to execve(2): a namespace belongs to this thread.
//
// Next: engine/libcontainer/namespaces.ts
import { closeSync, mkdirSync, readlinkSync, readSync } from 'node:fs'
import { EngineError, errorLine } from '../errors.ts'
import { sethostname, setdomainname } from '../syscalls/namespace.ts'
import { chdir, dieWithParent, hideFromContainer, joinNewKeyring } from '../syscalls/process.ts'
import { confine } from './confine.ts'
import { openSession } from './console.ts'
import type { Process } from './config/process.ts'
import { makeDevices } from './devices.ts'
import { execute, type Executable, ownExecutable, resolveExecutable } from './execute.ts'
import { type CreateRequest, type ExecRequest, InitChannel } from './handshake.ts'
import { hidePaths } from './hidden-paths.ts'
import { runHooks } from './hooks.ts'
import { mountFilesystems } from './mounts.ts'
import { has, joinNamespaces, raiseLoopback, setTimeOffsets, unshareNamespaces } from './namespaces.ts'
import { enterRootfs, finishRootfs, prepareRootfs } from './rootfs.ts'
import { writeSysctls } from './sysctl.ts'
import { becomeNamespaceRoot } from './user-namespace.ts'

/**
 * Never returns: becomes the container's process, or says why not and exits.
 * @param fd of the socket to the host's half
 * @param passing of the socket that brings descriptors, when init was spawned ahead (warm.ts)
 */
export function runInit(fd: number, passing?: number): never {
  const host = new InitChannel(fd)
  try {
    // A process of the container must not read our memory, nor open our binary through /proc/PID/exe.
    hideFromContainer()
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
  const { process, hooks, linux = {} } = config
  const { namespaces = [] } = linux
  const warn = (message: string): void => host.say({ type: 'warning', message })

  host.ask({ type: 'hello', pid: hostPid() })
  if (has(namespaces, 'user')) becomeNamespaceRoot()
  joinNamespaces(namespaces)
  unshareNamespaces(namespaces)
  setTimeOffsets(linux.timeOffsets)
  host.ask({ type: 'namespaces' })

  nameHost(config)
  if (namespaces.some((one) => one.type === 'network' && one.path === undefined)) warnIf(raiseLoopback(), warn)
  if (request.newKeyring) joinNewKeyring(request.id)
  const own = ownExecutable()
  prepareRootfs(rootfs, linux.rootfsPropagation)
  for (const line of mountFilesystems(config.mounts ?? [], rootfs, mountContext(request))) warn(line)
  makeDevices(rootfs, linux.devices ?? [], { bind: has(namespaces, 'user') })
  runHooks('createContainer', hooks?.createContainer, request.state)
  enterRootfs(rootfs, { noPivot: request.noPivot })
  if (process) openSession(process, fds.console === undefined ? undefined : { socket: fds.console, mount: true })
  writeSysctls(linux.sysctl ?? {})
  hidePaths(linux.maskedPaths ?? [], linux.readonlyPaths ?? [])
  finishRootfs({
    readonly: config.root.readonly ?? false,
    ...(linux.rootfsPropagation ? { propagation: linux.rootfsPropagation } : {}),
  })
  host.ask({ type: 'created' })

  waitForStart(fds.go, host, fds.result)
  if (!process) throw new EngineError('invalid', '$.process: there is none, so there is nothing to start')
  runHooks('startContainer', hooks?.startContainer, request.state)
  become(process, request, own, warn)
}
// #endregion become-container

/** exec: another process in a container that runs. */
function joinContainer(request: ExecRequest, host: InitChannel): never {
  const warn = (message: string): void => host.say({ type: 'warning', message })
  if (request.newKeyring) joinNewKeyring(request.id)
  host.ask({ type: 'hello', pid: hostPid() })
  const own = ownExecutable()
  joinNamespaces(request.join)
  const { fds, process } = request
  openSession(process, fds.console === undefined ? undefined : { socket: fds.console, mount: false })
  become(process, request, own, warn)
}

function become(
  process: Process,
  request: CreateRequest | ExecRequest,
  own: Executable,
  warn: (message: string) => void,
): never {
  enterDirectory(process.cwd)
  const { seccomp, fds } = request
  const program = seccomp && { ...seccomp, bpf: Buffer.from(seccomp.bpf, 'base64') }
  const file = resolveExecutable(process, own)
  const filter = confine(process, program, warn)
  execute(file, process, fds, filter)
}

/** Descriptors that came later than we did: the first three become 0 to 2, the others get the numbers that the kernel gave. */
function takeDescriptors(socket: number, { fds }: CreateRequest | ExecRequest): void {
  const places = Array.from({ length: fds.passed ?? 0 }, () => receiveFd(socket) ?? -1)
  closeSync(socket)
  for (const standard of [0, 1, 2]) {
    dup2(places[standard] ?? -1, standard)
    closeSync(places[standard] ?? -1)
  }
  for (const name of ['go', 'result', 'console'] as const)
    if (name in fds && fds[name] !== undefined) fds[name] = places[fds[name]] ?? -1
}

/** Our number as the host sees it: /proc is still the host's. */
function hostPid(): number {
  return Number(readlinkSync('/proc/self'))
}

function nameHost({ hostname, domainname }: CreateRequest['config']): void {
  if (hostname !== undefined && hostname !== '') sethostname(hostname)
  if (domainname !== undefined && domainname !== '') setdomainname(domainname)
}

/** Sleeps until `start` writes a byte; what is said from here on, `start` reads. */
function waitForStart(go: number, host: InitChannel, result: number): void {
  host.moveTo(result)
  readSync(go, Buffer.alloc(1))
  closeSync(go)
}

function enterDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    chdir(path)
  } catch (cause) {
    throw new EngineError('invalid', `$.process.cwd: enter ${path}`, { cause })
  }
}
