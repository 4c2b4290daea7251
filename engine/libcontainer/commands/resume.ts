// `resume`: the other half of `pause`.
import { EngineError } from '../../errors.ts'
import { lockContainer } from '../lock.ts'
import { loadState } from '../state.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'resumes all processes that have been previously paused',
  usage: '<container-id>',
  flags: [],
  arity: [1, 1],
  async run(context, _flags, [id = '']) {
    using _ = lockContainer(context.root, id)
    const cgroup = await context.engine.cgroupOf(loadState(context.root, id))
    // The freezer itself is asked, and not the status: a container that was
    // created, and paused before its start, is `created` all the while.
    // A `pause` that was killed may have left it half frozen.
    if (cgroup.state === 'thawed') throw new EngineError('conflict', 'container not paused')
    cgroup.thaw()
    return 0
  },
}
