// `tocker wait`: until containers have ended; prints their exit statuses.
import { waitForEnd } from '../container/life.ts'
import { each } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, _flags, names) =>
    each(streams, names, async (name) => {
      const { status } = await waitForEnd(client, name, 'not-running')
      streams.out(`${await status}\n`)
    }),
}
