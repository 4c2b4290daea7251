// `tocker network prune`: takes away networks that no container uses.
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { confirm } from '../prompt.ts'
import type { Verb } from '../verb.ts'
import { forcePruneFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'filter', value: 'filter', list: true, help: 'Which of them: until=24h, label=a=b' },
    forcePruneFlag,
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const filters = collectFilters(flags.values('filter', parseFilter))
    const warning = 'WARNING! This will remove all custom networks not used by at least one container.'
    if (!flags.on('force') && !confirm(streams, warning)) return 0
    const { NetworksDeleted } = await client.json<{ NetworksDeleted: string[] | null }>({
      method: 'POST',
      path: '/networks/prune',
      query: filtersQuery(filters),
    })
    const deleted = NetworksDeleted ?? []
    if (deleted.length > 0) streams.out(`Deleted Networks:\n${deleted.map((name) => `${name}\n`).join('')}\n`)
    return 0
  },
}
