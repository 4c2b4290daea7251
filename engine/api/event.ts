// One line of `docker events`. Field names are Docker's:
// https://docs.docker.com/reference/api/engine/ (SystemEvents)

export type EventType = 'container' | 'image' | 'volume' | 'network' | 'daemon'

export interface EventMessage {
  Type: EventType
  /** `start`, `die`, `pull`, …; for exec with the command behind it: `exec_start: ls`. */
  Action: string
  Actor: { ID: string; Attributes: Record<string, string> }
  scope: 'local'
  /** Seconds since the epoch, and the same in nanoseconds. */
  time: number
  timeNano: number
  /** The three that clients before API 1.22 knew, for containers and images. */
  status?: string
  id?: string
  from?: string
}
