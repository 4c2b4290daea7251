// `start`: runs the user's program in a created container.
//
// "Attempting to start a container that is not created MUST have no effect on
// the container and MUST generate an error": runtime.md, "Start".
//
// Next: engine/libcontainer/start.ts
import { EngineError } from '../../errors.ts'
import { loadState } from '../state.ts'
import { statusNow } from './container.ts'
import type { Verb } from './verb.ts'

const refusals = {
  creating: 'cannot start a container that is still being created',
  running: 'cannot start an already running container',
  paused: 'cannot start a container in the paused state',
  stopped: 'cannot start a container that has stopped',
}

export const verb: Verb = {
  summary: 'executes the user defined process in a created container',
  usage: '<container-id>',
  flags: [],
  arity: [1, 1],
  async run(context, _flags, [id = '']) {
    // No lock: of two `start`s at the same time, only one can unlink(2) the FIFO.
    const state = loadState(context.root, id)
    const status = await statusNow(context, state)
    if (status !== 'created') throw new EngineError('conflict', refusals[status])
    if (state.config.process === undefined)
      throw new EngineError('invalid', 'cannot start: config.json has no $.process')
    await context.engine.startContainer(context.root, state, {
      onWarning: (line) => context.log('warning', line),
    })
    return 0
  },
}
