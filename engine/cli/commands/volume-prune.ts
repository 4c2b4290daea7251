// `tocker volume prune`: takes away volumes that no container uses; without -a those alone
// that nobody gave a name.
import type { VolumesPruneReport } from '../../api/volume.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { humanSize } from '../output/size.ts'
import { confirm } from '../prompt.ts'
import type { Verb } from '../verb.ts'
import { forcePruneFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'all', short: 'a', help: 'Remove all unused volumes, not just anonymous ones' },
    { name: 'filter', value: 'filter', list: true, help: 'Which of them: label=a=b' },
    forcePruneFlag,
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const all = flags.on('all')
    const filters = collectFilters(flags.values('filter', parseFilter))
    const warning = `WARNING! This will remove ${all ? 'all' : 'anonymous'} local volumes not used by at least one container.`
    if (!flags.on('force') && !confirm(streams, warning)) return 0
    const { VolumesDeleted, SpaceReclaimed } = await client.json<VolumesPruneReport>({
      method: 'POST',
      path: '/volumes/prune',
      query: filtersQuery(all ? { ...filters, all: ['true'] } : filters),
    })
    const deleted = VolumesDeleted ?? []
    const list =
      deleted.length > 0 ? `Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join('')}\n` : ''
    streams.out(`${list}Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
    return 0
  },
}
