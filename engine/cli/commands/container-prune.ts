// `tocker container prune`: takes away all containers that do not run.
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { humanSize } from '../output/size.ts'
import { confirm } from '../prompt.ts'
import type { Verb } from '../verb.ts'
import { forcePruneFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'filter', value: 'filter', list: true, help: 'Which of them: until=24h, label=a=b, label!=c' },
    forcePruneFlag,
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const filters = collectFilters(flags.values('filter', parseFilter))
    if (!flags.on('force') && !confirm(streams, 'WARNING! This will remove all stopped containers.')) return 0
    const { ContainersDeleted, SpaceReclaimed } = await client.json<{
      ContainersDeleted: string[] | null
      SpaceReclaimed: number
    }>({ method: 'POST', path: '/containers/prune', query: filtersQuery(filters) })
    const deleted = ContainersDeleted ?? []
    const list = deleted.length > 0 ? `Deleted Containers:\n${deleted.map((id) => `${id}\n`).join('')}\n` : ''
    streams.out(`${list}Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
    return 0
  },
}
