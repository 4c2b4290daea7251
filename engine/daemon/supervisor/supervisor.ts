// The supervisor's verbs: what each of them does to the containers that it looks after.
//
// It knows three things: a table of processes, by container and exec; the exec drivers,
// which make and unmake them; and the directory of records.ts. What a container is for,
// its image, its name, its restart policy, is the daemon's business.
//
// Called by server.ts, one call for each request. Next: engine/daemon/supervisor/supervised.ts
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecDriver } from '../../drivers/exec/driver.ts'
import { EngineError, errorLine } from '../../errors.ts'
import { traceWithin } from '../../trace/scope.ts'
import type { TraceRecord } from '../../trace/trace.ts'
import { Turns } from '../../turns.ts'
import { openLogDriver } from '../logs/open.ts'
import type { Drivers } from './drivers.ts'
import type { End, Event, Listed, Request } from './protocol.ts'
import { ProcessDirectory } from './records.ts'
import { makeStdio, type Stdio } from './stdio.ts'
import { Supervised } from './supervised.ts'

type Asked<V extends Request['verb']> = Omit<Extract<Request, { verb: V }>, 'verb'>
export type Which = Asked<'start'>

/** A container: its first process, and those of exec. */
export interface Container {
  driver: ExecDriver
  first: Supervised
  paused: boolean
  execs: Map<string, { process: Supervised; spec: Asked<'exec'> }>
}

export interface SupervisorOptions {
  /** The exec-root: records.ts has what is in it. */
  directory: string
  drivers: Drivers
  onWarning: (line: string) => void
}

export class Supervisor {
  readonly directory: string
  readonly #options: SupervisorOptions
  readonly #containers = new Map<string, Container>()
  readonly #turns = new Turns()
  readonly #listeners = new Set<(event: Event) => void>()

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.directory = join(options.directory, 'containers')
    mkdirSync(this.directory, { recursive: true, mode: 0o711 })
  }

  /** Answers what was asked by what is said in protocol.ts. @throws EngineError */
  async handle(request: Request): Promise<unknown> {
    if (!('trace' in request) || request.trace !== true) return await this.#do(request)
    const trace: TraceRecord[] = []
    const answer = await traceWithin(
      (record) => trace.push(record),
      'supervisor',
      () => this.#do(request),
    )
    return { ...(typeof answer === 'object' ? answer : {}), trace }
  }

  async #do(request: Request): Promise<unknown> {
    switch (request.verb) {
      case 'create':
        return await this.#turns.take(request.container, () => this.#create(request))
      case 'exec':
        return await this.#turns.take(request.container, () => this.#exec(request))
      case 'start':
        return request.exec === undefined
          ? await this.#turns.take(request.container, () => this.#start(request.container))
          : await this.#startExec(request.container, request.exec)
      case 'kill':
        return await this.#kill(request)
      case 'pause':
      case 'resume':
        return await this.#turns.take(request.container, () => this.#freeze(request))
      case 'update':
        return await this.#turns.take(request.container, () =>
          this.#find(request.container).driver.update(request.container, request.resources),
        )
      case 'resize':
        return this.process(request).resize(request)
      case 'wait':
        return await this.process(request).ended
      case 'stdin':
        return this.process(request).closeInput()
      case 'list':
        return this.list()
      case 'pids':
        return await this.#find(request.container).driver.pids(request.container)
      case 'stats':
        return await this.#find(request.container).driver.stats(request.container)
      case 'reserve':
        return this.#options.drivers.reservedId()
      case 'delete':
        return await this.#turns.take(request.container, () => this.#delete(request))
      case 'events':
      case 'shutdown':
        throw new EngineError('internal', `${request.verb} is for the server`)
    }
  }

  // #region create
  async #create(request: Asked<'create'>): Promise<{ pid: number }> {
    const { container, bundle, runtime, terminal, stdinOnce } = request
    if (this.#containers.has(container))
      throw new EngineError('conflict', `the container ${container} is there already`)
    const driver = this.#options.drivers.of(runtime)
    await using undo = new AsyncDisposableStack()
    const directory = new ProcessDirectory(join(this.directory, container))
    // Nobody's: of one that could not be made, or taken over.
    if (existsSync(directory.path)) await directory.remove()
    undo.defer(() => directory.remove())
    directory.make(request)
    const log = undo.adopt(await openLogDriver(request.log), (one) => one.close())
    using stdio = makeStdio(directory.path, request)
    const made = await driver.create({ id: container, bundle, stdio: stdio.child, terminal })
    undo.defer(() => driver.delete(container, true))
    const first = this.watch({ container, driver, directory, log, terminal, stdinOnce })
    first.born({ ...made, ends: connect(stdio, made.console) })
    this.#containers.set(container, { driver, first, paused: false, execs: new Map() })
    undo.move()
    return { pid: made.pid }
  }
  // #endregion create

  /** What a process of ours needs to know of us. */
  watch(about: {
    container: string
    exec?: string
    driver: ExecDriver
    directory: ProcessDirectory
    log?: Awaited<ReturnType<typeof openLogDriver>>
    terminal: boolean
    stdinOnce: boolean
    adopted?: boolean
  }): Supervised {
    const { container, exec, driver } = about
    const process = new Supervised({
      ...about,
      oomKills: async () => (exec === undefined ? driver.oomKills(container) : 0),
      // Without a PID namespace of its own, a container does not end with its first process.
      endOthers: async () => {
        if (exec !== undefined) return
        if ((await driver.pids(container)).length > 0) await driver.kill(container, 9, true)
      },
      onWarning: this.#options.onWarning,
    })
    void process.ended.then((end) => {
      this.#tell({ event: 'end', container, ...(exec === undefined ? {} : { exec }), end })
      // Its cgroup and the runtime's state are of no use any more; the record stays until it is asked for.
      if (exec === undefined) void this.#turns.take(container, () => this.#unmake(container, driver))
    })
    return process
  }

  async #unmake(container: string, driver: ExecDriver): Promise<void> {
    try {
      await driver.delete(container, true)
    } catch (error) {
      this.#options.onWarning(`what is left of ${container}: ${errorLine(error)}`)
    }
  }

  async #start(container: string): Promise<void> {
    const { driver, first } = this.#find(container)
    if (first.hasStarted || first.end)
      throw new EngineError('conflict', `the container ${container} was started already`)
    await driver.start(container)
    first.started()
  }

  async #exec(request: Asked<'exec'>): Promise<void> {
    const { container, exec, terminal } = request
    const { driver, first, execs } = this.#find(container)
    if (first.end || !first.hasStarted)
      throw new EngineError('conflict', `the container ${container} is not running`)
    if (execs.has(exec)) throw new EngineError('conflict', `the exec ${exec} is there already`)
    const parent = join(this.directory, container, 'execs')
    mkdirSync(parent, { recursive: true, mode: 0o711 })
    const directory = new ProcessDirectory(join(parent, exec))
    directory.make(request)
    // Like that of Docker's exec, its input is one client's, and ends with it.
    const process = this.watch({ container, exec, driver, directory, terminal, stdinOnce: true })
    execs.set(exec, { process, spec: request })
  }

  async #startExec(container: string, exec: string): Promise<{ pid: number }> {
    const { driver, first, execs } = this.#find(container)
    const found = execs.get(exec)
    if (found === undefined) throw new EngineError('not-found', `no such exec: ${exec}`)
    const { process, spec } = found
    if (process.hasStarted || process.end)
      throw new EngineError('conflict', `the exec ${exec} was started already`)
    try {
      if (first.end) throw new EngineError('conflict', `the container ${container} is not running`)
      using stdio = makeStdio(process.directory.path, spec)
      const made = await driver.exec(container, { process: spec.process, stdio: stdio.child })
      process.born({ ...made, ends: connect(stdio, made.console) }, new Date().toISOString())
      return { pid: made.pid }
    } catch (error) {
      await process.stillborn(error instanceof EngineError ? error.exitStatus : 125, errorLine(error))
      throw error
    }
  }

  async #kill({ container, exec, signal, all }: Asked<'kill'>): Promise<void> {
    if (exec !== undefined) return this.process({ container, exec }).signal(signal)
    const { driver, first } = this.#find(container)
    if (first.end) throw new EngineError('conflict', `the container ${container} is not running`)
    await driver.kill(container, signal, all ?? false)
  }

  async #freeze({
    verb,
    container,
  }: Pick<Extract<Request, { verb: 'pause' | 'resume' }>, 'verb' | 'container'>) {
    const found = this.#find(container)
    await found.driver[verb](container)
    found.paused = verb === 'pause'
  }

  /** Forgets a process that has ended. A container goes with all that it had. */
  async #delete({ container, exec, force }: Asked<'delete'>): Promise<void> {
    const found = this.#find(container)
    const process = this.process({ container, ...(exec === undefined ? {} : { exec }) })
    if (!process.end) {
      if (process.hasStarted && !force)
        throw new EngineError('conflict', `the container ${container} is running`)
      if (exec !== undefined && !process.hasStarted) await process.stillborn(0, 'it was never started')
      else if (exec !== undefined) process.signal(9)
      else await found.driver.delete(container, true)
      await process.ended
    }
    await process.directory.remove()
    if (exec === undefined) {
      await this.#unmake(container, found.driver)
      this.#containers.delete(container)
    } else found.execs.delete(exec)
  }

  list(): Listed[] {
    return [...this.#containers.values()].flatMap(({ first, paused, execs }) => [
      first.describe(paused),
      ...[...execs.values()].map(({ process }) => process.describe(paused)),
    ])
  }

  /** @throws EngineError `not-found` */
  process({ container, exec }: Which): Supervised {
    const found = this.#find(container)
    const process = exec === undefined ? found.first : found.execs.get(exec)?.process
    if (process === undefined) throw new EngineError('not-found', `no such exec: ${exec}`)
    return process
  }

  #find(container: string): Container {
    const found = this.#containers.get(container)
    if (found === undefined) throw new EngineError('not-found', `no such container: ${container}`)
    return found
  }

  /** Of an earlier supervisor: takeover.ts. */
  adopt(container: string, found: Container): void {
    this.#containers.set(container, found)
  }

  /** From here on `listener` hears of ends, until it is disposed of. */
  listen(listener: (event: Event) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #tell(event: Event): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Ends everybody. @throws EngineError `conflict` while one runs, unless forced */
  async shutdown(force: boolean): Promise<void> {
    const running = [...this.#containers.values()].filter(({ first }) => !first.end)
    if (running.length > 0 && !force)
      throw new EngineError('conflict', `${running.length} containers are running`)
    await Promise.all(running.map(({ first }) => this.#end(first)))
    this.#options.drivers[Symbol.dispose]()
  }

  async #end({ container, ended }: Supervised): Promise<End> {
    await this.#turns.take(container, () => this.#find(container).driver.delete(container, true))
    return await ended
  }
}

function connect(stdio: Stdio, console: number | undefined) {
  return stdio.connect(console)
}
