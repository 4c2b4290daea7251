// A container from its birth to its end, in one go: `run`, and `exec` in the
// foreground. In detached mode nothing of ours stays; in the foreground, one
// process, which carries signals and the terminal, and brings back the exit status.
//
// Called by the command lines. Next: engine/libcontainer/create.ts
import { EngineError, errorLine } from '../errors.ts'
import { cgroupOf } from './cgroups/open.ts'
import { type CreateOptions, createContainer, endProcess } from './create.ts'
import { deleteContainer } from './delete.ts'
import { type ExecOptions, execInContainer } from './exec.ts'
import { runHooks } from './hooks.ts'
import type { Listener } from './host-channel.ts'
import { writePidFile } from './pid-file.ts'
import { wakeInit } from './start.ts'
import { containerDirectory, type RuntimeState } from './state.ts'
import { ociState } from './status.ts'
import { TerminalRelay } from './terminal-relay.ts'
import { forwardSignals, prepareToWait, waitForEnd } from './wait.ts'

export interface RunOptions extends CreateOptions {
  /** Leave the container's state for a later `delete`. */
  keep?: boolean
}

export interface RunResult {
  /** The container's exit status, or 128 + signal; 0 when detached. */
  status: number
  /** How many of its processes the OOM killer ended. */
  oomKills: number
}

/** Wakes a created container, and runs its poststart hooks. */
export async function startContainer(
  root: string,
  state: RuntimeState,
  listener: Listener = {},
): Promise<void> {
  await wakeInit(containerDirectory(root, state.id), listener)
  const words = JSON.stringify(ociState(state, 'running'))
  try {
    runHooks('poststart', state.config.hooks?.poststart, words)
  } catch (error) {
    // runtime.md 1.2.1, "Lifecycle", step 9: an error, and the container is stopped. From 1.0.2
    // to 1.2.0 it asked for a warning; runc never did so, and the text gave way.
    if (state.init) endProcess(state.init.pid)
    throw error
  }
}

/** @throws EngineError with nothing left behind */
export async function runContainer(options: RunOptions): Promise<RunResult> {
  const { root, config, detach = false } = options
  const relay = relayFor(config.process?.terminal ?? false, options)
  prepareToWait()
  const { state, birth } = await createContainer({
    ...options,
    ...(relay ? { console: relay.socket } : {}),
    foreground: !detach,
  })
  await using undo = new AsyncDisposableStack()
  // Our own terminal is given back whatever happens; the second time it does nothing.
  if (relay) undo.defer(() => relay.end())
  const warn = options.listener?.onWarning
  const tell = (error: unknown): void => warn?.(`systemd was not told: ${errorLine(error)}`)
  if (!(options.keep ?? false))
    undo.defer(() => deleteContainer(root, state, { force: true, ...(warn ? { onWarning: warn } : {}) }))
  const ended = detach ? Promise.resolve(0) : waitForEnd(birth, state.init?.pid ?? 0)
  using _ = forwardSignals(state.init?.pid ?? 0)
  await relay?.connect()
  using notify = options.notify
    ? (await import('./notify-socket.ts')).NotifySocket.open(root, state.id, options.notify)
    : undefined
  await startContainer(root, state, options.listener)
  const ready = state.init && notify?.forward(state.init, detach ? state.init.pid : undefined).catch(tell)
  if (detach) {
    await ready
    undo.move()
    return { status: 0, oomKills: 0 }
  }
  const status = await ended
  await ready
  await relay?.end()
  return { status, oomKills: cgroupOf(state).oomKills() }
}

/** @returns the exit status of the process; 0 when detached */
export async function runInContainer(options: ExecOptions & { pidFile?: string }): Promise<number> {
  const relay = relayFor(options.process.terminal ?? false, options)
  prepareToWait()
  const { birth, pid } = await execInContainer({ ...options, ...(relay ? { console: relay.socket } : {}) })
  if (options.pidFile) writePidFile(options.pidFile, pid)
  if (options.detach) return 0
  using _ = forwardSignals(pid)
  await relay?.connect()
  const status = await waitForEnd(birth, pid)
  await relay?.end()
  return status
}

/** Our own relay, where a terminal is wanted and nobody else plays it. */
function relayFor(
  terminal: boolean,
  { detach = false, console }: { detach?: boolean; console?: string | number },
): TerminalRelay | undefined {
  if (!terminal || console !== undefined) return undefined
  if (detach)
    throw new EngineError(
      'invalid',
      'cannot allocate tty if the runtime will detach without setting console socket',
    )
  return new TerminalRelay()
}
