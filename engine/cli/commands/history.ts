// `tocker history`: how an image came about, the newest step first.
import type { HistoryResponseItem } from '../../api/image.ts'
import { path } from '../../client/client.ts'
import { historyListing, historyRows } from '../output/history-list.ts'
import { formatRows } from '../output/rows.ts'
import { platformFlag, platformQuery } from '../platform-flag.ts'
import type { Verb } from '../verb.ts'
import { formatFlag, noTruncFlag, quietFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE',
  flags: [
    formatFlag,
    {
      name: 'human',
      short: 'H',
      on: true,
      help: 'Print sizes and dates in human readable format (default true)',
    },
    noTruncFlag,
    platformFlag('Show history for the given platform, as linux/arm64'),
    quietFlag,
  ],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [name = '']) => {
    const history = await client.json<HistoryResponseItem[]>({
      path: path('/images/', name, '/history'),
      query: { platform: platformQuery(flags) },
    })
    const human = flags.on('human')
    const rows = historyRows(history, { noTrunc: flags.on('no-trunc'), human })
    streams.out(
      formatRows(historyListing(human), rows, { format: flags.text('format'), quiet: flags.on('quiet') }),
    )
    return 0
  },
}
