// A container, from the inside: PID 1 of a new PID namespace, until it becomes
// the command that it was asked for.
//
// On entry: one descriptor is the socket to the host's half (handshake.ts), which
// has put us into the cgroup before it sends anything. Synchronous from the first
// line to execve(2): a namespace belongs to this thread.
//
// Next: engine/libcontainer/namespaces.ts
import { closeSync, readlinkSync, readSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { lastCapability, setUndumpable } from '../syscalls/credentials.ts'
import { setdomainname, sethostname } from '../syscalls/namespace.ts'
import { dropCleanPages } from './clean-pages.ts'
import type { Process } from './config/process.ts'
import { confine, markNextExec } from './confine.ts'
import { openSession } from './console.ts'
import { takeDescriptors } from './descriptors.ts'
import { makeDevices, needsDevices } from './devices.ts'
import { findProgram, type Program, prepareExecute } from './execute.ts'
import {
  type CreateRequest,
  type Descriptors,
  type ExecRequest,
  InitChannel,
  type Opened,
  wantsNamespaces,
} from './handshake.ts'
import { hidePaths } from './hidden-paths.ts'
import { runHooks } from './hooks.ts'
import { joinKeyring } from './keyring.ts'
import { deliver } from './midwife.ts'
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
 * @param ahead when init was spawned ahead (idle-init.ts): the socket that brings descriptors, and whether there is time
 */
export function runInit(
  fd: number,
  { passing, rehearse: time }: { passing?: number; rehearse: boolean },
): never {
  const host = new InitChannel(fd)
  try {
    // Loads the FFI, while there is time. An init that waits in a pool has plenty, unless it was taken at its birth.
    lastCapability()
    if (time) {
      if (!host.isAsked) rehearse()
      if (!host.isAsked) dropCleanPages()
      host.say({ type: 'ready' })
    }
    const request: CreateRequest | ExecRequest = JSON.parse(host.receive())
    if (request.trace) host.traceInit()
    // What crosses the socket of an error is its message: nobody reads the stacks, and each costs 20 µs.
    else Error.stackTraceLimit = 0
    if (request.kind === 'create') becomeContainer(request, host, passing)
    if (passing !== undefined) deliver(request, host, passing)
    joinContainer(request, host)
  } catch (error) {
    host.fail(error)
    process.exit(1)
  }
}

// #region become-container
function becomeContainer(request: CreateRequest, host: InitChannel, passing: number | undefined): never {
  const { config, rootfs } = request
  const { process, hooks, root, mounts = [], linux = {} } = config
  const { namespaces = [] } = linux
  const warn = (message: string): void => host.say({ type: 'warning', message })

  const pid = hostPid()
  const tell = (status: Status): string => JSON.stringify({ ...request.state, pid, status })
  if (!request.settled) host.ask({ type: 'hello', pid })
  if (has(namespaces, 'user')) becomeNamespaceRoot()
  joinNamespaces(namespaces)
  unshareNamespaces(namespaces)
  setTimeOffsets(linux.timeOffsets)
  if (wantsNamespaces(config)) host.ask({ type: 'namespaces' })

  nameHost(config)
  if (namespaces.some((one) => one.type === 'network' && one.path === undefined)) raiseLoopback(warn)
  if (request.newKeyring) joinKeyring(request.id, warn)
  // Until here the host may have been busy with the cgroup: there is no mount, and no file, without a limit.
  const opened: Opened = JSON.parse(host.receive())
  const { fds } = opened
  if (passing !== undefined) takeDescriptors(passing, fds)
  prepareRootfs(rootfs, linux.rootfsPropagation)
  for (const line of mountFilesystems(mounts, rootfs, mountContext(request, fds))) warn(line)
  if (needsDevices(mounts)) makeDevices(rootfs, linux.devices ?? [], { bind: has(namespaces, 'user') })
  runHooks('createContainer', hooks?.createContainer, tell('creating'))
  enterRootfs(rootfs, { noPivot: request.noPivot })
  if (process)
    openSession(process, fds.console === undefined ? undefined : { socket: fds.console, mount: true })
  writeSysctls(linux.sysctl ?? {})
  hidePaths(linux.maskedPaths ?? [], linux.readonlyPaths ?? [])
  finishRootfs({ readonly: root.readonly ?? false, mounts, ...propagation(linux.rootfsPropagation) })
  // A program that is not there is an error of `create`, where somebody looks.
  const program = process && findProgram(process, opened.listenEnv)
  host.ask({ type: 'created' })

  waitForStart(fds, host)
  if (!process || !program)
    throw new EngineError('invalid', '$.process: there is none, so there is nothing to start')
  runHooks('startContainer', hooks?.startContainer, tell('created'))
  if (linux.personality) setPersonality(linux.personality)
  become(process, program, { ...request, ...opened }, warn)
}
// #endregion become-container

/** exec: another process in a container that runs. One that was born in its PID namespace; who was not is a midwife. */
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
  become(process, findProgram(process, request.listenEnv), request, warn)
}

/** The last steps, the same for both. */
function become(
  process: Process,
  { file, env }: Program,
  request: (CreateRequest & Opened) | ExecRequest,
  warn: (message: string) => void,
): never {
  const { seccomp, fds } = request
  const kept = Array.from({ length: fds.keep }, (_, index) => 3 + index)
  const program = seccomp && { ...seccomp, bpf: Buffer.from(seccomp.bpf, 'base64') }
  const call = prepareExecute(file, process.args, env, kept)
  markNextExec(process)
  confine(process, program, warn, call, request.kind === 'create' && request.dieWithParent)
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

function mountContext({ config, cgroup, bundle }: CreateRequest, fds: Descriptors): MountContext {
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
function waitForStart({ go = -1, result = -1 }: Descriptors, host: InitChannel): void {
  host.moveTo(result)
  readSync(go, Buffer.alloc(1))
  closeSync(go)
}
