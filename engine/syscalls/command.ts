// External commands: what a learner could type in place of us, such as ip(8), and
// the hooks of a container. The only file of the engine that runs one and waits
// for its end, so that the trace has them all.
//
// node:child_process and not execa: init is synchronous and starts for every
// container, and execa takes 20 ms to load where Node itself takes 25. Even
// node:child_process takes 5, so it is loaded when a command is run.
import type * as ChildProcess from 'node:child_process'
import { constants } from 'node:os'
import { EngineError } from '../errors.ts'
import { traced, tracedAsync } from '../trace/trace.ts'

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
      const result = childProcess().spawnSync(file, args, { encoding: 'utf8', maxBuffer: Infinity })
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

/**
 * A word with a program: writes `input` to it and takes what it answers, also when it fails.
 * The trace shows its name and arguments, never what was said: it may be a password.
 * @throws EngineError `unavailable` when there is no such program
 */
export function converse(
  file: string,
  args: readonly string[],
  input: string,
): { status: number; stdout: string; stderr: string } {
  return traced(
    'command',
    file,
    () => args.join(' '),
    () => {
      const result = childProcess().spawnSync(file, args, { encoding: 'utf8', input, maxBuffer: Infinity })
      if (codeOf(result.error) === 'ENOENT')
        throw new EngineError('unavailable', `the program ${file} is not installed`)
      // EPIPE: it did not care to read, which is its own business.
      return { status: result.status ?? -1, stdout: result.stdout ?? '', stderr: result.stderr ?? '' }
    },
    ({ status }) => String(status),
  )
}

/**
 * Runs a command that reads `input`, while we do other things: `ip -batch -`, `nft -f -`. The trace shows what it
 * read, a line each.
 * @returns what it printed
 * @throws EngineError `unavailable` when there is no such program, `internal` with its last words when it fails
 */
export function commandWith(file: string, args: readonly string[], input: string): Promise<string> {
  return tracedAsync(
    'command',
    file,
    () => `${args.join(' ')}${input === '' ? '' : ` <<< ${input.trim().split('\n').join('; ')}`}`,
    () =>
      new Promise<string>((resolve, reject) => {
        const child = childProcess().spawn(file, [...args], { stdio: ['pipe', 'pipe', 'pipe'] })
        const [out, err]: [Buffer[], Buffer[]] = [[], []]
        child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
        child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
        // EPIPE: it gave up before it had read all, and says why.
        child.stdin.on('error', () => {})
        child.once('error', (cause) => {
          const missing = codeOf(cause) === 'ENOENT'
          const reason = missing ? `the program ${file} is not installed` : `start ${file}`
          reject(new EngineError('unavailable', reason, missing ? {} : { cause }))
        })
        child.once('close', (status, signal) => {
          if (status === 0) return resolve(Buffer.concat(out).toString())
          const words = Buffer.concat(err).toString().trim() || endOf({ status, signal })
          reject(new EngineError('internal', `${file} ${args.join(' ')}: ${words}`))
        })
        child.stdin.end(input)
      }),
  )
}

/**
 * What a command prints, as it comes. Whoever stops to ask for more ends it, and so does the signal.
 * @throws EngineError `unavailable` when there is no such program, `internal` with its last words when it fails
 */
export async function* printed(
  file: string,
  args: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const child = traced(
    'command',
    file,
    () => args.join(' '),
    () => childProcess().spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }),
    ({ pid }) => `${pid}`,
  )
  const err: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const end = Promise.withResolvers<[number | null, NodeJS.Signals | null]>()
  child.once('error', end.reject)
  child.once('close', (status, by) => end.resolve([status, by]))
  const stop = (): void => void child.kill()
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  try {
    for await (const chunk of child.stdout) yield chunk
    const [status, by] = await end.promise
    if (signal?.aborted || status === 0) return
    const words = Buffer.concat(err).toString().trim() || endOf({ status, signal: by })
    throw new EngineError('internal', `${file} ${args.join(' ')}: ${words}`)
  } catch (cause) {
    if (!(cause instanceof Error) || codeOf(cause) !== 'ENOENT') throw cause
    throw new EngineError('unavailable', `the program ${file} is not installed`)
  } finally {
    signal?.removeEventListener('abort', stop)
    end.promise.catch(() => {})
    stop()
  }
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

export interface Background {
  file: string
  args: readonly string[]
  /** Its descriptors from 0 on, as open here. */
  stdio: readonly number[]
  env: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a program while we do other things: for a program that may take its time, and must not hold up others.
 * @returns how it ended: 128 + signal if by one. @throws EngineError `unavailable` when there is no such program
 */
export function background(program: Background): Promise<number> {
  return startChild(program).ended
}

/**
 * The same for a program whose PID matters.
 * @param detached in a session of its own: no key of our terminal reaches it
 * @returns its PID, 0 when it could not be started: then `ended` rejects as that of background() does
 */
export function startChild(
  { file, args, stdio, env }: Background,
  detached = false,
): { pid: number; ended: Promise<number> } {
  const child = traced(
    'command',
    file,
    () => args.join(' '),
    () => childProcess().spawn(file, args, { stdio: [...stdio], env, detached }),
    ({ pid }) => `${pid}`,
  )
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => {
      const missing = codeOf(cause) === 'ENOENT'
      const reason = missing ? `the program ${file} is not installed` : `start ${file}`
      reject(new EngineError('unavailable', reason, missing ? {} : { cause }))
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
  return { pid: child.pid ?? 0, ended }
}

/** Starts a program that is to outlive us: in a session of its own, so that no key and no end of ours reaches it. */
export function startDetached({ file, args, stdio, env }: Background): void {
  const child = traced(
    'command',
    file,
    () => args.join(' '),
    () => childProcess().spawn(file, args, { stdio: [...stdio], env, detached: true, cwd: '/' }),
    ({ pid }) => `${pid}`,
  )
  // ENOENT and its kin: whoever waits for the program to answer says that it does not.
  child.on('error', () => {})
  child.unref()
}

function endOf({ status, signal }: { status: number | null; signal: string | null }): string {
  return signal === null ? `exit status ${status}` : `ended by ${signal}`
}

function codeOf(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : ''
}
