// `tocker volume rm`: takes volumes away, with what is in them.
import { path } from '../../client/client.ts'
import { eachNamed } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: [{ name: 'force', short: 'f', help: 'Force the removal of one or more volumes' }],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) => {
    const query = { force: flags.on('force') }
    return eachNamed(streams, names, (name) =>
      client.done({ method: 'DELETE', path: path('/volumes/', name), query }),
    )
  },
}
