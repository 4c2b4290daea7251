// The driver that runs a container with LXC's own lxc-start.
//
//   this process                       lxc-start -F                 container
//   create()  record, configuration
//             two FIFOs, a script
//             starts ────────────────> cgroup, clone(2) ──────────> mounts, pivot_root(2)
//             <──── hook: "ready" ──── hook start-host waits        waits
//             limits into the cgroup
//   start()   ────── "start" ────────> hook ends ─────────────────> execve(2)
//             <──── log: "Started" ───
//   ended     <──── log, and its end ─ waits for it <────────────── ends
//   delete()  what is left of it all
//
// The same container as native.ts makes, by the same list of wishes: lxc-config.ts has the
// two languages side by side. What differs is who does it:
//
//   native  init is a child of ours, and nobody else is there
//   runc    a program that makes the container and ends; its child is adopted by us
//   lxc     a program that stays, as long as the container does: its monitor, to which
//           lxc-info, lxc-console and lxc-attach talk. They work on our containers:
//           lxc-ls -P /run/tockerd/runtimes/lxc, lxc-attach -P … -n ID
//
// So the container's directory is LXC's as well as ours: `config` beside `state.json`.
// Limits are written by libcontainer's cgroups, into the cgroup that LXC made, before the
// program runs: one set of rules for v1 and v2, and `docker update` knows what there is.
//
// exec is libcontainer's (recorded.ts), and not lxc-attach: that takes its working
// directory from where it is called on the host, knows no further groups, shows the
// environment's secrets on its command line (-v), and tells by its exit status alone
// whether a program was not there or ended with 127.
//
// Next: engine/drivers/exec/lxc-config.ts
import { closeSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { Cgroup } from '../../libcontainer/cgroups/cgroup.ts'
import { cgroupOf, fromPaths, openCgroup } from '../../libcontainer/cgroups/open.ts'
import { resolveCgroupsPath } from '../../libcontainer/cgroups/path.ts'
import { loadConfig } from '../../libcontainer/config/validate.ts'
import { endProcess, newState } from '../../libcontainer/create.ts'
import { killContainer } from '../../libcontainer/kill.ts'
import { identify, isAlive } from '../../libcontainer/process-identity.ts'
import {
  containerDirectory,
  loadState,
  type RuntimeState,
  removeContainerDirectory,
  reserveName,
  saveState,
} from '../../libcontainer/state.ts'
import { startFifo } from '../../libcontainer/status.ts'
import { makeFifo } from '../../syscalls/file.ts'
import type { CreateRequest, Made } from './driver.ts'
import { lxcConfig, monitorSuffix } from './lxc-config.ts'
import { hookScript, oomFile, readyFifo } from './lxc-hook.ts'
import { endIn, hasStarted, lxcError } from './lxc-log.ts'
import { Monitor, removeLock } from './lxc-monitor.ts'
import { makeWorkingDirectory, mountEntries } from './lxc-mounts.ts'
import { refuseInexpressible } from './lxc-refused.ts'
import { lxcSeccomp } from './lxc-seccomp.ts'
import { RecordedDriver, type RecordedOptions } from './recorded.ts'

export interface LxcOptions extends RecordedOptions {
  /** lxc-start: a path, or a name to look for in PATH. */
  program: string
}

export class LxcDriver extends RecordedDriver {
  readonly name = 'lxc'
  readonly #program: string

  constructor(options: LxcOptions) {
    super(options)
    this.#program = options.program
  }

  // #region create
  async create({ id, bundle, stdio, terminal }: CreateRequest): Promise<Made> {
    const { root } = this
    const config = loadConfig(bundle, this.listener.onWarning)
    const cgroup = openCgroup(config.linux?.cgroupsPath, id, { systemd: false, rootless: false })
    const state = newState({ id, bundle, config }, cgroup.paths)
    const directory = reserveName(root, state)
    await using undo = new AsyncDisposableStack()
    undo.defer(() => removeContainerDirectory(root, id))
    refuseTaken(cgroup)
    writeFiles(state, directory)
    undo.defer(() => this.#removeRest(state))

    const monitor = new Monitor(directory)
    const argv = ['-q', '-F', '-C', '-n', id, '-P', root, '-f', join(directory, 'config')]
    const words = [...argv, '--', ...(config.process?.args ?? [])]
    const started = monitor.start(
      this.#program,
      words,
      terminal ? (config.process?.consoleSize ?? {}) : stdio,
    )
    undo.defer(() => {
      if (started.console !== undefined) closeSync(started.console)
    })
    undo.defer(() => monitor.end())
    const pid = await started.ready
    if (pid === undefined) throw lxcError(monitor.log(), 'create')
    const init = identify(pid)
    if (!init) throw new EngineError('internal', 'lxc-start: its container was killed')
    state.init = init
    if (!cgroup.pids(false).includes(pid))
      throw new EngineError(
        'unavailable',
        `LXC did not put it into the cgroup ${Object.values(cgroup.paths)[0]}`,
      )
    cgroup.apply(config.linux?.resources ?? {})
    state.phase = 'created'
    saveState(root, state)
    undo.move()
    const ended = started.ended.then((status) => endOf(monitor.log(), pid, status))
    return { pid, ended, ...(started.console === undefined ? {} : { console: started.console }) }
  }
  // #endregion create

  async start(id: string): Promise<void> {
    const state = this.load(id)
    const status = this.statusOf(state)
    if (status !== 'created') throw new EngineError('conflict', `cannot start a container that is ${status}`)
    const monitor = new Monitor(containerDirectory(this.root, id))
    monitor.tell('start')
    if (!(await monitor.until(hasStarted))) throw lxcError(monitor.log(), 'start')
  }

  async kill(id: string, signal: number, all = false): Promise<void> {
    const state = this.load(id)
    const waits = this.statusOf(state) === 'created'
    killContainer(this.root, state, signal, all)
    // The hook waits for start(), lxc-start for the hook, and nobody for the one who was killed.
    if (waits) await new Monitor(containerDirectory(this.root, id)).releaseIfGone(state)
  }

  /** After its end LXC has removed the cgroup; the hook kept the counter. */
  override async oomKills(id: string): Promise<number> {
    const kept = join(containerDirectory(this.root, id), oomFile)
    if (!existsSync(kept)) return await super.oomKills(id)
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(kept, 'utf8'))?.[1] ?? 0)
  }

  async delete(id: string, force = false): Promise<void> {
    const directory = containerDirectory(this.root, id)
    if (!existsSync(directory)) return
    const state = loadState(this.root, id)
    const status = this.statusOf(state)
    if (status !== 'stopped' && status !== 'created' && !force)
      throw new EngineError('conflict', `cannot delete container ${id} that is not stopped: ${status}`)
    if (state.init && isAlive(state.init)) endProcess(state.init.pid)
    // Who is frozen dies when it thaws; and whoever the first process left behind goes, too.
    const cgroup = cgroupOf(state)
    if (Object.values(cgroup.paths).some((path) => existsSync(path))) cgroup.signal('SIGKILL')
    await new Monitor(directory).end()
    this.#removeRest(state)
    removeContainerDirectory(this.root, id)
  }

  /** What LXC has outside of the container's directory. */
  #removeRest(state: RuntimeState): void {
    removeCgroups(state)
    removeLock(this.root, state.id)
  }

  /** Nothing is kept but what stands on the disk. */
  [Symbol.dispose](): void {}
}

/** What LXC reads, in the container's directory. @throws EngineError for what LXC cannot do */
function writeFiles({ config, bundle, rootfs, cgroupPaths, id }: RuntimeState, directory: string): void {
  refuseInexpressible(config)
  const file = (name: string): string => join(directory, name)
  const [mountPoint, seccomp] = [file('rootfs'), config.linux?.seccomp]
  const cgroup = resolveCgroupsPath(config.linux?.cgroupsPath, id)
  const places = { rootfs, mountPoint, cgroup, hook: file('hook'), log: file('log') }
  const mounts = mountEntries(config, { bundle, rootfs, mountPoint })
  makeWorkingDirectory(config, { bundle, rootfs, mountPoint })
  mkdirSync(mountPoint, { mode: 0o755 })
  for (const name of [readyFifo, startFifo]) makeFifo(file(name), 0o600)
  // The environment may hold secrets.
  const write = (name: string, content: string): void => writeFileSync(file(name), content, { mode: 0o600 })
  write('config', lxcConfig(config, { ...places, ...(seccomp ? { seccomp: file('seccomp') } : {}) }, mounts))
  write('hook', hookScript(config, { directory, log: file('log'), counters: oomCounters(cgroupPaths) }))
  if (seccomp) write('seccomp', lxcSeccomp(seccomp))
}

/** In v1 and in v2 a file with a line `oom_kill 3`. */
function oomCounters({ memory, '': unified }: RuntimeState['cgroupPaths']): string | undefined {
  if (memory !== undefined) return join(memory, 'memory.oom_control')
  return unified === undefined ? undefined : join(unified, 'memory.events')
}

/** LXC would take another name, and nobody find it there. */
function refuseTaken(cgroup: Cgroup): void {
  const taken = Object.values(cgroup.paths).find((path) => existsSync(path))
  if (taken !== undefined) throw new EngineError('conflict', `the cgroup ${taken} is there already`)
}

function removeCgroups({ cgroupPaths }: RuntimeState): void {
  fromPaths(cgroupPaths).remove()
  // The monitor's, in every hierarchy that LXC found, named ones as well.
  const beside = Object.entries(cgroupPaths).map(([name, path]) => [name, `${path}${monitorSuffix}`])
  fromPaths(Object.fromEntries(beside)).remove()
}

/** @param status lxc-start's own */
function endOf(log: string, pid: number, status: number): number {
  // It never ran, so only SIGKILL ended it; or lxc-start was killed, and took it along.
  if (!hasStarted(log)) return 137
  return endIn(log, pid) ?? (status > 128 ? 137 : 255)
}
