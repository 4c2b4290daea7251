// `tocker export`: the root filesystem of a container as one archive, without layers.
import { path } from '../../client/client.ts'
import { interruptible } from '../interrupt.ts'
import { refuseTerminal, writeTo } from '../output/file-target.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER',
  flags: [{ name: 'output', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' }],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [name = '']) => {
    const output = flags.text('output')
    refuseTerminal(streams, output, 'export')
    return interruptible((signal) =>
      writeTo(output, () => client.call({ path: path('/containers/', name, '/export'), signal }), signal),
    )
  },
}
