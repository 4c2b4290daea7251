// `tocker network ls`.
import type { Network } from '../../api/network.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { networkListing, networkRows } from '../output/network-list.ts'
import { formatRows } from '../output/rows.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, formatFlag, noTruncFlag, quietFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [filterFlag, formatFlag, noTruncFlag, quietFlag],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const filters = collectFilters(flags.values('filter', parseFilter))
    const networks = await client.json<Network[]>({ path: '/networks', query: filtersQuery(filters) })
    const rows = networkRows(networks, flags.on('no-trunc'))
    streams.out(formatRows(networkListing, rows, { format: flags.text('format'), quiet: flags.on('quiet') }))
    return 0
  },
}
