// `tocker network disconnect`.
import { path } from '../../client/client.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [{ name: 'force', short: 'f', help: 'Force the container to disconnect from a network' }],
  arity: [2, 2],
  run: async ({ client }, flags, [network = '', Container]) => {
    await client.done({
      method: 'POST',
      path: path('/networks/', network, '/disconnect'),
      body: { Container, Force: flags.on('force') },
    })
    return 0
  },
}
