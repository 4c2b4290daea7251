// `tocker kill`: a signal to the main process of a container, SIGKILL unless another is named.
import { path } from '../../client/client.ts'
import { eachNamed } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [{ name: 'signal', short: 's', value: 'string', help: 'Signal to send to the container' }],
  arity: [1, Number.POSITIVE_INFINITY],
  run: ({ client, streams }, flags, names) => {
    const query = { signal: flags.text('signal') }
    return eachNamed(streams, names, (name) =>
      client.done({ method: 'POST', path: path('/containers/', name, '/kill'), query }),
    )
  },
}
