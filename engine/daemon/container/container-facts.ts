// What oci-spec.ts has to know besides the machine (host-facts.ts): the other containers,
// and what the daemon decided for this one.
import { existsSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import type { Containers } from './containers.ts'
import type { SpecDefaults } from './defaults.ts'
import { machineFacts } from './host-facts.ts'
import { joined } from './oci-namespaces.ts'
import type { HostFacts } from './oci-spec.ts'
import type { ContainerRecord } from './record.ts'

/** @param own the files that the daemon writes for this container, and its own settings */
export function hostFacts(
  containers: Containers,
  own: Pick<HostFacts, 'files' | 'cgroupParent' | 'sharedMemory' | 'idMappings' | 'knowsRro'> & SpecDefaults,
): HostFacts {
  return {
    ...machineFacts(),
    ...own,
    pidOf: (text) => runningPid(containers, text),
  }
}

function runningPid(containers: Containers, text: string): number {
  const { id, state } = containers.find(text)
  // A process that has ended lets go of its network namespace before anybody is told.
  if (state.pid === 0 || !existsSync(`/proc/${state.pid}/ns/net`))
    throw new EngineError(
      'conflict',
      `cannot join namespace of a non running container: Container ${id} is ${state.pid === 0 ? state.status : 'exited'}`,
    )
  return state.pid
}

/** Milliseconds. A PID namespace takes along who came into it, before it is known that its own first process ends. */
const patience = 1000

/** Whether whoever it joins still runs: asked when a start has failed. @throws EngineError when one does not, or is gone */
export async function checkJoined(
  containers: Containers,
  { NetworkMode, PidMode, IpcMode }: ContainerRecord['hostConfig'],
): Promise<void> {
  const pids = joined(PidMode)
  if (pids !== undefined) {
    const { id, state } = containers.find(pids)
    const isOver = (one: ContainerRecord | undefined): boolean => one?.state.pid !== state.pid
    await containers.until(id, isOver, AbortSignal.timeout(patience)).catch(() => {})
  }
  for (const mode of [NetworkMode, PidMode, IpcMode]) {
    const other = joined(mode)
    if (other !== undefined) runningPid(containers, other)
  }
}
