// `tocker save`: images as one archive, for `load` here or elsewhere.
import { interruptible } from '../interrupt.ts'
import { refuseTerminal, writeTo } from '../output/file-target.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [{ name: 'output', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' }],
  arity: [1, Number.POSITIVE_INFINITY],
  run: async ({ client, streams }, flags, names) => {
    const output = flags.text('output')
    refuseTerminal(streams, output, 'save')
    return interruptible((signal) =>
      writeTo(output, () => client.call({ path: '/images/get', query: { names }, signal }), signal),
    )
  },
}
