// A container as most verbs meet it: its record, and what the kernel says of it.
import { EngineError } from '../../errors.ts'
import type { RuntimeState } from '../state.ts'
import { type Status, statusOf } from '../status.ts'
import type { ContainerCgroup, Context } from './verb.ts'

/** The cgroup is looked at, and its code loaded, only when the answer hangs on it: `created` and `stopped` are quick. */
export async function statusNow(context: Context, state: RuntimeState): Promise<Status> {
  let hangs = false
  const status = statusOf(context.root, state, () => {
    hangs = true
    return false
  })
  if (!hangs) return status
  const cgroup = await context.engine.cgroupOf(state)
  return cgroup.state === 'frozen' ? 'paused' : status
}

/** @throws EngineError `conflict` unless it runs, or is paused; created ones have a process too */
export async function liveCgroup(context: Context, state: RuntimeState): Promise<ContainerCgroup> {
  const status = await statusNow(context, state)
  if (status === 'stopped' || status === 'creating')
    throw new EngineError('conflict', `container ${state.id} is not running: ${status}`)
  return context.engine.cgroupOf(state)
}
