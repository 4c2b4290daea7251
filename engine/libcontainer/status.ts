// How a container is, according to the one who knows: the kernel.
//
//   create ──> creating ──> created ── start ──> running <── resume ── paused
//                  │            │                  │  └────── pause ─────┘
//          (create is killed)   │                  │ (its PID 1 ends)
//                  └────────────┴──────────────────┴──> stopped ── delete ──> gone
//
// Nothing of this is written down, or it would be wrong as soon as the container
// ends: no process of ours is there to see it. OCI runtime specification,
// runtime.md, "State"; `paused` is runc's addition.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './process-identity.ts'
import { containerDirectory, type RuntimeState } from './state.ts'

export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped'

/** The FIFO on which init waits for `start`, which removes it: while it is there, nothing has run. */
export const startFifo = 'go'

/** @param frozen looks at the container's freezer; asked only when everything else says "running" */
export function statusOf(root: string, state: RuntimeState, frozen: () => boolean): Status {
  // Half-made: nobody is left who could finish it, so it counts as ended, and
  // `delete` may take it away.
  if (state.phase === 'creating') return isAlive(state.creator) ? 'creating' : 'stopped'
  if (!state.init || !isAlive(state.init)) return 'stopped'
  if (existsSync(join(containerDirectory(root, state.id), startFifo))) return 'created'
  return frozen() ? 'paused' : 'running'
}

/** The state as the specification defines it: for `state`, for `list`, and for hooks. */
export interface OciState {
  ociVersion: string
  id: string
  /** As the host sees it; 0 when there is none. */
  pid: number
  status: Status
  bundle: string
  annotations?: Record<string, string>
}

/** @param status hooks get the one that the specification names for their moment, whatever the kernel says */
export function ociState(state: RuntimeState, status: Status): OciState {
  const { annotations } = state.config
  return {
    ociVersion: state.ociVersion,
    id: state.id,
    pid: status === 'stopped' ? 0 : (state.init?.pid ?? 0),
    status,
    bundle: state.bundle,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
}
