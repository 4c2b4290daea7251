// A config and a root filesystem, run on this terminal by libcontainer in this process.
//
// Next: engine/libcontainer/run.ts
import { EngineError } from '../../errors.ts'
import type { Config } from '../../libcontainer/config/config.ts'
import { initCommand } from '../../libcontainer/init-command.ts'
import { runContainer } from '../../libcontainer/run.ts'
import { sweep } from '../../libcontainer/sweep.ts'
import { located, reportJson, reportLines } from '../../trace/report.ts'
import { type TraceRecord, traceTo } from '../../trace/trace.ts'
import type { Flags } from '../flags.ts'
import type { Streams } from '../output/streams.ts'

/** States of `tocker run --rootfs`, apart from those of tocker-runtime and tockerd. */
const stateRoot = '/run/tocker'

export interface Bundle {
  id: string
  /** Absolute. */
  rootfs: string
  config: Config
}

/** @throws EngineError `unavailable` elsewhere than on Linux, `forbidden` without root */
export function requireRoot(): void {
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
}

/** Does the container get a terminal? @throws EngineError when -t insists and there is none */
export function hasTerminal(flags: Flags): boolean {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  if (flags.on('tty') && !terminal)
    throw new EngineError('invalid', 'the input device is not a TTY: leave out -t')
  return terminal && flags.text('tty') !== 'false'
}

/**
 * Runs `prepare`, and what it returns to its end; with --explain, everything that both do is told.
 * @returns the exit status of the container
 */
export async function runBundle(streams: Streams, flags: Flags, prepare: () => Bundle): Promise<number> {
  const records: TraceRecord[] = []
  const keep = (record: TraceRecord): void => void records.push(record)
  const onWarning = (line: string): void => streams.err(`tocker: warning: ${line}\n`)
  const format = flags.text('explain')
  await sweep(stateRoot, onWarning)
  if (format !== undefined) traceTo(keep)
  try {
    const { id, rootfs, config } = prepare()
    const { status, oomKills } = await runContainer({
      ...{ root: stateRoot, id, bundle: rootfs, config },
      init: initCommand(),
      listener: { onTrace: keep, onWarning },
      trace: format !== undefined,
    })
    if (oomKills > 0)
      streams.err(
        `tocker: the container ran out of memory: the OOM killer struck ${oomKills} time(s) inside it\n`,
      )
    return status
  } finally {
    traceTo(undefined)
    if (format !== undefined) streams.err(explanation(records, format))
  }
}

function explanation(records: readonly TraceRecord[], format: string): string {
  const { isTTY, columns } = process.stderr
  const colour = isTTY === true && process.env.NO_COLOR === undefined
  const lines =
    format === 'json'
      ? reportJson(records)
      : reportLines(located(records), { colour, columns: columns ?? 140 })
  return `${lines.join('\n')}\n`
}
