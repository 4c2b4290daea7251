// The end of a container: everything that `create` made goes.
//
// OCI runtime specification, runtime.md "Delete": only of one that is stopped.
// With `force` of any, also of one whose `create` was killed half-way.
import { EngineError } from '../errors.ts'
import { signalAll } from './cgroups/members.ts'
import { cgroupOf } from './cgroups/open.ts'
import { runHooks } from './hooks.ts'
import { isAlive } from './process-identity.ts'
import { type RuntimeState, removeContainerDirectory } from './state.ts'
import { ociState, statusOf } from './status.ts'

/** @throws EngineError `conflict` when the container still runs */
export async function deleteContainer(
  root: string,
  state: RuntimeState,
  options: { force?: boolean; onWarning?: (message: string) => void } = {},
): Promise<void> {
  const cgroup = cgroupOf(state)
  const status = statusOf(root, state, () => cgroup.state === 'frozen')
  if (status !== 'stopped' && status !== 'created' && !options.force)
    throw new EngineError('conflict', `cannot delete container ${state.id} that is not stopped: ${status}`)
  await endInit(state)
  // Whoever it left behind in the cgroup, a daemon of it say, goes with it.
  cgroup.remove()
  const words = JSON.stringify(ociState(state, 'stopped'))
  runHooks('poststop', state.config.hooks?.poststop, words, options.onWarning)
  removeContainerDirectory(root, state.id)
}

/** Also of a half-made container, whose init waits for a `create` that is gone. */
async function endInit({ init }: RuntimeState): Promise<void> {
  if (!init || !isAlive(init)) return
  signalAll([init.pid], 'SIGKILL')
  // Frozen by cgroup v1, it dies once cgroup.remove() has thawed it.
  for (let tries = 0; tries < 20 && isAlive(init); tries++)
    await new Promise((resolve) => setTimeout(resolve, tries))
}
