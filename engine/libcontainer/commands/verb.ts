// What the verbs of `tocker-runtime` have in common: one verb, one file, one shape.
//
// A verb reads its flags, calls the engine with a plain object, and returns the
// exit status. The engine comes in from outside (main.ts), so that each verb can
// be tested without a kernel, and loads what it needs when it is called.
import type { Config } from '../config/config.ts'
import type { Process } from '../config/process.ts'
import type { Resources } from '../config/resources.ts'
import type { Log } from '../log.ts'
import type { RuntimeState } from '../state.ts'
import type { Flag, Flags } from './arguments.ts'

export interface Verb {
  summary: string
  /** What follows the verb: `[options] <container-id>`. */
  usage: string
  flags: readonly Flag[]
  /** How many arguments, at least and at most. */
  arity: readonly [least: number, most: number]
  /** The first argument ends the flags. */
  passThrough?: boolean
  /** Exit status when the verb itself fails; 1 when left out. */
  failure?: number
  /** @returns the exit status */
  run(context: Context, flags: Flags, args: readonly string[]): number | Promise<number>
}

export interface Context {
  /** Absolute path of the directory with the containers' states. */
  root: string
  systemdCgroup: boolean
  /** Are errors of cgroups, for lack of rights, to be borne? */
  rootless: boolean
  log: Log
  print(text: string): void
  engine: Engine
}

interface Listener {
  onWarning(line: string): void
}

/** What `create`, `run` and `exec` tell the engine about the world outside. */
export interface Surroundings {
  /** Where to write the PID, as the host sees it. */
  pidFile?: string
  /** Path of an AF_UNIX socket that gets the master of the terminal. */
  console?: string
  /** How many descriptors beyond 0 to 2, and LISTEN_FDS, are passed on. */
  preserveFds: number
  listener: Listener
}

export interface CreateOptions extends Surroundings {
  root: string
  id: string
  /** Absolute. */
  bundle: string
  /** Validated; nothing has been touched. */
  config: Config
  noPivot: boolean
  /** Keep the caller's session keyring, keyrings(7). */
  noNewKeyring: boolean
  systemdCgroup: boolean
  rootless: boolean
  /** systemd's socket, when we are a service that says when it is ready: notify-socket.ts. */
  notify?: string
}

interface RunOptions extends CreateOptions {
  detach: boolean
  /** Leave the container in place when it has ended. */
  keep: boolean
}

interface ExecOptions extends Surroundings {
  state: RuntimeState
  process: Process
  detach: boolean
  /** `[<controllers>:]<path>` below the container's cgroup. */
  cgroups: readonly string[]
}

/** What `pause`, `resume`, `update`, `events`, `ps` and `state` want of a container's cgroup. */
export interface ContainerCgroup {
  /** `frozen`, when its freezer holds it. */
  readonly state: string
  freeze(): void
  thaw(): void
  /** Of the processes inside, as the host numbers them. */
  pids(recursive: boolean): number[]
  /** What is not named stays as it is. */
  update(resources: Resources): void
  /** In the shape of runc's `events --stats`. */
  stats(): unknown
  /** Tells when memory runs out inside, and when nobody is left, until it is disposed of. */
  watchOom(watcher: { onOom: () => void; onEnd: () => void }): Disposable
}

/** What the command line sets in motion. Each loads its part of the engine when it is called. */
export interface Engine {
  createContainer(options: CreateOptions): Promise<unknown>
  startContainer(root: string, state: RuntimeState, listener: Listener): Promise<void>
  /** `status` is the exit status of the container's process; 0 when detached. */
  runContainer(options: RunOptions): Promise<{ status: number }>
  /** @returns the exit status of the process; 0 when detached */
  execInContainer(options: ExecOptions): Promise<number>
  killContainer(root: string, state: RuntimeState, signal: number, all: boolean): Promise<void>
  deleteContainer(
    root: string,
    state: RuntimeState,
    options: { force: boolean; onWarning(line: string): void },
  ): Promise<void>
  cgroupOf(state: RuntimeState): Promise<ContainerCgroup>
}
