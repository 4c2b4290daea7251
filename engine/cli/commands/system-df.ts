// `tocker system df`: what takes the room, and how much of it nobody uses.
import { UsageError } from '../flags.ts'
import { type DiskUsage, usageListing, usageRows, verboseUsage } from '../output/disk-usage.ts'
import { formatRows } from '../output/rows.ts'
import type { Verb } from '../verb.ts'
import { formatFlag } from './format-flag.ts'

type Answer = { [Name in keyof DiskUsage]?: DiskUsage[Name] | null }

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [formatFlag, { name: 'verbose', short: 'v', help: 'Show detailed information on space usage' }],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    if (flags.on('verbose') && flags.has('format'))
      throw new UsageError('the verbose and the format options conflict', 1)
    const answer = await client.json<Answer>({ path: '/system/df' })
    const usage = {
      LayersSize: answer.LayersSize ?? 0,
      Images: answer.Images ?? [],
      Containers: answer.Containers ?? [],
      Volumes: answer.Volumes ?? [],
      BuildCache: answer.BuildCache ?? [],
    }
    streams.out(
      flags.on('verbose')
        ? verboseUsage(usage)
        : formatRows(usageListing, usageRows(usage), { format: flags.text('format') }),
    )
    return 0
  },
}
