// What is kept of a container, who may change it, and how the kernel completes it.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exampleConfig } from '../../../engine/libcontainer/config/example.ts'
import { lockContainer } from '../../../engine/libcontainer/lock.ts'
import { identify, isAlive, parseStat } from '../../../engine/libcontainer/process-identity.ts'
import {
  checkId,
  containerDirectory,
  listIds,
  loadState,
  type RuntimeState,
  removeContainerDirectory,
  reserveName,
  saveState,
} from '../../../engine/libcontainer/state.ts'
import { ociState, statusOf } from '../../../engine/libcontainer/status.ts'
import { packageRoot } from '../../../sandbox-vm/package-root.ts'

const linux = process.platform === 'linux'
const nobody = { pid: 2 ** 22 + 1, startTime: 1 }
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lc-state-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function record(id: string, more: Partial<RuntimeState> = {}): RuntimeState {
  return {
    ociVersion: '1.2.0',
    id,
    phase: 'created',
    creator: nobody,
    bundle: '/b',
    rootfs: '/b/rootfs',
    created: '2026-01-01T00:00:00.000Z',
    owner: 0,
    config: exampleConfig({ cgroupNamespace: true }),
    cgroupPaths: { memory: '/sys/fs/cgroup/memory/x' },
    namespacePaths: {},
    ...more,
  }
}

test.each(['a', 'A-b_c.d+e', '...', '1'.repeat(255)])('%s is an id', (id) => {
  expect(() => checkId(id)).not.toThrow()
})
test.each(['', '.', '..', 'a/b', 'a b', '../x', 'ä', 'a\n', 'a\0', '1'.repeat(256)])('%j is no id', (id) => {
  expect(() => checkId(id)).toThrow(/container id cannot be empty|invalid container ID format/)
})

describe('the record', () => {
  test('comes back as it was, is replaced whole, and leaves nothing beside it', () => {
    reserveName(root, record('c'))
    saveState(root, record('c', { phase: 'creating' }))
    saveState(root, record('c', { init: { pid: 4, startTime: 5 } }))
    expect(loadState(root, 'c')).toEqual(record('c', { init: { pid: 4, startTime: 5 } }))
    expect(readdirSync(join(root, 'c'))).toEqual(['state.json'])
  })

  test('a name can be taken once, and is free when the container is gone', () => {
    reserveName(root, record('c'))
    expect(() => reserveName(root, record('c'))).toThrow('container with given ID already exists')
    removeContainerDirectory(root, 'c')
    reserveName(root, record('c'))
    expect(listIds(root)).toEqual(['c'])
    expect(listIds(join(root, 'none'))).toEqual([])
  })

  test('is missing, or damaged', () => {
    expect(() => loadState(root, 'c')).toThrow('container does not exist')
    mkdirSync(join(root, 'c'))
    expect(() => loadState(root, 'c')).toThrow('container does not exist')
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"id":"c"}',
      JSON.stringify({ ...record('c'), creator: 5 }),
    ]) {
      writeFileSync(join(root, 'c/state.json'), text)
      expect(() => loadState(root, 'c')).toThrow(/is damaged: 'delete --force c'/)
    }
    writeFileSync(join(root, 'c/state.json'), JSON.stringify(record('other')))
    expect(() => loadState(root, 'c')).toThrow(/is damaged/)
  })

  test('cannot be read outside its root', () => {
    expect(() => containerDirectory(root, '../x')).toThrow('invalid container ID format')
  })
})

describe.runIf(linux)('a process', () => {
  test('is itself only with its start time', () => {
    const own = identify(process.pid)
    expect(own?.startTime).toBeGreaterThan(0)
    expect(own && isAlive(own)).toBe(true)
    expect(isAlive({ pid: process.pid, startTime: 1 })).toBe(false)
    expect(isAlive(nobody)).toBe(false)
    expect(identify(nobody.pid)).toBeUndefined()
  })

  test('whatever its name, stat(5) is read rightly', () => {
    const tail = ' Z 1 4 4 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0'
    for (const name of ['sh', 'a b', ') R 1', ')', '((']) {
      expect(parseStat(`4 (${name})${tail}`)).toEqual({ state: 'Z', startTime: 4711 })
    }
    expect(parseStat('')).toBeUndefined()
  })
})

describe.runIf(linux)('the status is the kernel’s', () => {
  const self = identify(process.pid) ?? nobody
  const thawed = (): boolean => false

  test('creating, and half-made when the creator is gone', () => {
    expect(statusOf(root, record('c', { phase: 'creating', creator: self }), thawed)).toBe('creating')
    expect(statusOf(root, record('c', { phase: 'creating', init: self }), thawed)).toBe('stopped')
  })

  test('created, running, paused, stopped', () => {
    reserveName(root, record('c'))
    const state = record('c', { init: self })
    writeFileSync(join(root, 'c/go'), '')
    expect(statusOf(root, state, () => true)).toBe('created')
    rmSync(join(root, 'c/go'))
    expect(statusOf(root, state, thawed)).toBe('running')
    expect(statusOf(root, state, () => true)).toBe('paused')
    expect(statusOf(root, record('c', { init: nobody }), () => true)).toBe('stopped')
    expect(statusOf(root, record('c'), thawed)).toBe('stopped')
  })

  test('as JSON, with a pid only while there is one', () => {
    const state = record('c', { init: { pid: 7, startTime: 1 } })
    expect(ociState(state, 'running')).toEqual({
      ...{ ociVersion: '1.2.0', id: 'c', pid: 7, status: 'running', bundle: '/b' },
    })
    expect(ociState(state, 'stopped').pid).toBe(0)
    const annotated = record('c', { config: { ...state.config, annotations: { a: 'b' } } })
    expect(ociState(annotated, 'creating').annotations).toEqual({ a: 'b' })
  })
})

describe.runIf(linux)('the lock', () => {
  const lockAndWait = (id: string): string =>
    `import { lockContainer } from '${packageRoot()}/engine/libcontainer/lock.ts'
     const lock = lockContainer('${root}', '${id}')
     console.log('locked'); setInterval(() => lock, 1000)`

  test('is one at a time, and given back', () => {
    reserveName(root, record('c'))
    {
      using _ = lockContainer(root, 'c')
      expect(() => lockContainer(root, 'c', 20)).toThrow('container c is busy')
    }
    lockContainer(root, 'c', 20)[Symbol.dispose]()
    expect(() => lockContainer(root, 'none')).toThrow('container does not exist')
  })

  test('is nobody’s when its owner is killed', async () => {
    reserveName(root, record('c'))
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', lockAndWait('c')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => owner.stdout.once('data', resolve))
    try {
      expect(() => lockContainer(root, 'c', 20)).toThrow('busy')
    } finally {
      owner.kill('SIGKILL')
    }
    lockContainer(root, 'c', 5000)[Symbol.dispose]()
  })

  test('on a directory that is gone meanwhile is no lock', () => {
    reserveName(root, record('c'))
    const first = lockContainer(root, 'c')
    removeContainerDirectory(root, 'c')
    reserveName(root, record('c'))
    // The old directory is still locked; the new one of the same name is free.
    lockContainer(root, 'c', 20)[Symbol.dispose]()
    first[Symbol.dispose]()
  })
})

test.runIf(linux)('a reader sees a whole record while a writer replaces it, and is killed', async () => {
  reserveName(root, record('c'))
  saveState(root, record('c'))
  const writer = `import { loadState, saveState } from '${packageRoot()}/engine/libcontainer/state.ts'
    const state = loadState('${root}', 'c'); console.log('up')
    for (;;) saveState('${root}', state)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', writer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  for (let look = 0; look < 500; look++) expect(loadState(root, 'c').id).toBe('c')
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(loadState(root, 'c')).toEqual(record('c'))
  expect(existsSync(join(root, 'c/state.json'))).toBe(true)
  expect(readFileSync(join(root, 'c/state.json'), 'utf8')).toMatch(/^\{.*\}$/)
})

test.runIf(linux)('a zombie has ended', async () => {
  // exec: sleep(1) takes the place of the shell that had a child, and never asks how that ended.
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'])
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  const child = identify(pid)
  process.kill(pid)
  await expect.poll(() => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state).toBe('Z')
  expect(child && isAlive(child)).toBe(false)
  parent.kill()
})
