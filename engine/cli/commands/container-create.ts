// `tocker create`: a container that is made, and not started.

import { makeContainer } from '../container/create.ts'
import { createFlags } from '../container/create-flags.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: createFlags,
  arity: [1, Number.POSITIVE_INFINITY],
  passThrough: true,
  failure: 'engine',
  run: async (context, flags, [image = '', ...args]) => {
    context.streams.out(`${await makeContainer(context, flags, { image, args, detached: false })}\n`)
    return 0
  },
}
