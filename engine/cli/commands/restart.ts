// `tocker restart`: stop, and start again.
import { path } from '../../client/client.ts'
import { eachNamed } from '../each.ts'
import type { Verb } from '../verb.ts'
import { readStop, stopFlags } from './stop-flags.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: stopFlags,
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) => {
    const query = readStop(flags)
    return eachNamed(streams, names, (name) =>
      client.done({ method: 'POST', path: path('/containers/', name, '/restart'), query }),
    )
  },
}
