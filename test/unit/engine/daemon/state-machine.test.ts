// Which verb is allowed in which state, and in whose words it is refused. The table is
// what Docker 20.10.24 was seen answering.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configSchema, createBodySchema, execBodySchema } from '../../../../engine/api/container-config.ts'
import type { ContainerStatus } from '../../../../engine/api/container-inspect.ts'
import { hostConfigSchema, updateSchema } from '../../../../engine/api/host-config.ts'
import {
  type ContainerRecord,
  decodeRecord,
  encodeRecord,
  ended,
  failed,
  happened,
  inspectState,
  newRecord,
  started,
} from '../../../../engine/daemon/container/record.ts'
import {
  after,
  allow,
  type Happening,
  type StateVerb,
} from '../../../../engine/daemon/container/state-machine.ts'
import { EngineError } from '../../../../engine/errors.ts'

const named = { id: 'ID', typed: 'web' }
const states: ContainerStatus[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']

/** The answer: its status of HTTP, and its sentence. */
function answer(verb: StateVerb, status: ContainerStatus): string {
  try {
    allow(verb, status, named)
    return 'allowed'
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return `${error.kind}: ${error.message}`
  }
}

describe('verbs', () => {
  test.each<[StateVerb, ContainerStatus, string]>([
    ['start', 'running', 'not-modified: Container is already started'],
    ['start', 'paused', 'conflict: cannot start a paused container, try unpause instead'],
    ['start', 'dead', 'conflict: container is marked for removal and cannot be started'],
    ['stop', 'created', 'not-modified: Container is already stopped'],
    ['kill', 'exited', 'conflict: Cannot kill container: web: Container ID is not running'],
    ['pause', 'created', 'conflict: Container ID is not running'],
    ['pause', 'paused', 'conflict: Container ID is already paused'],
    ['pause', 'restarting', 'conflict: Container ID is restarting, wait until the container is running'],
    ['unpause', 'running', 'internal: Container ID is not paused'],
    ['exec', 'exited', 'conflict: Container ID is not running'],
    ['exec', 'paused', 'conflict: Container web is paused, unpause the container before exec'],
    ['attach', 'paused', 'conflict: container web is paused, unpause the container before attach'],
    ['top', 'created', 'conflict: Container ID is not running'],
    ['resize', 'exited', 'conflict: Container ID is not running'],
    [
      'remove',
      'running',
      'conflict: You cannot remove a running container ID. Stop the container before attempting removal or force remove',
    ],
    [
      'remove',
      'paused',
      'conflict: You cannot remove a paused container ID. Unpause and then stop the container before attempting removal or force remove',
    ],
    ['remove', 'removing', 'conflict: removal of container web is already in progress'],
    ['commit', 'dead', 'conflict: You cannot commit container ID which is Dead'],
    ['export', 'removing', 'conflict: You cannot export container ID which is being removed'],
  ])('%s when %s: %s', (verb, status, expected) => {
    expect(answer(verb, status)).toBe(expected)
  })

  test.each<[StateVerb, string]>([
    ['start', 'created exited'],
    ['stop', 'running paused restarting'],
    ['restart', 'created running paused restarting exited'],
    ['kill', 'running paused restarting'],
    ['pause', 'running'],
    ['unpause', 'paused'],
    ['remove', 'created exited dead'],
    ['attach', 'created running removing exited dead'],
    ['exec', 'running'],
    ['top', 'running paused'],
    ['resize', 'running paused restarting'],
    ['update', 'created running paused restarting exited'],
    ['commit', 'created running paused restarting exited'],
    ['export', 'created running paused restarting exited'],
    ['logs', 'created running paused restarting exited'],
  ])('%s is allowed when %s', (verb, allowed) => {
    expect(states.filter((status) => answer(verb, status) === 'allowed').join(' ')).toBe(allowed)
  })
})

const happenings: Happening[] = [
  'started',
  'paused',
  'unpaused',
  'ended',
  'will-restart',
  'removal-began',
  'removal-failed',
]

test('whatever is allowed can happen: no verb leads where the drawing has no arrow', () => {
  const verbs: [StateVerb, Happening][] = [
    ['start', 'started'],
    ['pause', 'paused'],
    ['unpause', 'unpaused'],
    ['kill', 'ended'],
    ['remove', 'removal-began'],
  ]
  for (const [verb, happening] of verbs)
    for (const status of states.filter((one) => answer(verb, one) === 'allowed'))
      expect(states, `${verb} when ${status}`).toContain(after(happening, status))
})

const record = (): ContainerRecord =>
  newRecord({
    id: 'a'.repeat(64),
    name: 'web',
    created: '2026-01-01T00:00:00Z',
    imageId: 'sha256:1',
    path: 'sh',
    args: ['-c', 'x'],
    config: configSchema.parse({ Image: 'busybox', Labels: { b: '1', a: '2' }, Tty: null }),
    hostConfig: hostConfigSchema.parse({ Memory: 1, Init: true }),
    mountPoints: [],
    networks: {},
  })

describe('a record', () => {
  test('is in the state that inspect shows, from birth to end', () => {
    const created = record()
    expect(inspectState(created)).toMatchObject({
      Status: 'created',
      Running: false,
      StartedAt: '0001-01-01T00:00:00Z',
    })
    const running = started(created, 7, '2026-01-01T00:00:01Z')
    expect(inspectState(running)).toMatchObject({
      Status: 'running',
      Running: true,
      Pid: 7,
      StartedAt: '2026-01-01T00:00:01Z',
    })
    const paused = happened(running, 'paused')
    expect(inspectState(paused)).toMatchObject({ Status: 'paused', Running: true, Paused: true })
    const again = ended(paused, { status: 3, oomKilled: true, at: 'T', restarts: true })
    expect(inspectState(again)).toMatchObject({
      Status: 'restarting',
      Running: true,
      Restarting: true,
      Pid: 0,
      ExitCode: 3,
      OOMKilled: true,
    })
    expect(again.restartCount).toBe(1)
    const exited = ended(again, { status: 137, oomKilled: false, at: 'T2' })
    expect(inspectState(exited)).toMatchObject({
      Status: 'exited',
      Running: false,
      ExitCode: 137,
      FinishedAt: 'T2',
    })
    const dead = happened(happened(failed(exited, 'busy'), 'removal-began'), 'removal-failed')
    expect(inspectState(dead)).toMatchObject({ Status: 'dead', Dead: true, Error: 'busy' })
    expect(() => happened(dead, 'paused')).toThrow('a container that is dead cannot be told: paused')
  })

  test('comes back from its text, and the same record is the same text', () => {
    const one = started(record(), 7, 'T')
    const text = encodeRecord(one)
    expect(decodeRecord(text)).toEqual(one)
    expect(encodeRecord(decodeRecord(text))).toBe(text)
    const { state, ...rest } = one
    expect(encodeRecord({ state, ...rest })).toBe(text)
    expect(text.indexOf('"a":"2"')).toBeLessThan(text.indexOf('"b":"1"'))
  })

  test('that is damaged is one clear error', () => {
    expect(() => decodeRecord('{')).toThrow('the record of a container is damaged')
    expect(() => decodeRecord(JSON.stringify({ ...record(), id: 7 }))).toThrow(/damaged at id/)
    expect(() => decodeRecord(JSON.stringify({ ...record(), version: 2 }))).toThrow(/damaged at version/)
  })

  test('whatever happens to it, in any order, its state is one of seven, and inspect agrees with itself', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...happenings)), (all) => {
        let one = record()
        for (const happening of all) {
          try {
            one = happened(one, happening)
          } catch (error) {
            if (!(error instanceof EngineError)) throw error
          }
          const { Running, Paused, Restarting, Dead, Status } = inspectState(one)
          expect(states).toContain(Status)
          expect(Running || !(Paused || Restarting)).toBe(true)
          expect(Running && Dead).toBe(false)
        }
      }),
    )
  })
})

describe('what clients send', () => {
  test('null is absent, unknown fields are dropped, a string is a list of one, and a wrong type is named', () => {
    const body = { Image: 'x', Cmd: 'ls', Entrypoint: null, Unknown: 1, HostConfig: { Binds: null, New: {} } }
    expect(createBodySchema.parse(body)).toEqual({
      Image: 'x',
      Cmd: ['ls'],
      Entrypoint: null,
      HostConfig: { Binds: null },
    })
    const wrong = createBodySchema.safeParse({ HostConfig: { Memory: '1g' } })
    expect(wrong.error?.issues[0]?.path).toEqual(['HostConfig', 'Memory'])
    expect(execBodySchema.parse({ Cmd: ['id'], Tty: true, What: 1 })).toEqual({ Cmd: ['id'], Tty: true })
    expect(updateSchema.parse({ Memory: 5, Binds: [] })).toEqual({ Memory: 5 })
  })
})
