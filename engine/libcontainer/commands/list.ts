// `list`: all containers under --root.
import { readFileSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import { listIds, loadState } from '../state.ts'
import type { Flag } from './arguments.ts'
import { statusNow } from './container.ts'
import { describeContainer } from './state.ts'
import type { Context, Verb } from './verb.ts'

export const formatFlag: Flag = {
  name: 'format',
  short: 'f',
  kind: 'text',
  help: 'select one of: table or json (default: "table")',
}

export const verb: Verb = {
  summary: 'lists containers started by tocker-runtime with the given root',
  usage: '[options]',
  flags: [formatFlag, { name: 'quiet', short: 'q', kind: 'switch', help: 'display only container IDs' }],
  arity: [0, 0],
  async run(context, flags) {
    const format = checkFormat(flags.text('format'))
    const containers = await readAll(context)
    if (flags.on('quiet')) context.print(containers.map(({ id }) => `${id}\n`).join(''))
    else if (format === 'json') context.print(JSON.stringify(containers))
    else context.print(table(containers))
    return 0
  },
}

export function checkFormat(format = 'table'): 'table' | 'json' {
  if (format !== 'table' && format !== 'json') throw new EngineError('invalid', 'invalid format option')
  return format
}

type Row = ReturnType<typeof describeContainer>

async function readAll(context: Context): Promise<Row[]> {
  const owners = userNames()
  const rows: Row[] = []
  for (const id of listIds(context.root)) {
    try {
      const state = loadState(context.root, id)
      const owner = owners.get(state.owner) ?? `#${state.owner}`
      rows.push(describeContainer(state, await statusNow(context, state), owner))
    } catch (error) {
      // One that is damaged, or just being made or deleted, must not hide the others.
      context.log('warning', `load container ${id}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return rows
}

/** passwd(5): names by number. */
function userNames(): Map<number, string> {
  const text = readText('/etc/passwd')
  const entries = text.split('\n').map((line) => line.split(':'))
  return new Map(entries.map(([name = '', , uid]) => [Number(uid ?? -1), name]))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Columns of 12 cells at least, three apart: what scripts cut out of runc's table stands in the same place. Pure. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'],
    ...rows.map((row) => [row.id, String(row.pid), row.status, row.bundle, row.created, row.owner]),
  ]
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(12, ...lines.map((line) => (line[column] ?? '').length + 3)),
  )
  return lines
    .map(
      (line) =>
        `${line.map((cell, at) => (at === line.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('')}\n`,
    )
    .join('')
}
