// When a container that ended runs again. Pure.
//
//   no               never
//   on-failure[:N]   after a status that is not 0, N times at most
//   always           always; but not when somebody stopped it, until the daemon starts anew
//   unless-stopped   the same, and then neither
//
// Each time the pause doubles, from 100 ms to a minute, so that what cannot work does not
// keep the machine busy; ten seconds of life begin anew.
import type { HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'

const first = 100
const longest = 60_000
/** Milliseconds of life after which a fault counts as a new one. */
const settled = 10_000

export interface Restart {
  /** Milliseconds. */
  pause: number
}

export interface EndedLife {
  exitCode: number
  restartCount: number
  manuallyStopped: boolean
  /** Milliseconds that it ran. */
  lived: number
  /** The pause before; 0 when there was none. */
  lastPause: number
}

/** @returns undefined when it stays as it is */
export function restartAfter(policy: HostConfig['RestartPolicy'], life: EndedLife): Restart | undefined {
  const wanted =
    policy?.Name === 'always' ||
    policy?.Name === 'unless-stopped' ||
    (policy?.Name === 'on-failure' &&
      life.exitCode !== 0 &&
      (!policy.MaximumRetryCount || life.restartCount < policy.MaximumRetryCount))
  if (!wanted || life.manuallyStopped) return undefined
  const pause = life.lastPause === 0 || life.lived >= settled ? first : Math.min(life.lastPause * 2, longest)
  return { pause }
}

/** A daemon that starts: should this container run, which did not when it looked? */
export function startsWithDaemon(policy: HostConfig['RestartPolicy'], manuallyStopped: boolean): boolean {
  return policy?.Name === 'always' || (policy?.Name === 'unless-stopped' && !manuallyStopped)
}

/** @throws EngineError `invalid`, in Docker's words */
export function checkRestartPolicy({ RestartPolicy, AutoRemove }: HostConfig): void {
  const { Name, MaximumRetryCount } = RestartPolicy ?? {}
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure', undefined, null].includes(Name))
    throw new EngineError(
      'invalid',
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    )
  if (MaximumRetryCount && Name !== 'on-failure')
    throw new EngineError(
      'invalid',
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    )
  if (MaximumRetryCount && MaximumRetryCount < 0)
    throw new EngineError('invalid', 'invalid restart policy: maximum retry count cannot be negative')
  if (AutoRemove && Name && Name !== 'no')
    throw new EngineError('invalid', "can't create 'AutoRemove' container with restart policy")
}
