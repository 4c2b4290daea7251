// Signals to a container.
//
// OCI runtime specification, runtime.md "Kill": only to one that is created or
// running. runc's command line adds `--all`.
import { constants } from 'node:os'
import { EngineError } from '../errors.ts'
import { cgroupOf } from './cgroups/open.ts'
import type { RuntimeState } from './state.ts'
import { statusOf } from './status.ts'

/** @throws EngineError `conflict` when the container does not run */
export function killContainer(root: string, state: RuntimeState, signal: number, all: boolean): void {
  const cgroup = cgroupOf(state)
  const status = statusOf(root, state, () => cgroup.state === 'frozen')
  // A process namespace of its own dies with its first process; one that is
  // shared does not, so there everybody in the cgroup is meant.
  const shared = !state.config.linux?.namespaces?.some((one) => one.type === 'pid' && one.path === undefined)
  if (all || (shared && signal === constants.signals.SIGKILL)) {
    cgroup.signal(signal)
    return
  }
  const pid = state.init?.pid
  if (status === 'stopped' || pid === undefined) throw new EngineError('conflict', 'container not running')
  try {
    process.kill(pid, signal)
  } catch (cause) {
    throw new EngineError('conflict', 'container not running', { cause })
  }
  // A frozen process gets its signal when it thaws, and SIGKILL should not wait for that: whether it
  // runs, waits for its start, or is just being paused.
  if (signal === constants.signals.SIGKILL && cgroup.state !== 'thawed') cgroup.thaw()
}
