// `pause`: stops all processes of a container between two instructions, with the
// freezer of its cgroup. They do not notice, and cannot prevent it, as they could
// with SIGSTOP.
//
// Next: engine/libcontainer/cgroups/cgroup.ts
import { EngineError } from '../../errors.ts'
import { lockContainer } from '../lock.ts'
import { loadState } from '../state.ts'
import { statusNow } from './container.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'pause suspends all processes inside the container',
  usage: '<container-id>',
  flags: [],
  arity: [1, 1],
  async run(context, _flags, [id = '']) {
    using _ = lockContainer(context.root, id)
    const state = loadState(context.root, id)
    const status = await statusNow(context, state)
    if (status !== 'running' && status !== 'created')
      throw new EngineError('conflict', `container not running: ${status}`)
    const cgroup = await context.engine.cgroupOf(state)
    cgroup.freeze()
    return 0
  },
}
