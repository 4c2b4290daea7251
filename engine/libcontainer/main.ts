// `tocker-runtime`: runc's command line, so that podman, containerd and dockerd
// can take it for runc.
//
//   tocker-runtime [--root … --log …] create --bundle … id
//                  ^ global flags     ^ verb, its flags and arguments
//
// Each verb stands in a file of its own, loaded when it is called: `state` must
// not pay for what `create` needs. Managers read three things of a command that
// fails: its exit status, the last line of --log, and stderr.
//
// Next: engine/libcontainer/commands/create.ts
import { readFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EngineError, errorLine } from '../errors.ts'
import { packageVersion } from '../version.ts'
import { describeFlags, type Flag, type Flags, parseArguments } from './commands/arguments.ts'
import type { Context, Engine, Verb } from './commands/verb.ts'
import { specVersion } from './config/names.ts'
import { type Log, openLog } from './log.ts'

const verbs: Readonly<Record<string, () => Promise<{ verb: Verb }>>> = {
  create: () => import('./commands/create.ts'),
  delete: () => import('./commands/delete.ts'),
  events: () => import('./commands/events.ts'),
  exec: () => import('./commands/exec.ts'),
  features: () => import('./commands/features.ts'),
  kill: () => import('./commands/kill.ts'),
  list: () => import('./commands/list.ts'),
  pause: () => import('./commands/pause.ts'),
  ps: () => import('./commands/ps.ts'),
  resume: () => import('./commands/resume.ts'),
  run: () => import('./commands/run.ts'),
  spec: () => import('./commands/spec.ts'),
  start: () => import('./commands/start.ts'),
  state: () => import('./commands/state.ts'),
  update: () => import('./commands/update.ts'),
}

const globalFlags: readonly Flag[] = [
  { name: 'debug', kind: 'switch', help: 'enable debug logging' },
  { name: 'log', kind: 'text', help: "set the log file to write logs to (default is '/dev/stderr')" },
  { name: 'log-format', kind: 'text', help: "set the log format ('text' (default), or 'json')" },
  { name: 'root', kind: 'text', help: 'root directory for storage of container state (on a tmpfs, best)' },
  { name: 'criu', kind: 'text', help: 'taken, and not used: there is no checkpoint here' },
  {
    name: 'systemd-cgroup',
    kind: 'switch',
    help: 'taken, and refused with what to do instead: cgroups are made here, not by systemd',
  },
  { name: 'rootless', kind: 'text', help: "ignore cgroup permission errors ('true', 'false', or 'auto')" },
  { name: 'help', short: 'h', kind: 'switch', help: 'show help' },
  { name: 'version', short: 'v', kind: 'switch', help: 'print the version' },
]
const helpFlag: Flag = { name: 'help', short: 'h', kind: 'switch', help: 'show help' }

export interface Terminal {
  out(text: string): void
  err(text: string): void
}

/** Descriptors 1 and 2, written at once: process.stdout would still be writing when we exit. */
const terminal: Terminal = { out: (text) => write(1, text), err: (text) => write(2, text) }

/**
 * One command from its words to its exit status. Never throws.
 * @param words what follows the program's name
 */
export async function main(
  words: readonly string[],
  engine: Engine,
  to: Terminal = terminal,
): Promise<number> {
  let log: Log = openLog({ format: 'text', debug: false }, to.err)
  let verb: Verb | undefined
  let name = ''
  try {
    const { flags, args } = parseArguments(words, globalFlags, true)
    log = openLog(logOptions(flags), to.err)
    const [first, ...rest] = args
    if (flags.on('version'))
      return print(
        to,
        `tocker-runtime version ${packageVersion()}\nspec: ${specVersion}\nnode: ${process.version}\n`,
      )
    const asks = first === 'help' || first === 'h'
    if (first === undefined || flags.on('help') || (asks && rest[0] === undefined))
      return print(to, await help())
    name = asks ? (rest[0] ?? '') : first
    const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined
    if (load === undefined) {
      if (['checkpoint', 'restore'].includes(name))
        throw new EngineError('not-implemented', `${name} is unsupported: a container here cannot be saved`)
      log.fatal(`No help topic for '${name}'`)
      return 3
    }
    verb = (await load()).verb
    return await runVerb(name, verb, asks ? ['--help'] : rest, contextOf(flags, log, engine, to))
  } catch (error) {
    log.fatal(`${prefixes[name] ?? ''}${errorLine(error)}`)
    if (error instanceof Error && !(error instanceof EngineError)) log('debug', error.stack ?? '')
    return verb?.failure ?? 1
  }
}

/** As runc begins its lines, which managers show to their users. */
const prefixes: Readonly<Record<string, string>> = {
  create: 'tocker-runtime create failed: ',
  run: 'tocker-runtime run failed: ',
  exec: 'exec failed: ',
}

async function runVerb(
  name: string,
  verb: Verb,
  words: readonly string[],
  context: Context,
): Promise<number> {
  const known = [...verb.flags, helpFlag]
  const { flags, args } = parseArguments(words, known, verb.passThrough ?? false)
  if (flags.on('help')) {
    context.print(
      `tocker-runtime ${name} - ${verb.summary}\n\nUSAGE:\n   tocker-runtime ${name} ${verb.usage}\n\nOPTIONS:\n${describeFlags(known)}`,
    )
    return 0
  }
  const [least, most] = verb.arity
  if (args.length < least || args.length > most) {
    const count = least === most ? `exactly ${least}` : `a minimum of ${least}`
    throw new EngineError('invalid', `tocker-runtime: "${name}" requires ${count} argument(s)`)
  }
  return verb.run(context, flags, args)
}

function contextOf(flags: Flags, log: Log, engine: Engine, to: Terminal): Context {
  return {
    root: resolve(flags.text('root') || defaultRoot()),
    systemdCgroup: flags.on('systemd-cgroup'),
    rootless: rootless(flags.text('rootless') ?? 'auto'),
    log,
    print: to.out,
    engine,
  }
}

/** Empties itself at every boot, as it should: containers do not outlive one. */
function defaultRoot(): string {
  const { XDG_RUNTIME_DIR: own, USER } = process.env
  // Root of a user namespace is a user with podman before it, or a container's root with neither.
  const isUser = process.geteuid?.() !== 0 || (isRootless() && USER !== 'root')
  return join(isUser && own ? own : '/run', 'tocker-runtime')
}

function rootless(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text !== 'auto')
    throw new EngineError('invalid', `invalid value "${text}" for flag -rootless: true, false or auto`)
  return isRootless()
}

/** Root of a user namespace is nobody special outside: its map is not the whole line. */
function isRootless(): boolean {
  return (
    process.geteuid?.() !== 0 || !/^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8'))
  )
}

function logOptions(flags: Flags) {
  const format = flags.text('log-format') || 'text'
  if (format !== 'text' && format !== 'json')
    throw new EngineError('invalid', `invalid log-format: ${format}`)
  const file = flags.text('log')
  return { ...(file ? { file } : {}), format, debug: flags.on('debug') } as const
}

function print(to: Terminal, text: string): 0 {
  to.out(text)
  return 0
}

async function help(): Promise<string> {
  const loaded = await Promise.all(
    Object.entries(verbs).map(async ([name, load]) => [name, (await load()).verb] as const),
  )
  const list = loaded.map(([name, verb]) => `   ${name.padEnd(9)} ${verb.summary}\n`).join('')
  return `tocker-runtime - an OCI runtime, written to be read\n\nUSAGE:\n   tocker-runtime [global options] command [command options] [arguments...]\n\nCOMMANDS:\n${list}\nGLOBAL OPTIONS:\n${describeFlags(globalFlags)}`
}

function write(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      // A pipe that its reader made non-blocking is full; anything else, EPIPE say, means that nobody reads.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
