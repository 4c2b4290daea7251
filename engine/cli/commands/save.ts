// `tocker save`: images as one archive, for `load` here or elsewhere.
import { interruptible } from '../interrupt.ts'
import { refuseTerminal, writeTo } from '../output/file-target.ts'
import { platformFlag, platformQuery } from '../platform-flag.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { name: 'output', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' },
    platformFlag('Save only the given platform variant, as linux/arm64'),
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: async ({ client, streams }, flags, names) => {
    const output = flags.text('output')
    refuseTerminal(streams, output, 'save')
    const query = { names, platform: platformQuery(flags) }
    return interruptible((signal) =>
      writeTo(output, () => client.call({ path: '/images/get', query, signal }), signal),
    )
  },
}
