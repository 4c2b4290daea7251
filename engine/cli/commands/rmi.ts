// `tocker rmi`: takes names away, and images that have none left.
import type { ImageDeleteResponseItem } from '../../api/image.ts'
import { path } from '../../client/client.ts'
import { each } from '../each.ts'
import { deletions } from '../output/deletions.ts'
import { platformFlag, platformQuery } from '../platform-flag.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { name: 'force', short: 'f', help: 'Force removal of the image' },
    { name: 'no-prune', help: 'Do not delete untagged parents' },
    platformFlag('Remove only the given platform variant, as linux/arm64'),
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) =>
    each(streams, names, async (name) => {
      const platforms = platformQuery(flags)
      const query = { force: flags.on('force'), noprune: flags.on('no-prune'), platforms }
      streams.out(
        deletions(
          await client.json<ImageDeleteResponseItem[]>({
            method: 'DELETE',
            path: path('/images/', name),
            query,
          }),
        ),
      )
    }),
}
