// `tocker pause`: all its processes stand still, and keep what they have.
import { path } from '../../client/client.ts'
import { eachNamed } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, _flags, names) =>
    eachNamed(streams, names, (name) =>
      client.done({ method: 'POST', path: path('/containers/', name, '/pause') }),
    ),
}
