// `ps`: the processes inside a container, as ps(1) of the host shows them.
//
// The cgroup knows who is inside; ps(1) knows all about everybody: what it says
// is filtered by PID. What follows the id goes to ps(1).
import { EngineError } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'
import { loadState } from '../state.ts'
import { liveCgroup } from './container.ts'
import { checkFormat, formatFlag } from './list.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'ps displays the processes running inside a container',
  usage: '[options] <container-id> [ps options]',
  flags: [formatFlag],
  arity: [1, Number.POSITIVE_INFINITY],
  passThrough: true,
  async run(context, flags, [id = '', ...options]) {
    const format = checkFormat(flags.text('format'))
    const cgroup = await liveCgroup(context, loadState(context.root, id))
    const pids = cgroup.pids(true)
    if (format === 'json') context.print(JSON.stringify(pids))
    else context.print(selectLines(command('ps', ...(options.length > 0 ? options : ['-ef'])), pids))
    return 0
  },
}

/** The heading, and the lines of these processes. Pure. @throws EngineError without a PID column */
export function selectLines(output: string, pids: readonly number[]): string {
  const [heading = '', ...lines] = output.split('\n')
  const column = heading.trim().split(/\s+/).indexOf('PID')
  if (column < 0) throw new EngineError('invalid', "couldn't find PID field in ps output")
  const inside = new Set(pids.map(String))
  const chosen = lines.filter((line) => inside.has(line.trim().split(/\s+/)[column] ?? ''))
  return [heading, ...chosen].map((line) => `${line}\n`).join('')
}
