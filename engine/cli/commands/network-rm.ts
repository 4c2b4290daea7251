// `tocker network rm`.
import { path } from '../../client/client.ts'
import { each } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: [{ name: 'force', short: 'f', help: 'Do not error if the network does not exist' }],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) =>
    each(streams, names, async (name) => {
      try {
        await client.done({ method: 'DELETE', path: path('/networks/', name) })
      } catch (error) {
        const isGone = error instanceof Error && 'kind' in error && error.kind === 'not-found'
        if (!isGone || !flags.on('force')) throw error
      }
      streams.out(`${name}\n`)
    }),
}
