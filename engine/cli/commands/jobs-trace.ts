// `tocker jobs trace`: every system call and command of one job, if somebody asked for them.
import { path } from '../../client/client.ts'
import { jsonLines } from '../../client/json-lines.ts'
import { EngineError } from '../../errors.ts'
import { reportLines, type ToldRecord } from '../../trace/report.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] JOB',
  flags: [{ name: 'json', help: 'One JSON object a line' }],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [id = '']) => {
    const records: ToldRecord[] = []
    for await (const record of jsonLines<ToldRecord>(
      await client.call({ path: path('/jobs/', id, '/trace') }),
    ))
      records.push(record)
    if (records.length === 0)
      throw new EngineError(
        'not-found',
        `nothing was kept of job ${id}: ask for it with 'tocker run --explain'`,
      )
    const size = streams.terminal()
    const lines = flags.on('json')
      ? records.map((record) => JSON.stringify(record))
      : reportLines(records, {
          colour: size !== undefined && !process.env.NO_COLOR,
          columns: size?.columns ?? 140,
        })
    streams.out(lines.map((line) => `${line}\n`).join(''))
    return 0
  },
}
