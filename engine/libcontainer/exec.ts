// Another process in a container that runs: what `docker exec` is.
//
// There is nothing to make. The container's namespaces are files in
// /proc/PID/ns, and a process joins them one by one; it goes into the cgroup, and
// is confined as the container's first process was. Two ways lead there: a Node is born in
// the container's PID namespace, and becomes the program; or one that waits outside has the
// program as its child, and there is no start to wait for (midwife.ts).
//
// OCI runtime specification has no exec; runc's command line is the model.
//
// Next: engine/libcontainer/midwife.ts
import { readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { env } from 'node:process'
import { EngineError } from '../errors.ts'
import { adopted, type Birth, giveBirth } from './birth.ts'
import { fromPaths } from './cgroups/open.ts'
import { primeMoves } from './cgroups/prime.ts'
import type { Namespace } from './config/linux.ts'
import type { Process } from './config/process.ts'
import { type Layout, layOut } from './descriptors.ts'
import type { ExecRequest } from './handshake.ts'
import { HostChannel, type Listener } from './host-channel.ts'
import { raiseLimits } from './host-limits.ts'
import type { Midwife, Midwives } from './midwives.ts'
import { namespaceKinds } from './namespaces.ts'
import { withCallersLimits } from './rlimits.ts'
import { resetCpuAffinity, setCpuAffinity } from './scheduling.ts'
import { compileSeccomp } from './seccomp.ts'
import type { RuntimeState } from './state.ts'

export interface ExecOptions {
  state: RuntimeState
  process: Process
  init: readonly [string, ...string[]]
  console?: string | number
  preserveFds?: number
  /** Cgroups below the container's, `[<controllers>:]<path>`: where the process goes in place of the container's own. */
  cgroups?: readonly string[]
  noNewKeyring?: boolean
  listener?: Listener
  trace?: boolean
  /** We end before it does, and whoever adopts it wants its exit status. */
  detach?: boolean
  /** Who may wait already; left out, or when none fits, a Node starts for it. */
  midwives?: Midwives
}

/** The process runs by now; its pid is the host's. */
export interface Delivered {
  birth: Birth
  pid: number
}

/** @throws EngineError */
export async function execInContainer(options: ExecOptions): Promise<Delivered> {
  const { state, process } = options
  const join = foreignNamespaces(state.init?.pid ?? 0)
  const midwife = options.midwives?.take(process, state.config, join)
  return midwife ? await execByMidwife(midwife, options, join) : await execCold(options, join)
}

async function execCold(options: ExecOptions, join: Namespace[]): Promise<Delivered> {
  const { initial, final } = options.process.execCPUAffinity ?? {}
  using primed = primeMoves()
  // What we run on, our child does: until it is in the cgroup, nobody disturbs the CPUs of others.
  if (initial) setCpuAffinity(initial)
  using layout = layOut(options)
  await using undo = new AsyncDisposableStack()
  const { ours = -1, there = -1 } = layout.channel ?? {}
  const channel = new HostChannel(ours, options.listener ?? {})
  undo.defer(() => channel.close())
  const birth = giveBirth([...options.init, String(there)], join, layout.open)
  undo.defer(() => birth.child.kill())
  if (options.detach && !birth.steppingStone) birth.child.leave()
  // With a copy of init's end in our hands we would never read the end of the socket.
  layout[Symbol.dispose]()
  // #region exec
  channel.send(requestOf(options, join, layout))
  const { pid } = await channel.expect('hello')
  if (birth.steppingStone) birth.child.kill()
  enterCgroup(options, pid)
  if (join.some(({ type }) => type === 'user')) raiseLimits(pid, options.process)
  primed[Symbol.dispose]()
  // cpuset took what it does not own; from here on it is the container's matter.
  if (final) setCpuAffinity(final, pid)
  else if (initial) resetCpuAffinity(pid)
  channel.go()
  // #endregion exec
  await channel.untilEnd()
  await adopted(birth)
  undo.move()
  return { birth, pid }
}

async function execByMidwife(
  { idle, channel }: Midwife,
  options: ExecOptions,
  join: Namespace[],
): Promise<Delivered> {
  using layout = layOut({ ...options, passed: true })
  await using undo = new AsyncDisposableStack()
  undo.defer(() => channel.close())
  const { child } = idle.birth
  undo.defer(() => child.kill())
  undo.defer(() => idle[Symbol.dispose]())
  channel.listener = options.listener ?? {}
  channel.send(requestOf(options, join, layout))
  idle.pass(layout.open)
  try {
    enterCgroup(options, child.pid)
  } catch (error) {
    // ESRCH: it was killed meanwhile.
    child.look()
    if (child.alive) throw error
  }
  channel.go()
  const { pid } = await channel.expect('born')
  undo.move()
  channel.close()
  // The midwife is its parent for a moment yet; then the kernel gives it to us.
  return { birth: { child, steppingStone: true }, pid }
}

function requestOf(
  { state, process, ...options }: ExecOptions,
  join: Namespace[],
  layout: Layout,
): ExecRequest {
  const { seccomp, personality } = state.config.linux ?? {}
  const program = seccomp ? compileSeccomp(seccomp) : undefined
  return {
    kind: 'exec',
    id: state.id,
    process: withCallersLimits(process, env),
    ...(personality ? { personality } : {}),
    join,
    ...(program ? { seccomp: { ...program, bpf: Buffer.from(program.bpf).toString('base64') } } : {}),
    newKeyring: !options.noNewKeyring,
    listenEnv: layout.listenEnv,
    fds: layout.descriptors,
    trace: options.trace ?? false,
  }
}

function enterCgroup({ state, cgroups = [] }: ExecOptions, pid: number): void {
  fromPaths(subCgroups(state.cgroupPaths, cgroups)).add(pid, state.init?.pid ?? 0)
}

/** Those of the container's namespaces that are not ours. Joining one's own is no harm, but for user (EINVAL). */
function foreignNamespaces(pid: number): Namespace[] {
  const types = Object.keys(namespaceKinds) as Namespace['type'][]
  return types.flatMap((type) => {
    const file = `ns/${namespaceKinds[type].file}`
    try {
      const theirs = readlinkSync(`/proc/${pid}/${file}`)
      return theirs === readlinkSync(`/proc/self/${file}`) ? [] : [{ type, path: `/proc/${pid}/${file}` }]
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
        // A kernel without this kind, or a container that just ended.
        if (type === 'mount') throw new EngineError('conflict', 'the container has ended', { cause })
        return []
      }
      throw new EngineError('forbidden', `look at /proc/${pid}/${file}`, { cause })
    }
  })
}

/** runc's `exec --cgroup`: a path alone is for every hierarchy, one with controllers for theirs. */
function subCgroups(
  own: Readonly<Record<string, string>>,
  asked: readonly string[],
): Readonly<Record<string, string>> {
  const paths: Record<string, string> = { ...own }
  for (const one of asked) {
    const [, controllers, path = ''] = /^(?:([^:]*):)?(.*)$/.exec(one) ?? []
    const names = controllers === undefined ? Object.keys(own) : controllers.split(',')
    for (const name of names) {
      const parent = own[name]
      if (parent === undefined)
        throw new EngineError(
          'invalid',
          `--cgroup ${one}: the container has no cgroup of the controller ${name}`,
        )
      const place = posix.join(parent, path)
      if (place !== parent && !place.startsWith(`${parent}/`))
        throw new EngineError('invalid', `--cgroup ${one}: it leads out of the container's cgroup`)
      paths[name] = place
    }
  }
  return paths
}
