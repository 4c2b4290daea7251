// `tocker images`, `tocker image ls`.
import type { ImageSummary } from '../../api/image.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { imageListing, imageRows } from '../output/image-list.ts'
import { formatRows } from '../output/rows.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, formatFlag, noTruncFlag, quietFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  flags: [
    { name: 'all', short: 'a', help: 'Show all images (default hides intermediate images)' },
    { name: 'digests', help: 'Show digests' },
    { ...filterFlag, help: `${filterFlag.help}: dangling, label, before, since, until, reference` },
    formatFlag,
    noTruncFlag,
    quietFlag,
  ],
  arity: [0, 1],
  run: async ({ client, streams }, flags, [name]) => {
    const filters = flags.values('filter', parseFilter)
    const wanted = collectFilters(name === undefined ? filters : [...filters, ['reference', name]])
    const images = await client.json<ImageSummary[]>({
      path: '/images/json',
      query: { all: flags.on('all'), ...filtersQuery(wanted) },
    })
    const digests = flags.on('digests')
    const rows = imageRows(images, { noTrunc: flags.on('no-trunc'), digests })
    streams.out(
      formatRows(imageListing(digests), rows, { format: flags.text('format'), quiet: flags.on('quiet') }),
    )
    return 0
  },
}
