// Finds the supervisor of an exec-root, or starts one.
//
// Called by the daemon when it starts, and when the supervisor is gone.
// Next: engine/daemon/supervisor/client.ts
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../errors.ts'
import { startDetached } from '../../syscalls/command.ts'
import { SupervisorClient } from './client.ts'

export interface LaunchOptions {
  /** The exec-root. */
  directory: string
  /** Node and the bundle tocker-supervisor. */
  command: readonly [node: string, ...args: string[]]
  /** Cgroup in which those of containers are. */
  cgroupParent?: string
}

/** Milliseconds: on a busy machine Node takes its time. */
const patience = 30_000

/** @throws EngineError `unavailable` with its last words, when it does not come up */
export async function openSupervisor(options: LaunchOptions): Promise<SupervisorClient> {
  const { directory } = options
  const there = await tryConnect(directory)
  if (there) return there
  start(options)
  for (const end = Date.now() + patience; Date.now() < end; ) {
    await sleep(10)
    const client = await tryConnect(directory)
    if (client) return client
  }
  const words = readFileSync(logOf(directory), 'utf8').trim().split('\n').at(-1)
  throw new EngineError('unavailable', `the supervisor does not come up: ${words || 'it said nothing'}`)
}

async function tryConnect(directory: string): Promise<SupervisorClient | undefined> {
  try {
    const client = await SupervisorClient.connect(directory)
    // One that is being killed takes connections until its last thread is gone: it counts when it answers.
    await client.list()
    return client
  } catch {
    // ENOENT: never started. ECONNREFUSED: it was killed, and its socket is a file.
    return undefined
  }
}

function logOf(directory: string): string {
  return join(directory, 'supervisor.log')
}

function start({ directory, command, cgroupParent = '/tocker' }: LaunchOptions): void {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const log = openSync(logOf(directory), 'a', 0o600)
  const none = openSync('/dev/null', 'r')
  const [file, ...args] = command
  try {
    startDetached({
      file,
      args: [...args, directory, cgroupParent],
      stdio: [none, log, log],
      env: process.env,
    })
  } finally {
    closeSync(log)
    closeSync(none)
  }
}
