// `tocker top`: the processes of a container, as the host's ps(1) sees them.
import { path } from '../../client/client.ts'
import { layOut } from '../output/table.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'CONTAINER [ps OPTIONS]',
  flags: [],
  arity: [1, Number.POSITIVE_INFINITY],
  passThrough: true,
  run: async ({ client, streams }, _flags, [name = '', ...options]) => {
    const { Titles, Processes } = await client.json<{ Titles: string[]; Processes: string[][] }>({
      path: path('/containers/', name, '/top'),
      query: { ps_args: options.join(' ') || undefined },
    })
    streams.out(layOut([Titles, ...Processes].map((row) => `${row.join('\t')}\n`).join(''), 20))
    return 0
  },
}
