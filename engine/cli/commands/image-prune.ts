// `tocker image prune`: takes away what nobody uses.
import type { ImagesPruneReport } from '../../api/image.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { deletions } from '../output/deletions.ts'
import { humanSize } from '../output/size.ts'
import { confirm } from '../prompt.ts'
import type { Verb } from '../verb.ts'
import { forcePruneFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'all', short: 'a', help: 'Remove all unused images, not just dangling ones' },
    { name: 'filter', value: 'filter', list: true, help: 'Which of them: until=24h, label=a=b, label!=c' },
    forcePruneFlag,
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const all = flags.on('all')
    const filters = collectFilters(flags.values('filter', parseFilter))
    const warning = `WARNING! This will remove all ${all ? 'images without at least one container associated to them' : 'dangling images'}.`
    if (!flags.on('force') && !confirm(streams, warning)) return 0
    const report = await client.json<ImagesPruneReport>({
      method: 'POST',
      path: '/images/prune',
      query: filtersQuery({ ...filters, dangling: [String(!all)] }),
    })
    const items = report.ImagesDeleted ?? []
    const list = items.length > 0 ? `Deleted Images:\n${deletions(items, 'untagged', 'deleted')}\n` : ''
    streams.out(`${list}Total reclaimed space: ${humanSize(report.SpaceReclaimed)}\n`)
    return 0
  },
}
