// A container, from the outside: what the host's side does.
//
//   tocker (this file)                     init (init.ts)
//      |  make cgroup, write its limits
//      |  unshare(CLONE_NEWPID), spawn ----> PID 1 of a new PID namespace,
//      |  setns back                         waits on descriptor 3
//      |  cgroup.procs <- its pid
//      |  config, end of file  ---- fd 3 --> reads it
//      |                                     unshare, mount, pivot_root, mount
//      | <-- trace, warnings ------ fd 4 --
//      | <-- failed: why ---------- fd 4 --  and exits, or
//      | <-- end of file ---------- fd 4 --  execve(2) closed it: it is the container
//      |  waits for its end
//      |  removes the cgroup
//
// The order is the protocol: init does nothing before it is in its cgroup, so
// nothing of it escapes the limits. Whatever fails, the cgroup goes away.
//
// Next: engine/libcontainer/namespaces.ts
import type { ChildProcess } from 'node:child_process'
import { statSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { EngineError } from '../errors.ts'
import type { TraceRecord } from '../trace/trace.ts'
import { removeAbandoned } from './cgroups/abandoned.ts'
import type { Cgroup } from './cgroups/cgroup.ts'
import { openCgroup } from './cgroups/open.ts'
import type { Resources } from './config/resources.ts'
import { spawnInNewPidNamespace } from './namespaces.ts'
import { type ContainerConfig, initMessageSchema, type Limits } from './spec.ts'

export interface RunOptions {
  config: ContainerConfig
  limits: Limits
  /** Command line that becomes init: Node and the file that calls runInit(). */
  init: readonly [string, ...string[]]
  onTrace?: (record: TraceRecord) => void
  onWarning?: (message: string) => void
}

export interface RunResult {
  /** The container's exit status, or 128 + signal. */
  status: number
  /** How many of its processes the OOM killer ended. */
  oomKills: number
}

/**
 * Runs a container on this terminal, and waits for its end.
 * @throws EngineError with exitStatus 125 (the engine), 126 (not executable) or 127 (no such command)
 */
export async function runContainer(options: RunOptions): Promise<RunResult> {
  const config = { ...options.config, rootfs: checkRootfs(options.config.rootfs) }
  removeAbandoned()
  const cgroup = openCgroup(undefined, `${process.pid}-${config.id}`, { systemd: false, rootless: false })
  try {
    cgroup.make()
    cgroup.apply(resourcesOf(options.limits))
    const child = startInit(options.init)
    const ended = endOf(child)
    using _ = forwardSignals(child)
    await release(child, config, cgroup, options)
    const status = await ended
    return { status, oomKills: cgroup.oomKills() }
  } finally {
    cgroup.remove()
  }
}

/** `swap` is memory and swap together: the same number leaves no swap. */
function resourcesOf({ memory, pids }: Limits): Resources {
  return {
    ...(memory === undefined ? {} : { memory: { limit: memory, swap: memory } }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  }
}

function checkRootfs(path: string): string {
  const absolute = resolve(path)
  const info = statSync(absolute, { throwIfNoEntry: false })
  if (!info)
    throw new EngineError(
      'not-found',
      `no root filesystem at ${absolute}: make one with 'tocker rootfs ${path}'`,
    )
  if (!info.isDirectory())
    throw new EngineError('invalid', `the root filesystem ${absolute} is not a directory`)
  if (absolute === '/')
    throw new EngineError('invalid', 'the root filesystem is this machine\'s own "/": give a directory')
  return absolute
}

// #region fork-exec
/** The fork and the exec of every container: Node forks, and what it executes is our init. */
function startInit([file, ...args]: readonly [string, ...string[]]): ChildProcess {
  try {
    return spawnInNewPidNamespace(file, args, {
      // 0 to 2 are the container's own; 3 brings it its config, 4 brings us its words.
      stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'pipe'],
      env: {},
      cwd: '/',
    })
  } catch (cause) {
    throw new EngineError('forbidden', 'make a PID namespace (root, or CAP_SYS_ADMIN, is needed)', { cause })
  }
}
// #endregion fork-exec

/** Lets init go on, and listens until it has become the container. */
async function release(
  child: ChildProcess,
  config: ContainerConfig,
  cgroup: Cgroup,
  options: RunOptions,
): Promise<void> {
  // Present since startInit() asked for pipes; absent only when there was no child at all.
  const [, , , down, up] = child.stdio as [unknown, unknown, unknown, Writable | null, Readable | null]
  if (child.pid === undefined || !down || !up) {
    throw new EngineError('internal', 'start init', {
      cause: await new Promise((seen) => child.once('error', seen)),
    })
  }
  down.on('error', () => {}) // EPIPE: init is gone already, and its last words are on their way.
  try {
    cgroup.add(child.pid)
  } catch (cause) {
    child.kill('SIGKILL')
    throw new EngineError('internal', 'put init into its cgroup', { cause })
  }
  down.end(JSON.stringify(config))
  let failure: EngineError | undefined
  for await (const line of createInterface({ input: up })) {
    const message = initMessageSchema.parse(JSON.parse(line))
    if (message.type === 'trace') options.onTrace?.(message.record)
    else if (message.type === 'warning') options.onWarning?.(message.message)
    else failure = new EngineError('internal', message.message, { exitStatus: message.exitStatus })
  }
  if (failure) {
    await endOf(child)
    throw failure
  }
}

function endOf(child: ChildProcess): Promise<number> {
  const status = (code: number | null, signal: NodeJS.Signals | null): number =>
    signal === null ? (code ?? 1) : 128 + constants.signals[signal]
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(status(child.exitCode, child.signalCode))
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(status(code, signal))))
}

/** Signals to tocker are meant for the container. SIGINT of a terminal reaches it by itself. */
function forwardSignals(child: ChildProcess): Disposable {
  const signals = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  const ignore = (): void => {}
  for (const signal of signals) process.on(signal, forward)
  process.on('SIGINT', process.stdin.isTTY ? ignore : forward)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, forward)
      process.off('SIGINT', process.stdin.isTTY ? ignore : forward)
    },
  }
}
