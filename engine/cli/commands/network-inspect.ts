// `tocker network inspect`: the same as `inspect`, of networks alone; and with --explain what
// of them is in the kernel, with the commands that made it.

import type { NetworkExplanation } from '../../api/network.ts'
import { path } from '../../client/client.ts'
import { userLine } from '../user-line.ts'
import type { Context, Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'
import { inspect } from './inspect.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: [
    {
      name: 'explain',
      help: 'Show its interfaces and rules, and the commands that made them (tockerd alone)',
    },
    inspectFormatFlag,
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: (context, flags, names) =>
    flags.on('explain') ? explain(context, names) : inspect(context, flags, names, 'network'),
}

async function explain({ client, streams }: Context, names: readonly string[]): Promise<number> {
  let failed = false
  for (const name of names) {
    try {
      const told = await client.json<NetworkExplanation>({ path: path('/networks/', name, '/explain') })
      const now = told.Now.map(({ Command, Output }) => `# ${Command}\n${Output}\n`)
      streams.out(
        [
          `# The network ${told.Name} was made by:\n`,
          ...told.Made.map((one) => `${one}\n`),
          '\n# It is now:\n',
          ...now,
        ].join('\n'),
      )
    } catch (error) {
      failed = true
      streams.err(userLine(error))
    }
  }
  return failed ? 1 : 0
}
