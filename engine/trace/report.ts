// The X-ray as people read it: one line a call, in the order of the clock.
//
// `tocker run --explain` prints it to stderr, where it does not mix with what
// the container writes; `--explain=json` gives the same as JSON lines.
import { styleText } from 'node:util'
import { sourceOf } from './source.ts'
import type { TraceRecord } from './trace.ts'

/** A record as it is told: where it was made is a line of ours, and no stack. */
export interface ToldRecord extends Omit<TraceRecord, 'frames'> {
  /** `engine/libcontainer/rootfs.ts:31`; empty when unknown. */
  source: string
}

/** Records of all processes, oldest first. */
export function located(records: readonly TraceRecord[]): ToldRecord[] {
  return records
    .toSorted((a, b) => a.at - b.at)
    .map(({ frames, ...record }) => ({ ...record, source: sourceOf(frames) }))
}

export interface ReportOptions {
  colour: boolean
  /** Width of the terminal, in cells. */
  columns: number
  /** When it all began, where that is not the first record: milliseconds since the epoch. */
  from?: number
}

/** Calls of one kind from one line of source: so many are told one by one. */
const told = 3

/**
 * Repetition, folded: of many calls alike, 27 capabilities dropped one by one, the
 * first stay, and the last of them says how many follow. Pure.
 */
export function fold<T extends { name: string; source: string }>(
  rows: readonly T[],
): (T & { more: number })[] {
  const out: (T & { more: number })[] = []
  let run = 0
  for (const row of rows) {
    const last = out.at(-1)
    const same =
      last !== undefined && last.name === row.name && last.source === row.source && row.source !== ''
    run = same ? run + 1 : 1
    if (last !== undefined && same && run > told) last.more++
    else out.push({ ...row, more: 0 })
  }
  return out
}

/** As aligned lines, in the order in which they come. */
export function reportLines(records: readonly ToldRecord[], options: ReportOptions): string[] {
  const first = options.from ?? records[0]?.at ?? 0
  const rows = fold(records.map((record) => ({ record, name: record.name, source: record.source })))
  const whoWidth = Math.max(6, ...records.map(({ process }) => process.length))
  const sourceWidth = Math.max(6, ...rows.map(({ source }) => source.length - 'engine/'.length))
  const callWidth = Math.max(30, options.columns - sourceWidth - whoWidth - 27)
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const head = `${'ms'.padStart(7)}  ${'took'.padStart(6)}  ${'who'.padEnd(whoWidth)}  ${'call'.padEnd(callWidth)}  ${'result'.padEnd(7)} source`
  return [
    paint('dim', head),
    ...rows.map(({ record, source, more }) => {
      const args = record.kind === 'syscall' ? `(${record.args})` : ` ${record.args}`
      const call = fit(`${record.name}${args}`, callWidth)
      const failed = /^E[A-Z]/.test(record.result) || record.result === 'failed'
      const named =
        paint(record.kind === 'syscall' ? 'bold' : 'magenta', record.name) + call.slice(record.name.length)
      return [
        paint('dim', (record.at - first).toFixed(1).padStart(7)),
        paint('dim', record.milliseconds.toFixed(2).padStart(6)),
        paint(record.process === 'init' ? 'cyan' : 'green', record.process.padEnd(whoWidth)),
        named,
        `${paint(failed ? 'red' : 'dim', `= ${record.result}`.padEnd(7))} ${paint('blue', source.replace('engine/', ''))}`,
        ...(more > 0 ? [paint('dim', `and ${more} more like it`)] : []),
      ].join('  ')
    }),
  ]
}

/** The same for programs: one JSON object a record, with `source` in place of frames. */
export function reportJson(records: readonly TraceRecord[]): string[] {
  return located(records).map((record) => JSON.stringify(record))
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}
