// What a driver can do with a container once it is there, whoever made it.
//
// A container that runs is a record on the disk (libcontainer/state.ts), a process, its
// namespaces and its cgroup. With these four, everything but birth and death is the same
// for libcontainer's containers and for LXC's: freezing writes a file of the cgroup, exec
// joins the namespaces, and how it is, the kernel knows. So `native` and `lxc` differ in
// create, start, kill and delete, and have the rest from here.
//
// Next: engine/drivers/exec/native.ts
import { closeSync, existsSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import type { Birth } from '../../libcontainer/birth.ts'
import type { Cgroup } from '../../libcontainer/cgroups/cgroup.ts'
import { cgroupOf } from '../../libcontainer/cgroups/open.ts'
import type { Stats } from '../../libcontainer/cgroups/stats.ts'
import { merge } from '../../libcontainer/commands/update.ts'
import type { Resources } from '../../libcontainer/config/resources.ts'
import { validateProcess, validateResources } from '../../libcontainer/config/validate.ts'
import { type ExecOptions, execInContainer } from '../../libcontainer/exec.ts'
import type { Listener } from '../../libcontainer/host-channel.ts'
import { lockContainer } from '../../libcontainer/lock.ts'
import {
  containerDirectory,
  listIds,
  loadState,
  type RuntimeState,
  saveState,
} from '../../libcontainer/state.ts'
import { statusOf } from '../../libcontainer/status.ts'
import { receiveMaster } from '../../libcontainer/terminal-master.ts'
import { waitForEnd } from '../../libcontainer/wait.ts'
import { socketpair } from '../../syscalls/socket.ts'
import type { CreateRequest, ExecDriver, ExecRequest, Found, Made } from './driver.ts'
import type { Reaper } from './reaper.ts'

export interface RecordedOptions {
  /** Directory of the containers' states. */
  root: string
  /** Command line that becomes init, init-command.ts. */
  init: readonly [string, ...string[]]
  reaper: Reaper
  onWarning?: (line: string) => void
}

export abstract class RecordedDriver implements ExecDriver {
  abstract readonly name: string
  protected readonly root: string
  protected readonly init: RecordedOptions['init']
  protected readonly reaper: Reaper
  protected readonly listener: Listener

  constructor({ root, init, reaper, onWarning }: RecordedOptions) {
    this.root = root
    this.init = init
    this.reaper = reaper
    this.listener = onWarning ? { onWarning } : {}
  }

  abstract create(request: CreateRequest): Promise<Made>
  abstract start(id: string): Promise<void>
  abstract kill(id: string, signal: number, all?: boolean): Promise<void>
  abstract delete(id: string, force?: boolean): Promise<void>
  abstract [Symbol.dispose](): void

  async exec(id: string, request: ExecRequest): Promise<Made> {
    const state = this.load(id)
    const process = validateProcess(JSON.stringify(request.process), this.listener.onWarning)
    const status = this.statusOf(state)
    if (status !== 'running')
      throw new EngineError('conflict', `cannot exec in a container that is ${status}`)
    using _ = this.reaper.expect()
    using console = process.terminal ? new ConsolePair() : undefined
    const { birth, pid } = await execInContainer({
      ...{ state, process, init: this.init, stdio: request.stdio, listener: this.listener },
      ...(console ? { console: console.theirs } : {}),
      ...this.helpers,
    })
    return this.made(birth, pid, console)
  }

  /** Who makes exec faster, where there are such. */
  protected get helpers(): Pick<ExecOptions, 'midwives'> {
    return {}
  }

  protected made(birth: Birth, pid: number, console: ConsolePair | undefined): Made {
    // Born by way of a stepping stone or a midwife, it is an orphan as soon as those have ended.
    const ended = birth.steppingStone
      ? birth.child.ended().then(() => this.reaper.wait(pid))
      : waitForEnd(birth, pid)
    const master = console?.receive()
    return { pid, ended, ...(master === undefined ? {} : { console: master }) }
  }

  async pause(id: string): Promise<void> {
    this.#inState(id, ['running'], (cgroup) => cgroup.freeze())
  }

  async resume(id: string): Promise<void> {
    this.#inState(id, ['paused'], (cgroup) => cgroup.thaw())
  }

  async update(id: string, resources: Resources): Promise<void> {
    const changes = validateResources(JSON.stringify(resources))
    this.#inState(id, ['created', 'running', 'paused'], (cgroup, state) => {
      const linux = state.config.linux ?? {}
      // By the same door as a config: one that contradicts what stays is refused.
      const changed = validateResources(JSON.stringify(merge(linux.resources ?? {}, changes)))
      cgroup.update(changed)
      const config = { ...state.config, linux: { ...linux, resources: changed } }
      saveState(this.root, { ...state, config })
    })
  }

  async state(id: string): Promise<Found | undefined> {
    if (!existsSync(containerDirectory(this.root, id))) return undefined
    const state = this.load(id)
    const status = this.statusOf(state)
    return { status, pid: status === 'stopped' ? 0 : (state.init?.pid ?? 0) }
  }

  async list(): Promise<string[]> {
    return listIds(this.root)
  }

  async pids(id: string): Promise<number[]> {
    return cgroupOf(this.load(id)).pids(true)
  }

  async stats(id: string): Promise<Stats> {
    return cgroupOf(this.load(id)).stats()
  }

  async oomKills(id: string): Promise<number> {
    return cgroupOf(this.load(id)).oomKills()
  }

  protected load(id: string): RuntimeState {
    return loadState(this.root, id)
  }

  protected statusOf(state: RuntimeState): Found['status'] {
    return statusOf(this.root, state, () => cgroupOf(state).state === 'frozen')
  }

  /** @throws EngineError `conflict` in any other state */
  #inState(
    id: string,
    states: readonly Found['status'][],
    work: (cgroup: Cgroup, state: RuntimeState) => void,
  ): void {
    using _ = lockContainer(this.root, id)
    const state = this.load(id)
    const status = this.statusOf(state)
    if (!states.includes(status)) throw new EngineError('conflict', `the container is ${status}`)
    work(cgroupOf(state), state)
  }
}

/** A socket through which init sends the master of its terminal. */
export class ConsolePair implements Disposable {
  readonly theirs: number
  readonly #ours: number

  constructor() {
    ;[this.#ours, this.theirs] = socketpair()
  }

  /** To be called once the process is there. @throws EngineError `conflict` when it sent none */
  receive(): number {
    return receiveMaster(this.#ours)
  }

  [Symbol.dispose](): void {
    closeSync(this.#ours)
    closeSync(this.theirs)
  }
}
