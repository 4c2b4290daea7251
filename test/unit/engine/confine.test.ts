// What is decided before the kernel is asked: capabilities, commands, lists of CPUs.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { planCapabilities } from '../../../engine/libcontainer/capabilities.ts'
import type { Capabilities } from '../../../engine/libcontainer/config/process.ts'
import { processEnvironment } from '../../../engine/libcontainer/credentials.ts'
import { capabilitySets, defaultCapabilities } from '../../../engine/libcontainer/defaults.ts'
import { listenFds, resolveExecutable } from '../../../engine/libcontainer/execute.ts'
import { parseCpuList } from '../../../engine/libcontainer/scheduling.ts'

const everything = (1n << 41n) - 1n
const own = { effective: everything, permitted: everything, inheritable: 0n }

function plan(wanted: Capabilities, held = own, last = 40) {
  const warnings: string[] = []
  return { ...planCapabilities(wanted, last, held, (line) => warnings.push(line)), warnings }
}

test('Docker’s fourteen capabilities are the number that Docker’s containers show', () => {
  const { bounding, permitted, effective, inheritable, ambient, warnings } = plan(
    capabilitySets(defaultCapabilities),
  )
  expect([bounding, permitted, effective]).toEqual([0xa80425fbn, 0xa80425fbn, 0xa80425fbn])
  expect([inheritable, ambient, warnings]).toEqual([0n, 0n, []])
})

test('no list, no capability', () => {
  expect(plan({})).toMatchObject({ bounding: 0n, permitted: 0n, effective: 0n, warnings: [] })
})

test('a capability of a newer kernel is left out with a warning', () => {
  const names = ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE']
  const { permitted, warnings } = plan(capabilitySets(names), own, 37)
  expect(permitted).toBe(1n)
  expect(warnings).toEqual(['ignoring capabilities that this kernel does not have: CAP_CHECKPOINT_RESTORE'])
})

test('what the runtime lacks itself is left out with one warning', () => {
  const names = ['CAP_SYS_RESOURCE', 'CAP_KILL']
  const { permitted, effective, warnings } = plan(capabilitySets(names), {
    ...own,
    permitted: everything & ~(1n << 24n),
  })
  expect([permitted, effective]).toEqual([1n << 5n, 1n << 5n])
  expect(warnings).toEqual([
    'ignoring permitted capabilities CAP_SYS_RESOURCE: the runtime does not have them itself',
  ])
})

test('sets that the kernel would refuse whole lose what does not fit', () => {
  const CAP_KILL = 1n << 5n
  const result = plan({
    bounding: ['CAP_KILL'],
    permitted: ['CAP_KILL'],
    effective: ['CAP_KILL', 'CAP_CHOWN'],
    inheritable: ['CAP_KILL', 'CAP_CHOWN'],
    ambient: ['CAP_KILL', 'CAP_CHOWN'],
  })
  expect(result).toMatchObject({ effective: CAP_KILL, inheritable: CAP_KILL, ambient: CAP_KILL })
  expect(result.warnings.map((line) => line.split(':')[0])).toEqual([
    'ignoring inheritable capabilities CAP_CHOWN',
    'ignoring effective capabilities CAP_CHOWN',
    'ignoring ambient capabilities CAP_CHOWN',
  ])
})

test.each([
  ['CAP_FOO', 'ignoring bounding capability CAP_FOO: there is none of that name'],
  ['kill', 'ignoring bounding capability kill: there is none of that name; is CAP_KILL meant?'],
])('there is no capability %s: a warning, config.md says', (name, line) => {
  expect(plan({ bounding: ['CAP_CHOWN', name] }).warnings).toContain(line)
})

test.each([
  ['0', [0]],
  ['0-3,7', [0, 1, 2, 3, 7]],
  [' 1 , 2-2', [1, 2]],
])('CPUs %s', (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus)
})
test.each(['', '3-1', 'x', '1-', '-1', '99999'])('%j is no list of CPUs', (list) => {
  expect(() => parseCpuList(list)).toThrow(EngineError)
})

test('sockets are passed on only when they were meant for us', () => {
  expect(listenFds({ LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: 'a:b' }, 7)).toEqual({
    count: 2,
    env: ['LISTEN_FDS=2', 'LISTEN_PID=1', 'LISTEN_FDNAMES=a:b'],
  })
  const none = { count: 0, env: [] }
  expect(listenFds({ LISTEN_FDS: '2', LISTEN_PID: '8' }, 7)).toEqual(none)
  expect(listenFds({ LISTEN_FDS: '-1', LISTEN_PID: '7' }, 7)).toEqual(none)
  expect(listenFds({}, 7)).toEqual(none)
})

test('HOME is there, and is not overwritten', () => {
  expect(processEnvironment(['A=b', 'HOME=/x'], 0)).toEqual(['A=b', 'HOME=/x'])
  expect(processEnvironment(['A=b'], 4_000_000)).toEqual(['A=b', 'HOME=/'])
})

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-execute-'))
  for (const name of ['first', 'second', 'second/folder']) mkdirSync(join(directory, name))
  writeFileSync(join(directory, 'second/tool'), '')
  chmodSync(join(directory, 'second/tool'), 0o755)
  writeFileSync(join(directory, 'first/plain'), '')
  symlinkSync('nowhere', join(directory, 'first/tool'))
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

function find(name: string, path = `PATH=${directory}/first:${directory}/second`): string {
  return resolveExecutable(name, ['A=b', path, 'PATH=/never'])
}

test('a command is looked for along PATH, past what does not lead anywhere', () => {
  expect(find('tool')).toBe(join(directory, 'second/tool'))
  expect(find(`${directory}/second/tool`)).toBe(join(directory, 'second/tool'))
  expect(resolveExecutable('sh', [])).toMatch(/\/bin\/sh$/)
})

test.each([
  ['nothing', 'exec: "nothing": executable file not found in $PATH', 127],
  ['', 'exec: "": executable file not found in $PATH', 127],
  ['/no/such', 'exec: "/no/such": stat /no/such: no such file or directory', 127],
  ['/etc', 'exec: "/etc": is a directory', 126],
  ['/etc/passwd', 'exec: "/etc/passwd": permission denied', 126],
  ['plain', 'exec: "plain": permission denied', 126],
  ['folder', 'exec: "folder": is a directory', 126],
])('no command %j', (name, message, exitStatus) => {
  expect(() => find(name)).toThrow(expect.objectContaining({ message, exitStatus }))
})
