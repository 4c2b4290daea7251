// `kill`: sends a signal, SIGTERM when none is named.
//
// Next: engine/libcontainer/kill.ts
import { loadState } from '../state.ts'
import { parseSignal } from './signal.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: "kill sends the specified signal (default: SIGTERM) to the container's init process",
  usage: '[options] <container-id> [signal]',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'switch',
      help: 'send the specified signal to all processes inside the container',
    },
  ],
  arity: [1, 2],
  async run(context, flags, [id = '', signal = 'SIGTERM']) {
    const state = loadState(context.root, id)
    await context.engine.killContainer(context.root, state, parseSignal(signal), flags.on('all'))
    return 0
  },
}
