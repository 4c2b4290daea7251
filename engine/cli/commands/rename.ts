// `tocker rename`: another name for a container.
import { path } from '../../client/client.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'CONTAINER NEW_NAME',
  flags: [],
  arity: [2, 2],
  run: async ({ client }, _flags, [container = '', name]) => {
    await client.done({ method: 'POST', path: path('/containers/', container, '/rename'), query: { name } })
    return 0
  },
}
