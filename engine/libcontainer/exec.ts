// Another process in a container that runs: what `docker exec` is.
//
// There is nothing to make. The container's namespaces are files in
// /proc/PID/ns, and a process joins them one by one; it goes into the cgroup, and
// is confined as the container's first process was.
//
// OCI runtime specification has no exec; runc's command line is the model.
import { readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { EngineError } from '../errors.ts'
import { type Birth, giveBirth } from './birth.ts'
import { fromPaths } from './cgroups/open.ts'
import type { Namespace } from './config/linux.ts'
import type { Process } from './config/process.ts'
import { layOut } from './descriptors.ts'
import { HostChannel, type Listener } from './host-channel.ts'
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
}

/** @returns the process, which runs by now, and its pid on the host. @throws EngineError */
export async function execInContainer(options: ExecOptions): Promise<{ birth: Birth; pid: number }> {
  const { state } = options
  const first = state.init?.pid ?? 0
  const join = foreignNamespaces(first)
  const { seccomp, personality } = state.config.linux ?? {}
  const program = seccomp ? compileSeccomp(seccomp) : undefined
  const { initial, final } = options.process.execCPUAffinity ?? {}
  // What we run on, our child does: until it is in the cgroup, nobody disturbs the CPUs of others.
  if (initial) setCpuAffinity(initial)
  using layout = layOut(options)
  await using undo = new AsyncDisposableStack()
  const birth = giveBirth([...options.init, String(layout.channel)], join, {
    stdio: layout.stdio,
    env: {},
    cwd: '/',
  })
  undo.defer(() => void birth.child.kill('SIGKILL'))
  const channel = new HostChannel(birth.child, layout.channel, options.listener ?? {})
  undo.defer(() => channel.close())
  // #region exec
  channel.send({
    kind: 'exec',
    id: state.id,
    process: withCallersLimits(options.process, process.env),
    ...(personality ? { personality } : {}),
    join,
    ...(program ? { seccomp: { ...program, bpf: Buffer.from(program.bpf).toString('base64') } } : {}),
    newKeyring: !options.noNewKeyring,
    listenEnv: layout.listenEnv,
    fds: layout.descriptors,
    trace: options.trace ?? false,
  })
  const { pid } = await channel.expect('hello')
  if (birth.steppingStone) birth.child.kill('SIGKILL')
  fromPaths(subCgroups(state.cgroupPaths, options.cgroups ?? [])).add(pid, first)
  // cpuset took what it does not own; from here on it is the container's matter.
  if (final) setCpuAffinity(final, pid)
  else if (initial) resetCpuAffinity(pid)
  channel.go()
  // #endregion exec
  await channel.untilEnd()
  undo.move()
  birth.child.unref()
  return { birth, pid }
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
