// Is a container well? Docker's HEALTHCHECK: a command that is run in it again and again.
//
//   starting ──── it succeeds ────> healthy <── it succeeds ──┐
//      └───── it fails, so often as `retries` says, ──> unhealthy
//                and not while `start period` lasts
//
// Pure: what is known of each container is in a table. Next: engine/daemon/container/health-table.ts
import type { ContainerConfig } from '../../api/container-config.ts'
import type { InspectHealth } from '../../api/container-inspect.ts'

export interface Probe {
  command: string[]
  /** Milliseconds, as all of these. */
  interval: number
  timeout: number
  /** After its start, in which failures do not count. */
  startPeriod: number
  /** In place of the interval, in that time. */
  startInterval: number
  retries: number
}

/** @returns undefined when nobody wants to know */
export function probeOf({ Healthcheck, Shell }: ContainerConfig): Probe | undefined {
  const [kind, ...words] = Healthcheck?.Test ?? []
  if (kind === undefined || kind === 'NONE' || words.length === 0) return undefined
  const shell = Shell && Shell.length > 0 ? Shell : ['/bin/sh', '-c']
  const milliseconds = (nanoseconds: number | null | undefined, otherwise: number): number =>
    nanoseconds ? nanoseconds / 1e6 : otherwise
  return {
    command: kind === 'CMD-SHELL' ? [...shell, ...words] : words,
    interval: milliseconds(Healthcheck?.Interval, 30_000),
    timeout: milliseconds(Healthcheck?.Timeout, 30_000),
    startPeriod: milliseconds(Healthcheck?.StartPeriod, 0),
    startInterval: milliseconds(Healthcheck?.StartInterval, 5000),
    retries: Healthcheck?.Retries || 3,
  }
}

export type ProbeResult = InspectHealth['Log'][number]

/** Of the results, the last ones. */
const kept = 5

/** @param excused its failures do not count yet */
export function afterProbe(
  health: InspectHealth,
  result: ProbeResult,
  { retries, excused }: { retries: number; excused: boolean },
): InspectHealth {
  const Log = [...health.Log, result].slice(-kept)
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log }
  if (health.Status === 'starting' && excused) return { ...health, Log }
  const FailingStreak = health.FailingStreak + 1
  return { Status: FailingStreak >= retries ? 'unhealthy' : health.Status, FailingStreak, Log }
}
