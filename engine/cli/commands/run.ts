// `tocker run`: a container on this terminal.
//
// Turns flags into the config that libcontainer takes, and the end of the
// container into our exit status, as Docker does.
//
// Next: engine/libcontainer/create.ts
import { randomBytes } from 'node:crypto'
import { Command, InvalidArgumentError, Option } from 'commander'
import { EngineError } from '../../errors.ts'
import { runContainer } from '../../libcontainer/create.ts'
import type { Limits } from '../../libcontainer/spec.ts'
import { reportJson, reportLines } from '../../trace/report.ts'
import { type TraceRecord, traceTo } from '../../trace/trace.ts'
import { parseBytes } from './size.ts'

interface Flags {
  rootfs: string
  memory?: number
  pidsLimit?: number
  hostname?: string
  workdir: string
  env: Record<string, string>
  network: 'none' | 'host'
  readOnly?: boolean
  explain?: true | 'text' | 'json'
}

export function runCommand(): Command {
  return new Command('run')
    .description('run a command in a new container')
    .argument('<command...>', 'the command and its arguments, after --')
    .requiredOption('--rootfs <directory>', 'what becomes "/" of the container')
    .option(
      '-m, --memory <bytes>',
      'memory limit, as 200M; the OOM killer strikes inside',
      argument(parseBytes),
    )
    .option('--pids-limit <n>', 'how many processes it may have', argument(parseCount))
    .option('-h, --hostname <name>', 'its host name (its id when left out)')
    .option('-w, --workdir <directory>', 'working directory inside', '/')
    .option('-e, --env <NAME=value>', 'environment variable; may be repeated', argument(parseEnv), {})
    .addOption(
      new Option('--network <mode>', 'none: only lo; host: the network of this machine')
        .choices(['none', 'host'])
        .default('none'),
    )
    .option('--read-only', 'no writes to the root filesystem')
    .addOption(
      new Option('--explain [format]', 'X-ray: every system call and command, on stderr').choices([
        'text',
        'json',
      ]),
    )
    .helpOption('--help', 'display help for command')
    .passThroughOptions()
    .action(run)
}

async function run(command: string[], flags: Flags): Promise<void> {
  if (process.platform !== 'linux')
    throw new EngineError(
      'unavailable',
      'containers are made of Linux namespaces: run tocker in the sandbox (learn-containers vm ssh)',
    )
  if (process.getuid?.() !== 0)
    throw new EngineError(
      'forbidden',
      'namespaces and cgroups need root: run it with sudo, or in the sandbox (learn-containers vm ssh)',
    )
  const id = randomBytes(6).toString('hex')
  const records: TraceRecord[] = []
  const keep = (record: TraceRecord): void => void records.push(record)
  if (flags.explain) traceTo(keep)
  try {
    const limits: Limits = {
      ...(flags.memory === undefined ? {} : { memory: flags.memory }),
      ...(flags.pidsLimit === undefined ? {} : { pids: flags.pidsLimit }),
    }
    const { status, oomKills } = await runContainer({
      config: {
        id,
        rootfs: flags.rootfs,
        readonly: flags.readOnly ?? false,
        hostname: flags.hostname ?? id,
        network: flags.network,
        process: {
          args: command,
          cwd: flags.workdir,
          env: {
            PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
            HOME: '/root',
            HOSTNAME: flags.hostname ?? id,
            ...terminal(),
            ...flags.env,
          },
        },
        trace: flags.explain !== undefined,
      },
      limits,
      init: [process.execPath, process.argv[1] ?? '', 'init'],
      onTrace: keep,
      onWarning: (message) => void process.stderr.write(`tocker: warning: ${message}\n`),
    })
    if (oomKills > 0)
      process.stderr.write(
        `tocker: the container ran out of memory: the OOM killer struck ${oomKills} time(s) inside it\n`,
      )
    process.exitCode = status
  } finally {
    traceTo(undefined)
    if (flags.explain) explain(records, flags.explain)
  }
}

function terminal(): Record<string, string> {
  return process.stdin.isTTY && process.env.TERM ? { TERM: process.env.TERM } : {}
}

function explain(records: readonly TraceRecord[], format: true | 'text' | 'json'): void {
  const { isTTY, columns } = process.stderr
  const colour = isTTY === true && process.env.NO_COLOR === undefined
  const lines =
    format === 'json' ? reportJson(records) : reportLines(records, { colour, columns: columns ?? 140 })
  process.stderr.write(`${lines.join('\n')}\n`)
}

/** A parser for commander: what it throws becomes one line for the user. */
function argument<T>(parse: (text: string, previous: T) => T): (text: string, previous: T) => T {
  return (text, previous) => {
    try {
      return parse(text, previous)
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
    }
  }
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError('it is a whole number from 1')
  return Number(text)
}

/** `NAME=value`, or `NAME` for the value that it has here. */
function parseEnv(text: string, previous: Record<string, string>): Record<string, string> {
  const [, name = '', value] = /^([^=]+)(?:=([\s\S]*))?$/.exec(text) ?? []
  if (name === '') throw new RangeError('it is NAME=value')
  return { ...previous, [name]: value ?? process.env[name] ?? '' }
}
