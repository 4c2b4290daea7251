// `tocker volume ls`.
import type { VolumeListResponse } from '../../api/volume.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { volumeListing, volumeRows } from '../output/network-list.ts'
import { formatRows } from '../output/rows.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, formatFlag, quietFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [filterFlag, formatFlag, { ...quietFlag, help: 'Only display volume names' }],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const filters = collectFilters(flags.values('filter', parseFilter))
    const { Volumes } = await client.json<{ Volumes: VolumeListResponse['Volumes'] | null }>({
      path: '/volumes',
      query: filtersQuery(filters),
    })
    streams.out(
      formatRows(volumeListing, volumeRows(Volumes ?? []), {
        format: flags.text('format'),
        quiet: flags.on('quiet'),
      }),
    )
    return 0
  },
}
