// The driver for any program with runc's command line: runc, crun, tocker-runtime.
//
//   runc --root STATE --log LOG create --bundle B --pid-file P [--console-socket S] ID
//
// The runtime is started, makes the container, and is gone: what it made is our child
// by adoption (reaper.ts), and its number stands in the pid file. Descriptors 0 to 2 are
// the container's already, so the runtime's own last words go to a log file.
//
// A terminal's master comes by SCM_RIGHTS over the console socket. We listen, and pick
// it up from the socket's queue when the runtime has ended: nothing here waits in a
// system call.
//
// What runc calls a cgroup path is what libcontainer's cgroups know, so counters are
// read without the runtime: it would take 15 ms for a number in a file.
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import type { Cgroup } from '../../libcontainer/cgroups/cgroup.ts'
import { openCgroup } from '../../libcontainer/cgroups/open.ts'
import type { Stats } from '../../libcontainer/cgroups/stats.ts'
import { encode } from '../../libcontainer/config/encode.ts'
import type { Resources } from '../../libcontainer/config/resources.ts'
import { background } from '../../syscalls/command.ts'
import { acceptUnix, listenUnix, receiveFdsNow } from '../../syscalls/socket.ts'
import type { CreateRequest, ExecDriver, ExecRequest, Found, Made } from './driver.ts'
import { runtimeError } from './oci-error.ts'
import type { Reaper } from './reaper.ts'

export interface OciOptions {
  name: string
  /** The runtime: a path, or a name to look for in PATH. */
  program: string
  /** Further global flags, as daemon.json's `runtimeArgs`. */
  args?: readonly string[]
  /** A directory of the driver's own: the runtime's states, and a directory for each call while it lasts. */
  directory: string
  reaper: Reaper
}

const stateSchema = z.object({
  status: z.enum(['creating', 'created', 'running', 'paused', 'stopped']),
  pid: z._default(z.number(), 0),
  bundle: z.string(),
})
const configSchema = z.object({ linux: z.object({ cgroupsPath: z.optional(z.string()) }) })

export class OciDriver implements ExecDriver {
  readonly name: string
  readonly #options: OciOptions

  constructor(options: OciOptions) {
    this.name = options.name
    this.#options = options
    // What calls left whose caller was killed.
    rmSync(this.#calls, { recursive: true, force: true })
  }

  get #calls(): string {
    return join(this.#options.directory, 'calls')
  }

  async create({ id, bundle, stdio, terminal }: CreateRequest): Promise<Made> {
    using call = new Call(this.#options, this.#calls)
    const args = [
      'create',
      '--bundle',
      bundle,
      '--pid-file',
      call.pidFile,
      ...call.consoleFlags(terminal),
      id,
    ]
    return await this.#birth(call, args, stdio, terminal, () => this.delete(id, true))
  }

  async start(id: string): Promise<void> {
    await this.#run('start', id)
  }

  async exec(id: string, { process, stdio }: ExecRequest): Promise<Made> {
    using call = new Call(this.#options, this.#calls)
    const file = call.write('process.json', encode(process))
    const terminal = process.terminal ?? false
    const flags = ['--detach', '--pid-file', call.pidFile, '--process', file, ...call.consoleFlags(terminal)]
    return await this.#birth(call, ['exec', ...flags, id], stdio, terminal)
  }

  /** @param undo what there is to do when it was made, and no terminal of it came */
  async #birth(
    call: Call,
    args: string[],
    stdio: CreateRequest['stdio'],
    terminal: boolean,
    undo: () => Promise<void> = async () => {},
  ): Promise<Made> {
    using _ = this.#options.reaper.expect()
    await call.run(args, stdio)
    const pid = Number(readFileSync(call.pidFile, 'utf8'))
    const ended = this.#options.reaper.wait(pid)
    try {
      return { pid, ended, ...(terminal ? { console: call.receiveConsole() } : {}) }
    } catch (error) {
      await undo()
      throw error
    }
  }

  async kill(id: string, signal: number, all = false): Promise<void> {
    await this.#run('kill', ...(all ? ['--all'] : []), id, String(signal))
  }

  async pause(id: string): Promise<void> {
    await this.#run('pause', id)
  }

  async resume(id: string): Promise<void> {
    await this.#run('resume', id)
  }

  async update(id: string, resources: Resources): Promise<void> {
    using call = new Call(this.#options, this.#calls)
    await call.run(['update', '--resources', call.write('resources.json', JSON.stringify(resources)), id])
  }

  async state(id: string): Promise<Found | undefined> {
    const state = await this.#state(id)
    return state && { status: state.status, pid: state.pid }
  }

  async #state(id: string): Promise<z.infer<typeof stateSchema> | undefined> {
    try {
      return stateSchema.parse(JSON.parse(await this.#run('state', id)))
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'not-found') return undefined
      throw error
    }
  }

  async list(): Promise<string[]> {
    return (await this.#run('list', '-q')).split('\n').filter(Boolean).sort()
  }

  async pids(id: string): Promise<number[]> {
    return (await this.#cgroup(id)).pids(true)
  }

  async stats(id: string): Promise<Stats> {
    return (await this.#cgroup(id)).stats()
  }

  async oomKills(id: string): Promise<number> {
    return (await this.#cgroup(id)).oomKills()
  }

  async #cgroup(id: string): Promise<Cgroup> {
    const state = await this.#state(id)
    if (state === undefined) throw new EngineError('not-found', 'container does not exist')
    const text = readFile(join(state.bundle, 'config.json'))
    // It was deleted since, and its bundle with it.
    if (text === '') throw new EngineError('not-found', 'container does not exist')
    const config = configSchema.parse(JSON.parse(text))
    return openCgroup(config.linux.cgroupsPath, id, { systemd: false, rootless: false })
  }

  async delete(id: string, force = false): Promise<void> {
    try {
      await this.#run('delete', ...(force ? ['--force'] : []), id)
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === 'not-found')) throw error
    }
  }

  /** @returns what it printed */
  async #run(...args: string[]): Promise<string> {
    using call = new Call(this.#options, this.#calls)
    return await call.run(args)
  }

  [Symbol.dispose](): void {
    rmSync(this.#calls, { recursive: true, force: true })
  }
}

/** One run of the runtime, and the directory with what it reads and writes. */
class Call implements Disposable {
  readonly #options: OciOptions
  readonly #directory: string
  readonly #undo = new DisposableStack()
  #listening: number | undefined

  constructor(options: OciOptions, parent: string) {
    this.#options = options
    mkdirSync(parent, { recursive: true, mode: 0o700 })
    this.#directory = mkdtempSync(join(parent, 'c'))
    this.#undo.defer(() => rmSync(this.#directory, { recursive: true, force: true }))
  }

  get pidFile(): string {
    return join(this.#directory, 'pid')
  }

  write(name: string, content: string): string {
    const path = join(this.#directory, name)
    writeFileSync(path, content)
    return path
  }

  /** Listens for the terminal's master, where there is to be one. */
  consoleFlags(terminal: boolean): string[] {
    if (!terminal) return []
    // A socket's path has 107 bytes at most, and ours may be longer: by the number of our open directory it is short.
    const directory = openSync(this.#directory, 'r')
    this.#undo.defer(() => closeSync(directory))
    const path = `/proc/${process.pid}/fd/${directory}/console`
    const socket = listenUnix(path)
    this.#undo.defer(() => closeSync(socket))
    this.#listening = socket
    return ['--console-socket', path]
  }

  /** After run(): by then the master lies in the queue. */
  receiveConsole(): number {
    if (this.#listening === undefined) throw new EngineError('internal', 'nobody listens for a terminal')
    const connection = acceptUnix(this.#listening)
    try {
      const [master] = receiveFdsNow(connection)
      if (master === undefined) throw new EngineError('internal', `${this.#options.name} sent no terminal`)
      return master
    } finally {
      closeSync(connection)
    }
  }

  /** @param stdio the container's; left out, what the runtime prints is returned. @throws EngineError with its last words */
  async run(args: readonly string[], stdio?: readonly [number, number, number]): Promise<string> {
    const { name, program, args: global = [], directory } = this.#options
    const [log, output] = ['log', 'output'].map((file) => join(this.#directory, file)) as [string, string]
    using files = new DisposableStack()
    const open = (path: string, flags: string): number => {
      const fd = openSync(path, flags)
      files.defer(() => closeSync(fd))
      return fd
    }
    const none = open('/dev/null', 'r')
    const out = open(output, 'w')
    const flags = ['--root', join(directory, 'state'), '--log', log, '--log-format', 'json']
    const status = await background({
      file: program,
      args: [...global, ...flags, ...args],
      stdio: stdio ?? [none, out, out],
      env: process.env,
    })
    const printed = readFileSync(output, 'utf8')
    if (status !== 0) throw runtimeError(name, args[0] ?? '', status, readFile(log), stdio ? '' : printed)
    return printed
  }

  [Symbol.dispose](): void {
    this.#undo.dispose()
  }
}

/** Empty when there is none. */
function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
