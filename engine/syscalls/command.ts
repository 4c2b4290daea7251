// External commands: what a learner could type in place of us, such as ip(8), and
// the hooks of a container. The only file of the engine that runs one and waits
// for its end, so that the trace has them all.
//
// node:child_process and not execa: init is synchronous and starts for every
// container, and execa takes 20 ms to load where Node itself takes 25. Even
// node:child_process takes 5, so it is loaded when a command is run.
import type * as ChildProcess from 'node:child_process'
import { EngineError } from '../errors.ts'
import { traced } from '../trace/trace.ts'

function childProcess(): typeof ChildProcess {
  return process.getBuiltinModule('node:child_process')
}

/**
 * Runs a command to its end, synchronously: it inherits the namespaces of this thread.
 * @throws EngineError `unavailable` when there is no such program, `internal` with its last words when it fails
 */
export function command(file: string, ...args: string[]): string {
  return traced(
    'command',
    file,
    () => args.join(' '),
    () => {
      const result = childProcess().spawnSync(file, args, { encoding: 'utf8' })
      if (codeOf(result.error) === 'ENOENT')
        throw new EngineError('unavailable', `the program ${file} is not installed`)
      if (result.status !== 0)
        throw new EngineError(
          'internal',
          `${file} ${args.join(' ')}: ${result.stderr?.trim() || result.error?.message || endOf(result)}`,
        )
      return result.stdout.replace(/\n$/, '')
    },
  )
}

export interface Program {
  file: string
  /** args[0] is what the program is told its name is; left out, `file`. */
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** Descriptors that become its 0, and its 1 and 2. */
  input: number
  output: number
  /** Milliseconds, after which SIGKILL ends it. */
  timeout?: number
}

/** Runs a program to its end. @returns why it failed: `exit status 3`; undefined when it did not */
export function runProgram({ file, args, env, input, output, timeout }: Program): string | undefined {
  return traced(
    'command',
    file,
    () => args.slice(1).join(' '),
    () => {
      const result = childProcess().spawnSync(file, args.slice(1), {
        argv0: args[0] ?? file,
        env,
        stdio: [input, output, output],
        killSignal: 'SIGKILL',
        ...(timeout === undefined ? {} : { timeout }),
      })
      if (codeOf(result.error) === 'ETIMEDOUT')
        return `killed: it took longer than ${(timeout ?? 0) / 1000} s`
      if (result.error) return codeOf(result.error)
      return result.status === 0 ? undefined : endOf(result)
    },
    (failure) => failure ?? '0',
  )
}

function endOf({ status, signal }: { status: number | null; signal: string | null }): string {
  return signal === null ? `exit status ${status}` : `ended by ${signal}`
}

function codeOf(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : ''
}
