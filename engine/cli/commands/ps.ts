// `tocker ps`: containers of images. Those of `run --rootfs` leave nothing behind, and are in no list.
import type { ContainerSummary } from '../../api/container.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { containerListing, containerRows } from '../output/container-list.ts'
import { formatRows } from '../output/rows.ts'
import { parseInteger } from '../quantity.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, formatFlag, noTruncFlag, quietFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'all', short: 'a', help: 'Show all containers (default shows just running)' },
    { ...filterFlag, help: `${filterFlag.help}: name, status, label, ancestor, …` },
    formatFlag,
    { name: 'last', short: 'n', value: 'int', help: 'Show n last created containers (includes all states)' },
    { name: 'latest', short: 'l', help: 'Show the latest created container (includes all states)' },
    noTruncFlag,
    quietFlag,
    { name: 'size', short: 's', help: 'Display total file sizes' },
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const format = flags.text('format')
    const size = flags.on('size') || (format?.includes('.Size') ?? false)
    const last = flags.on('latest') ? 1 : (flags.value('last', parseInteger) ?? -1)
    const containers = await client.json<ContainerSummary[]>({
      path: '/containers/json',
      query: {
        ...{ all: flags.on('all') || last > 0, size, limit: last > 0 ? last : undefined },
        ...filtersQuery(collectFilters(flags.values('filter', parseFilter))),
      },
    })
    const rows = containerRows(containers, { noTrunc: flags.on('no-trunc') })
    streams.out(formatRows(containerListing(flags.on('size')), rows, { format, quiet: flags.on('quiet') }))
    return 0
  },
}
