// What `GET /containers/{id}/json` says of a container's state, in Docker's words.

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

export interface InspectState {
  Status: ContainerStatus
  /** Also while paused and while restarting, since whoever asks this wants to know whether it may be removed. */
  Running: boolean
  Paused: boolean
  Restarting: boolean
  OOMKilled: boolean
  Dead: boolean
  /** 0 when there is no process. */
  Pid: number
  ExitCode: number
  Error: string
  /** RFC 3339 with nanoseconds; Go's zero time when it never was. */
  StartedAt: string
  FinishedAt: string
  Health?: InspectHealth
}

export interface InspectHealth {
  Status: 'starting' | 'healthy' | 'unhealthy' | 'none'
  FailingStreak: number
  Log: { Start: string; End: string; ExitCode: number; Output: string }[]
}

/** How Go prints a time that was never set. */
export const zeroTime = '0001-01-01T00:00:00Z'
