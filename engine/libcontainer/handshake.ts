// How the two halves of a container's birth talk: the host's side (create.ts,
// exec.ts), which may do everything, and init (init.ts), which is about to lose
// most of that. One socket, one JSON object a line.
//
//   create                                      init
//     | name taken, spawn; cgroup made            | loads, and waits for its request
//     | -- request --------------------------->   |
//     | <-- hello: my pid is ------------------   | (its number as the host sees it)
//     |    pid saved, into the cgroup, id maps    |
//     | -- go -------------------------------->   | joins and makes namespaces
//     | <-- namespaces ------------------------   |   (these two only where there
//     |    hooks: prestart, createRuntime         |   are hooks)
//     | -- go -------------------------------->   | hostname, lo, keyring
//     | -- descriptors ----------------------->   | mounts, devices, terminal
//     |                                           | hooks: createContainer
//     |                                           | pivot_root; hides, seals
//     | <-- created ---------------------------   |
//     |    state.json: created                    |
//     | -- go -------------------------------->   | closes the socket
//     | exits                                     | waits on the FIFO `go`
//
//   start                                         |
//     | -- a byte into the FIFO `go` --------->   | hooks: startContainer
//     | <-- trace, warnings, failed -----------   | confines itself, execve(2)
//     | <-- end of file of the FIFO `result` --   | (closed by execve)
//
// The host's end is host-channel.ts. Most inits have begun to load before the name is
// taken (idle-init.ts). One of a pool says `ready` before it has a request (warm.ts). When
// it is in its cgroup already it says no `hello`, and has its request first of all: it
// makes namespaces while the host takes the name and sets the limits, and waits for its
// descriptors, before anything is mounted. At any moment init may say `trace`,
// `warning`, or `failed` and exit. When the host dies, init reads the end of the file in
// place of `go`, and exits too: a half-made container ends by itself. exec.ts has no
// `namespaces`, no `created` and no FIFO, and its descriptors come with the request: one
// `go`, then the end of file. A midwife (midwife.ts), whose pid is known, is in the cgroup
// before its request comes, and has one word to say: `born`.
//
// Next: engine/libcontainer/init.ts
import { closeSync, readSync, writeSync } from 'node:fs'
import { EngineError, errorLine } from '../errors.ts'
import { isReadable } from '../syscalls/socket.ts'
import { type TraceRecord, traceTo } from '../trace/trace.ts'
import type { CgroupMounts } from './cgroups/cgroup.ts'
import type { Config } from './config/config.ts'
import type { Linux, Namespace } from './config/linux.ts'
import type { Process } from './config/process.ts'
import type { SeccompProgram } from './seccomp.ts'
import type { OciState } from './status.ts'

/** What init must know. It comes from our own other half, over a socket that nobody else has. */
export interface CreateRequest {
  kind: 'create'
  /** The host knows our pid, and we are in our cgroup: there is no `hello`, but the limits may not stand yet (reservation.ts). */
  settled: boolean
  id: string
  config: Config
  /** Absolute, on the host. */
  rootfs: string
  bundle: string
  cgroup: CgroupMounts
  seccomp?: EncodedProgram
  noPivot: boolean
  /** A session keyring of its own, keyrings(7). */
  newKeyring: boolean
  /** Dies with the one who started it: a container in the foreground. */
  dieWithParent: boolean
  /** The container's state, of which hooks are told; only its pid is not known yet. */
  state: OciState
  trace: boolean
}

/** What is open for the container. */
export interface Opened {
  /** `NAME=value` of the sockets that a service manager handed to us, for the container. */
  listenEnv: string[]
  fds: Descriptors
}

export interface ExecRequest extends Opened {
  kind: 'exec'
  id: string
  process: Process
  personality?: Linux['personality']
  /** Namespaces to enter, as open by the host: /proc/PID/ns/net and so on. */
  join: Namespace[]
  seccomp?: EncodedProgram
  newKeyring: boolean
  trace: boolean
}

/** JSON has no bytes. */
type EncodedProgram = Omit<SeccompProgram, 'bpf'> & { bpf: string }

/** Numbers, in init, of what it was born with; descriptors.ts has their order. */
export interface Descriptors {
  /** So many are on their way over a second socket, and all numbers here are places among them (idle-init.ts). */
  passed?: number
  /** Of 3 and up, which stay open in the container; all else closes. */
  keep: number
  /** FIFOs in the container's directory; exec has none. */
  go?: number
  result?: number
  /** Connected to whoever wants the master of the terminal. */
  console?: number
  /** Sources of idmapped mounts, by index in `mounts`. */
  trees?: Record<number, number>
}

export type InitMessage =
  | { type: 'ready' }
  | { type: 'hello'; pid: number }
  | { type: 'namespaces' }
  | { type: 'created' }
  | { type: 'born'; pid: number }
  | { type: 'trace'; record: TraceRecord }
  | { type: 'warning'; message: string }
  | { type: 'failed'; message: string; kind: EngineError['kind']; exitStatus: number }

/** Is there anything for the host to do once the namespaces are there, and nothing is mounted in them? */
export function wantsNamespaces({ hooks }: Config): boolean {
  return [hooks?.prestart, hooks?.createRuntime].some((list) => list !== undefined && list.length > 0)
}

/** init's end: synchronous, as everything in init. */
export class InitChannel {
  #fd: number
  #pending = ''

  constructor(fd: number) {
    this.#fd = fd
  }

  /** The next line. Exits when the host is gone: there is nobody to be a container for. */
  receive(): string {
    const chunk = Buffer.alloc(65_536)
    let end = this.#pending.indexOf('\n')
    const parts: Buffer[] = []
    while (end < 0) {
      const length = readSync(this.#fd, chunk)
      if (length === 0) process.exit(1)
      parts.push(Buffer.from(chunk.subarray(0, length)))
      if (chunk.subarray(0, length).includes(10)) {
        this.#pending += Buffer.concat(parts).toString()
        end = this.#pending.indexOf('\n')
      }
    }
    const line = this.#pending.slice(0, end)
    this.#pending = this.#pending.slice(end + 1)
    return line
  }

  /** Whether the host has said something already, or has gone. */
  get isAsked(): boolean {
    return this.#pending !== '' || isReadable(this.#fd)
  }

  say(message: InitMessage): void {
    let rest = Buffer.from(`${JSON.stringify(message)}\n`)
    // A socket may take less than it is given.
    while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest))
  }

  /** Tells the host something, and waits until it says `go`. */
  ask(message: InitMessage): void {
    this.say(message)
    this.receive()
  }

  fail(error: unknown): void {
    const { kind, exitStatus } =
      error instanceof EngineError ? error : ({ kind: 'internal', exitStatus: 125 } as const)
    this.say({ type: 'failed', message: errorLine(error), kind, exitStatus })
  }

  /** From here on the words go somewhere else: to the FIFO that `start` reads. */
  moveTo(fd: number): void {
    closeSync(this.#fd)
    this.#fd = fd
  }

  traceInit(): void {
    traceTo((record) => this.say({ type: 'trace', record }), 'init')
  }
}
