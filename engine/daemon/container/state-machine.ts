// The states of a container, and which verb may be used in which. Pure: no clock, no
// file, no process; who calls does the work and says how it went.
//
//   create ──> created ── start ──> running <── unpause ── paused
//                 │                  │ │ └────── pause ─────┘ │
//                 │        its process ends, and the policy   │
//                 │                  │ │ says: again          │
//                 │                  │ └──> restarting ──┐    │ (killed)
//                 │                  │        │ its time comes: running
//                 │                  v        v stop, kill, or enough of it
//                 │                exited <───┴──────────┘────┘
//                 │                  │ └── start ──> running
//                 └──── remove ──────┴──> removing ──> gone
//                                             └ something would not go ──> dead ── remove ──> removing
//
// Docker's words, all of them: what was not allowed is answered by the very sentence, and
// the very status, that Docker 20.10 answers with, since scripts look for both. Some
// sentences have the container's id, some what the user called it.
//
// Next: engine/daemon/container/record.ts
import type { ContainerStatus } from '../../api/container-inspect.ts'
import { EngineError, type EngineErrorKind } from '../../errors.ts'

export type StateVerb =
  | 'start'
  | 'stop'
  | 'restart'
  | 'kill'
  | 'pause'
  | 'unpause'
  | 'remove'
  | 'attach'
  | 'exec'
  | 'top'
  | 'resize'
  | 'update'
  | 'commit'
  | 'export'
  | 'logs'

/** Who a sentence is about. */
export interface Named {
  id: string
  /** As the user typed it: a name, or part of an id. */
  typed: string
}

type Refusal = readonly [kind: EngineErrorKind, sentence: (named: Named) => string]

const conflict = (sentence: (named: Named) => string): Refusal => ['conflict', sentence]
const notRunning = conflict(({ id }) => `Container ${id} is not running`)
const restarting = (by: keyof Named): Refusal =>
  conflict((named) => `Container ${named[by]} is restarting, wait until the container is running`)
const started: Refusal = ['not-modified', () => 'Container is already started']
const stopped: Refusal = ['not-modified', () => 'Container is already stopped']
const marked = conflict(() => 'container is marked for removal and cannot be started')
const notPaused: Refusal = ['internal', ({ id }) => `Container ${id} is not paused`]
const inUse = (state: string, procedure: string): Refusal =>
  conflict(({ id }) => `You cannot remove a ${state} container ${id}. ${procedure}`)
const stopFirst = 'Stop the container before attempting removal or force remove'
const killed = conflict(({ id, typed }) => `Cannot kill container: ${typed}: Container ${id} is not running`)
const cannotRestart: Refusal = [
  'internal',
  ({ typed }) => `Cannot restart container ${typed}: container is marked for removal and cannot be started`,
]
const cannotUpdate: Refusal = [
  'internal',
  ({ id }) => `Cannot update container ${id}: container is marked for removal and cannot be "update"`,
]
const gone = (verb: string, how: string): Refusal =>
  conflict(({ id }) => `You cannot ${verb} container ${id} which is ${how}`)
const noLogs = conflict(() => 'can not get logs from container which is dead or marked for removal')

/** What is not in here is allowed. */
const refusals: Record<StateVerb, Partial<Record<ContainerStatus, Refusal>>> = {
  start: {
    running: started,
    paused: conflict(() => 'cannot start a paused container, try unpause instead'),
    // It will run in a moment: Docker counts that as running.
    restarting: started,
    removing: marked,
    dead: marked,
  },
  stop: { created: stopped, exited: stopped, removing: stopped, dead: stopped },
  restart: { removing: cannotRestart, dead: cannotRestart },
  kill: { created: killed, exited: killed, removing: killed, dead: killed },
  pause: {
    created: notRunning,
    exited: notRunning,
    removing: notRunning,
    dead: notRunning,
    paused: conflict(({ id }) => `Container ${id} is already paused`),
    restarting: restarting('id'),
  },
  unpause: {
    created: notPaused,
    running: notPaused,
    restarting: notPaused,
    exited: notPaused,
    removing: notPaused,
    dead: notPaused,
  },
  remove: {
    running: inUse('running', stopFirst),
    restarting: inUse('restarting', stopFirst),
    paused: inUse('paused', `Unpause and then ${stopFirst.toLowerCase()}`),
    removing: conflict(({ typed }) => `removal of container ${typed} is already in progress`),
  },
  attach: {
    paused: conflict(({ typed }) => `container ${typed} is paused, unpause the container before attach`),
    restarting: conflict(
      ({ typed }) => `container ${typed} is restarting, wait until the container is running`,
    ),
  },
  exec: {
    created: notRunning,
    exited: notRunning,
    removing: notRunning,
    dead: notRunning,
    paused: conflict(({ typed }) => `Container ${typed} is paused, unpause the container before exec`),
    restarting: restarting('typed'),
  },
  top: {
    created: notRunning,
    exited: notRunning,
    removing: notRunning,
    dead: notRunning,
    restarting: restarting('id'),
  },
  resize: { created: notRunning, exited: notRunning, removing: notRunning, dead: notRunning },
  update: { removing: cannotUpdate, dead: cannotUpdate },
  commit: { removing: gone('commit', 'being removed'), dead: gone('commit', 'Dead') },
  export: { removing: gone('export', 'being removed'), dead: gone('export', 'Dead') },
  logs: { removing: noLogs, dead: noLogs },
}

/** @throws EngineError in Docker's words; `not-modified` when there is nothing to do */
export function allow(verb: StateVerb, status: ContainerStatus, named: Named): void {
  const refusal = refusals[verb][status]
  if (refusal) throw new EngineError(refusal[0], refusal[1](named))
}

/** It may end between the look at its record and the work: then it was not running, and not unknown. */
export async function asRunning<T>(id: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'not-found')) throw error
    throw new EngineError('conflict', `Container ${id} is not running`)
  }
}

/** What happened to a container. Unlike a verb it is not asked whether it may. */
export type Happening =
  | 'started'
  | 'paused'
  | 'unpaused'
  /** Its process ended. */
  | 'ended'
  /** It ended, and will run again. */
  | 'will-restart'
  | 'removal-began'
  | 'removal-failed'

const transitions: Record<Happening, Partial<Record<ContainerStatus, ContainerStatus>>> = {
  started: { created: 'running', exited: 'running', restarting: 'running' },
  paused: { running: 'paused' },
  unpaused: { paused: 'running' },
  ended: { running: 'exited', paused: 'exited', restarting: 'exited', removing: 'removing', dead: 'dead' },
  'will-restart': { running: 'restarting', paused: 'restarting' },
  'removal-began': { created: 'removing', exited: 'removing', dead: 'removing' },
  'removal-failed': { removing: 'dead' },
}

/** The state after it. @throws EngineError `internal` for what cannot happen in this state: then somebody has lost count */
export function after(happening: Happening, status: ContainerStatus): ContainerStatus {
  const next = transitions[happening][status]
  if (next === undefined)
    throw new EngineError('internal', `a container that is ${status} cannot be told: ${happening}`)
  return next
}
