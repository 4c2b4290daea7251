// `tocker system prune`: everything that nobody uses, in the order in which it becomes unused.

import type { ImagesPruneReport } from '../../api/image.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { deletions } from '../output/deletions.ts'
import { humanSize } from '../output/size.ts'
import { confirm } from '../prompt.ts'
import type { Verb } from '../verb.ts'
import { forcePruneFlag } from './format-flag.ts'

interface Report extends Partial<ImagesPruneReport> {
  ContainersDeleted?: string[] | null
  NetworksDeleted?: string[] | null
  VolumesDeleted?: string[] | null
  CachesDeleted?: string[] | null
}

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'all', short: 'a', help: 'Remove all unused images not just dangling ones' },
    { name: 'filter', value: 'filter', list: true, help: 'Which of them: until=24h, label=a=b' },
    forcePruneFlag,
    { name: 'volumes', help: 'Prune anonymous volumes' },
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const [all, volumes] = [flags.on('all'), flags.on('volumes')]
    const filters = collectFilters(flags.values('filter', parseFilter))
    if (!flags.on('force') && !confirm(streams, warning(all, volumes))) return 0
    const prune = (kind: string, more: Record<string, string[]> = {}): Promise<Report> =>
      client.json<Report>({
        method: 'POST',
        path: `/${kind}/prune`,
        query: filtersQuery({ ...filters, ...more }),
      })
    let bytes = 0
    const tell = (title: string, { SpaceReclaimed = 0 }: Report, lines: string): void => {
      bytes += SpaceReclaimed
      if (lines !== '') streams.out(`${title}:\n${lines}\n`)
    }
    const list = (names: readonly string[] | null | undefined): string =>
      (names ?? []).map((name) => `${name}\n`).join('')
    const containers = await prune('containers')
    tell('Deleted Containers', containers, list(containers.ContainersDeleted))
    const networks = await prune('networks')
    tell('Deleted Networks', networks, list(networks.NetworksDeleted))
    if (volumes) {
      const report = await prune('volumes')
      tell('Deleted Volumes', report, list(report.VolumesDeleted))
    }
    const images = await prune('images', { dangling: [String(!all)] })
    tell('Deleted Images', images, deletions(images.ImagesDeleted ?? [], 'untagged', 'deleted'))
    const cache = await prune('build')
    tell('Deleted build cache objects', cache, list(cache.CachesDeleted))
    streams.out(`Total reclaimed space: ${humanSize(bytes)}\n`)
    return 0
  },
}

function warning(all: boolean, volumes: boolean): string {
  return [
    'WARNING! This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
    all ? '  - all build cache' : '  - unused build cache',
    '',
  ].join('\n')
}
