// A sandbox: a Linux machine that a lesson may break.
//
// Lessons and the site know this file and nothing behind it. Three providers
// stand behind it: our own VM (qemu.ts), any Linux host over SSH (ssh.ts), and
// this very machine (local.ts, only for those who ask for it by name).
//
// Vocabulary
//   exec    a command out of sight of the learner: its output comes back as a value
//   shell   a real terminal (PTY) with a shell in it, as the learner sees it
//   reset   the machine as it was before the first command
//   lost    the machine died or was reset under us: every shell of it is gone
//   ready   it is back; shells may be opened again
//
// Every method rejects with SandboxError, whose message is one line that says
// what is wrong and what to do.
//
// Next: sandbox-vm/open.ts
import type { Readable } from 'node:stream'

/** A command's environment and input. `timeout` is in milliseconds; running out of it rejects. */
export interface ExecOptions {
  cwd?: string
  env?: Readonly<Record<string, string>>
  /** A stream is read for as long as the command runs, and left alone then. */
  stdin?: string | Uint8Array | Readable
  timeout?: number
  signal?: AbortSignal
  /** Called with output as it comes, for live views. It still ends up in the result. */
  onStdout?: (chunk: Buffer) => void
  onStderr?: (chunk: Buffer) => void
}

/** How a command ended: exit status, or 128 + signal number as a shell reports it. */
export interface ExecResult {
  status: number
  stdout: string
  stderr: string
}

export interface ShellOptions {
  /** Size of the terminal, in character cells. */
  cols: number
  rows: number
  /** What to run, as argv. A login shell of root when left out. */
  command?: readonly string[]
  cwd?: string
  env?: Readonly<Record<string, string>>
}

/** A terminal in the sandbox. Bytes go both ways untouched: escape sequences are the caller's to read. */
export interface Shell {
  write(data: string | Uint8Array): void
  resize(cols: number, rows: number): void
  /** Calls back with each piece of output. Returns how to stop listening. */
  onData(listener: (chunk: Buffer) => void): () => void
  /** Resolves with the exit status when the shell ends; with 255 when the machine was lost. */
  readonly exited: Promise<number>
  close(): void
}

/** What became of the machine, for whoever shows it to a person. `reason` is one line. */
export type SandboxEvent =
  | { type: 'lost'; reason: string }
  | { type: 'restarting'; reason: string }
  | { type: 'ready' }

export interface Outside {
  /** Kernel of the machine that the learner sits at: `Linux 6.12.1`, `Darwin 25.0.0`. */
  kernel: string
  /** The VM, which is one process there; missing when the sandbox is no VM of ours. `kilobytes` are resident. */
  process?: { name: string; pid: number; kilobytes: number }
}

export interface Sandbox extends AsyncDisposable {
  /** `qemu`, `ssh://user@host` or `local`. */
  readonly name: string
  /** One line for people: `QEMU 7.2, emulated (TCG), 2 CPUs, 1024 MB, Debian 12, Linux 6.1.0`. */
  describe(): Promise<string>
  /** The same from the other side: what the learner's machine sees of it. */
  outside(): Promise<Outside>
  exec(command: string, options?: ExecOptions): Promise<ExecResult>
  shell(options: ShellOptions): Promise<Shell>
  /** Writes a file, making its directories; the old content stays until the new is complete. */
  put(path: string, content: string | Uint8Array, options?: { mode?: number }): Promise<void>
  get(path: string): Promise<Buffer>
  /**
   * Puts the first state back. Shells of every user of this machine end.
   * @throws SandboxError kind `busy` when another program uses the machine and `force` is not set.
   */
  reset(options?: { force?: boolean }): Promise<void>
  on(listener: (event: SandboxEvent) => void): () => void
  /** Lets go. The last one out stops the VM, unless it was told to keep it. */
  close(): Promise<void>
}

/**
 * - `missing`: a program, package or permission is not there; the message names it
 * - `space`: too little disk or memory; the message says how much there is and how much it takes
 * - `lost`: the machine died or was reset while we waited
 * - `timeout`: the command ran longer than allowed
 * - `busy`: somebody else is using it
 * - `unsupported`: this provider cannot do it, and why
 * - `failed`: anything else
 */
export type SandboxErrorKind = 'missing' | 'space' | 'lost' | 'timeout' | 'busy' | 'unsupported' | 'failed'

export class SandboxError extends Error {
  readonly kind: SandboxErrorKind

  constructor(kind: SandboxErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SandboxError'
    this.kind = kind
  }
}

/** What takes long, told as it goes: `done` of `total` in `unit`, or neither when nobody can know. */
export interface Progress {
  task: string
  done?: number
  total?: number
  unit?: 'bytes' | 'packages' | 'steps'
}

export interface OpenOptions {
  /** Leave the VM running when the last user closes. */
  keep?: boolean
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
  /** Directory with what is put to /opt/tocker in the sandbox; its content's hash decides if a copy is needed. */
  engine?: string
}
