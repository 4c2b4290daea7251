// `tocker rmi`: takes names away, and images that have none left.
import type { ImageDeleteResponseItem } from '../../api/image.ts'
import { path } from '../../client/client.ts'
import { each } from '../each.ts'
import { deletions } from '../output/deletions.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { name: 'force', short: 'f', help: 'Force removal of the image' },
    { name: 'no-prune', help: 'Do not delete untagged parents' },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) =>
    each(streams, names, async (name) => {
      const query = { force: flags.on('force'), noprune: flags.on('no-prune') }
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
