// What an exec driver is: the thing that makes processes out of a bundle.
//
// A bundle is a directory with config.json (OCI runtime specification, config.md).
// Which program reads it is the driver's secret: `native` is our own libcontainer, in
// this process and with inits that wait already; `oci` is any program with runc's
// command line; `lxc` is lxc-start. Who asks cannot tell them apart, but for the time they
// take, and for what LXC has no word for: that is refused (lxc-refused.ts).
//
//   create ──> created ── start ──> running <── resume ── paused
//                 │                  │   └────── pause ─────┘
//                 │                  │ its first process ends
//                 └── delete <── stopped ──> delete ──> gone
//
// Words:
//   create    everything but the user's program: cgroup, namespaces, mounts. A process
//             is there, and waits; its descriptors 0 to 2 are what was passed in.
//   start     that process becomes the user's program. Whatever stands in its way, the
//             program not being there for one, is the error of start().
//   ended     a promise in what create() and exec() give: the exit status, or 128 +
//             signal. A driver's processes are children of this one, by birth or by
//             adoption (reaper.ts), so nobody else can have it, and it is never lost
//             while this process lives.
//   console   the master of the container's terminal, where it has one: an open
//             descriptor that is the caller's to close.
//
// The driver keeps no table of containers. What it must know stands in its state
// directory, so the next process, after this one was killed, finds them by list() and
// state() and can do everything with them but know how they end: for that one has to be
// the parent.
//
// All or nothing: create() and exec() that throw have left nothing.
//
// A worked example, with `out` open for writing:
//
//   const { pid, ended } = await driver.create({ id, bundle, stdio: [none, out, out], terminal: false })
//   await driver.start(id)
//   const status = await ended
//   await driver.delete(id)
//
// One suite holds every driver to this: test/suites/exec-driver.ts.
// Next: engine/drivers/exec/native.ts

import type { Stats } from '../../libcontainer/cgroups/stats.ts'
import type { Process } from '../../libcontainer/config/process.ts'
import type { Resources } from '../../libcontainer/config/resources.ts'

export interface ExecDriver extends Disposable {
  /** `native`, `runc`, `crun`, `lxc`, … */
  readonly name: string

  /** @throws EngineError `invalid` for a config that is wrong, `conflict` when the id is taken */
  create(request: CreateRequest): Promise<Made>

  /** @throws EngineError with exitStatus 127 when the program is not there, 126 when it cannot be run; `conflict` unless created */
  start(id: string): Promise<void>

  /** Another process in a container that runs. @throws as create() and start() do */
  exec(id: string, request: ExecRequest): Promise<Made>

  /** @param all everybody in there, and not the first process alone. @throws EngineError `conflict` when it does not run */
  kill(id: string, signal: number, all?: boolean): Promise<void>

  pause(id: string): Promise<void>
  resume(id: string): Promise<void>

  /** Other limits; what is not named stays. */
  update(id: string, resources: Resources): Promise<void>

  /** How it is now. Undefined when there is no such container. */
  state(id: string): Promise<Found | undefined>

  /** Ids of all containers there are, half-made ones, too. */
  list(): Promise<string[]>

  /** Everybody in there, as the host numbers them. */
  pids(id: string): Promise<number[]>

  stats(id: string): Promise<Stats>

  /** How often the OOM killer has struck in there. */
  oomKills(id: string): Promise<number>

  /** Gone, with its cgroup and everybody in it; nothing when there is none. @throws EngineError `conflict` while it runs, unless forced */
  delete(id: string, force?: boolean): Promise<void>
}

export interface CreateRequest {
  id: string
  /** Absolute path of a directory with config.json. */
  bundle: string
  /** Become the container's 0 to 2; still the caller's to close. With a terminal they are not used. */
  stdio: readonly [number, number, number]
  /** `process.terminal` of the config. */
  terminal: boolean
}

export interface ExecRequest {
  process: Process
  stdio: readonly [number, number, number]
}

export interface Made {
  /** As the host numbers it. */
  pid: number
  ended: Promise<number>
  console?: number
}

type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped'

export interface Found {
  status: Status
  /** 0 when there is no process. */
  pid: number
}
