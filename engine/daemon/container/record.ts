// All that is remembered of a container: what was asked for, and how it is.
//
// The record is data, and a change makes a new one: whoever works on a container reads
// one, works, and saves the next. Its JSON is stable, the same record always gives the
// same bytes, so a change can be seen as a difference, and nothing is written twice.
//
// Who owns what: the record has what the daemon decided; which process runs and how it
// ended is the supervisor's to say, and is told here by ended() and started().
//
// Next: engine/daemon/container/oci-spec.ts
import * as z from 'zod/mini'
import { configSchema } from '../../api/container-config.ts'
import { type ContainerStatus, type InspectState, zeroTime } from '../../api/container-inspect.ts'
import { endpointSettingsSchema } from '../../api/endpoint.ts'
import { hostConfigSchema } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import { after, type Happening } from './state-machine.ts'

const stateSchema = z.object({
  status: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']),
  /** 0 when there is no process. */
  pid: z.int(),
  exitCode: z.int(),
  oomKilled: z.boolean(),
  /** Why it could not be started, or stopped, or removed; empty when nothing is wrong. */
  error: z.string(),
  /** RFC 3339; Go's zero time when it never was. */
  startedAt: z.string(),
  finishedAt: z.string(),
})
type State = z.infer<typeof stateSchema>

/** Where something of the host, or a volume, is seen in the container. */
const mountPointSchema = z.object({
  type: z.enum(['bind', 'volume', 'tmpfs']),
  /** Of a volume. */
  name: z.exactOptional(z.string()),
  driver: z.exactOptional(z.string()),
  /** Absolute, on the host; empty for tmpfs. */
  source: z.string(),
  /** Absolute, in the container. */
  destination: z.string(),
  /** As it was asked for: `ro,z`. */
  mode: z.string(),
  writable: z.boolean(),
  /** `rprivate`, `rslave`, … */
  propagation: z.string(),
  /** Of the source alone, and not of what is mounted below it. */
  nonRecursive: z.exactOptional(z.boolean()),
  /** Are mounts below a read-only one read-only, too? Left out: where the runtime can do it. */
  readonlyBelow: z.exactOptional(z.enum(['never', 'always'])),
})
export type MountPoint = z.infer<typeof mountPointSchema>

const recordSchema = z.object({
  /** Of this format: a later engine reads an older one's. */
  version: z.literal(1),
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/, 'it is no id')),
  /** Without the slash that Docker shows before it. */
  name: z.string(),
  created: z.string(),
  /** Digest of its image's config; empty for one that has none. */
  imageId: z.string(),
  /** What runs, of the image and of what was asked: first word, and the others. */
  path: z.string(),
  args: z.array(z.string()),
  config: configSchema,
  hostConfig: hostConfigSchema,
  mountPoints: z.array(mountPointSchema),
  /** By name: those that it shall be on. The ids are of when it joined them; a record of an older engine has none. */
  networks: z.prefault(
    z.record(z.string(), z.object({ id: z.string(), settings: endpointSettingsSchema })),
    {},
  ),
  state: stateSchema,
  restartCount: z.int(),
  /** Somebody stopped it: `unless-stopped` leaves it alone. */
  manuallyStopped: z.boolean(),
})
export type ContainerRecord = z.infer<typeof recordSchema>

const neverRan: State = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  oomKilled: false,
  error: '',
  startedAt: zeroTime,
  finishedAt: zeroTime,
}

/** A container that has just been created. */
export function newRecord(
  about: Pick<
    ContainerRecord,
    | 'id'
    | 'name'
    | 'created'
    | 'imageId'
    | 'path'
    | 'args'
    | 'config'
    | 'hostConfig'
    | 'mountPoints'
    | 'networks'
  >,
): ContainerRecord {
  return { version: 1, ...about, state: neverRan, restartCount: 0, manuallyStopped: false }
}

/** @throws EngineError `internal` when it cannot happen in this state */
export function happened(record: ContainerRecord, happening: Happening): ContainerRecord {
  return withState(record, { status: after(happening, record.state.status) })
}

/** Its process runs. @param at RFC 3339 */
export function started(record: ContainerRecord, pid: number, at: string): ContainerRecord {
  return {
    ...withState(happened(record, 'started'), {
      ...{ pid, exitCode: 0, oomKilled: false, error: '' },
      startedAt: at,
    }),
    manuallyStopped: false,
  }
}

export interface Ended {
  status: number
  oomKilled: boolean
  at: string
  /** It will run again. */
  restarts?: boolean
}

/** Its process ended. */
export function ended(
  record: ContainerRecord,
  { status, oomKilled, at, restarts = false }: Ended,
): ContainerRecord {
  const next = withState(happened(record, restarts ? 'will-restart' : 'ended'), {
    ...{ pid: 0, exitCode: status, oomKilled },
    finishedAt: at,
  })
  return restarts ? { ...next, restartCount: record.restartCount + 1 } : next
}

/** It could not be started, and `inspect` says why. One that was to run again has ended: no timer will start it any more. */
export function failed(record: ContainerRecord, error: string, exitCode?: number): ContainerRecord {
  const now = record.state.status === 'restarting' ? happened(record, 'ended') : record
  return withState(now, { error, ...(exitCode === undefined ? {} : { exitCode }) })
}

function withState(record: ContainerRecord, changes: Partial<State>): ContainerRecord {
  return { ...record, state: { ...record.state, ...changes } }
}

/** For `inspect`. */
export function inspectState({ state }: ContainerRecord): InspectState {
  const is = (...statuses: readonly ContainerStatus[]): boolean => statuses.includes(state.status)
  return {
    Status: state.status,
    Running: is('running', 'paused', 'restarting'),
    Paused: is('paused'),
    Restarting: is('restarting'),
    OOMKilled: state.oomKilled,
    Dead: is('dead'),
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
  }
}

/** The same record, the same text: names sorted, nothing that is absent. */
export function encodeRecord(record: ContainerRecord): string {
  return JSON.stringify(record, (_name, value: unknown) => (isObject(value) ? sorted(value) : value))
}

/** @throws EngineError `internal` for what no engine wrote, or a newer one */
export function decodeRecord(text: string): ContainerRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new EngineError('internal', 'the record of a container is damaged', { cause })
  }
  const result = recordSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new EngineError(
    'internal',
    `the record of a container is damaged at ${issue?.path.join('.')}: ${issue?.message}`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
