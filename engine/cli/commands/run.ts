// `tocker run`: a container on this terminal.
//
// Flags become the config that libcontainer takes, the end of the container our
// exit status, as Docker has it.
//
// Next: engine/cli/commands/run-config.ts
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { mountOverlay } from '../../drivers/graph/overlay.ts'
import { EngineError } from '../../errors.ts'
import { countsSwap } from '../../libcontainer/cgroups/hierarchy.ts'
import { initCommand } from '../../libcontainer/init-command.ts'
import { runContainer } from '../../libcontainer/run.ts'
import { sweep } from '../../libcontainer/sweep.ts'
import { reportJson, reportLines } from '../../trace/report.ts'
import { type TraceRecord, traceTo } from '../../trace/trace.ts'
import { type RunFlags, runConfig } from './run-config.ts'
import { parseBytes } from './size.ts'

interface Flags extends RunFlags {
  rootfs: string
  layer?: string
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
    .option(
      '--layer <directory>',
      'write into this directory, and leave the root filesystem as it is (overlay)',
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

/** States of `tocker run`'s containers, apart from those of tocker-runtime. */
const root = '/run/tocker'

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
  const lower = checkRootfs(flags.rootfs)
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  const records: TraceRecord[] = []
  const keep = (record: TraceRecord): void => void records.push(record)
  const onWarning = (line: string): void => void process.stderr.write(`tocker: warning: ${line}\n`)
  await sweep(root, onWarning)
  if (flags.explain) traceTo(keep)
  try {
    const rootfs = flags.layer === undefined ? lower : mountOverlay([lower], resolve(flags.layer))
    const { status, oomKills } = await runContainer({
      ...{ root, id, bundle: rootfs },
      config: runConfig({ ...flags, id, rootfs, command, terminal, countsSwap: countsSwap() }),
      init: initCommand(),
      listener: { onTrace: keep, onWarning },
      trace: flags.explain !== undefined,
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

/** @returns its absolute path */
function checkRootfs(path: string): string {
  const absolute = resolve(path)
  const info = statSync(absolute, { throwIfNoEntry: false })
  if (!info)
    throw new EngineError(
      'not-found',
      `no root filesystem at ${absolute}: make one with 'tocker rootfs ${path}'`,
    )
  if (!info.isDirectory())
    throw new EngineError('invalid', `the root filesystem ${absolute} is not a directory`)
  if (absolute === '/')
    throw new EngineError('invalid', 'the root filesystem is this machine\'s own "/": give a directory')
  return absolute
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
