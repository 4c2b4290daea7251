// What tockerd is told, by flags and by daemon.json.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtinDefaults, withDefaults } from '../../../../engine/daemon/container/defaults.ts'
import { type DaemonOptions, parseFlags, readOptions } from '../../../../engine/daemon/options.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-options-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function read(file: object, ...words: string[]): DaemonOptions {
  const path = join(directory, 'daemon.json')
  writeFileSync(path, JSON.stringify(file))
  return readOptions(parseFlags(['--config-file', path, ...words]))
}

const ulimit = { Name: 'nofile', Soft: 10, Hard: 20 }

test('nothing said: as Docker', () => {
  const { defaults, shutdownTimeout, logLevel, labels } = read({})
  expect(defaults).toEqual({
    ...builtinDefaults,
    spec: { defaultUlimits: [], init: false, noNewPrivileges: false },
  })
  expect({ shutdownTimeout, logLevel, labels }).toEqual({ shutdownTimeout: 15, logLevel: 'info', labels: [] })
})

test('a short flag and its value, as Docker takes them', () => {
  for (const words of [['-H', 'unix:///a'], ['-H=unix:///a'], ['-Hunix:///a'], ['--host=unix:///a']])
    expect(read({}, ...words).hosts).toEqual([expect.objectContaining({ kind: 'unix', path: '/a' })])
})

test('a flag and a field come to the same', () => {
  const byFile = read({
    runtimes: { mine: { path: '/bin/mine' } },
    ...{ 'default-runtime': 'mine', 'log-driver': 'local', 'log-opts': { 'max-size': '1m' } },
    ...{
      'default-ulimits': { nofile: ulimit },
      'default-shm-size': 2 ** 20,
      'default-ipc-mode': 'shareable',
    },
    ...{ 'default-cgroupns-mode': 'host', init: true, 'init-path': '/bin/sh', 'no-new-privileges': true },
    ...{ 'seccomp-profile': 'unconfined', labels: ['a=b'], 'shutdown-timeout': 3, 'log-level': 'warn' },
  })
  const byFlags = read(
    {},
    ...['--add-runtime', 'mine=/bin/mine', '--default-runtime', 'mine', '--log-driver', 'local'],
    ...['--log-opt', 'max-size=1m', '--default-ulimit', 'nofile=10:20', '--default-shm-size', '1m'],
    ...[
      '--default-ipc-mode',
      'shareable',
      '--default-cgroupns-mode',
      'host',
      '--init',
      '--init-path=/bin/sh',
    ],
    ...['--no-new-privileges', '--seccomp-profile', 'unconfined', '--label', 'a=b'],
    ...['--shutdown-timeout', '3', '-l', 'warn'],
  )
  expect(byFlags).toEqual(byFile)
  expect(byFile.runtimes).toMatchObject({ mine: '/bin/mine' })
  expect(byFile.defaults).toMatchObject({
    ...{ runtime: 'mine', shmSize: 2 ** 20, cgroupnsMode: 'host' },
    spec: { defaultUlimits: [ulimit], seccompProfile: 'unconfined', initPath: '/bin/sh' },
  })
})

test('a flag that is a "no" takes Docker’s =true and =false', () => {
  const privileges = (word: string) => read({}, word).defaults.spec.noNewPrivileges
  expect(['--no-new-privileges=true', '--no-new-privileges=false'].map(privileges)).toEqual([true, false])
})

test.each<[string, string[], RegExp]>([
  ['default-runtime', ['--default-runtime', 'none'], /there is no runtime "none"; there are tocker/],
  ['log-driver', ['--log-driver', 'gelf'], /log-driver: there is no "gelf"/],
  ['log-opts', ['--log-opt', 'size=1'], /unknown log opt 'size' for json-file/],
  ['log-opts', ['--log-opt', 'size'], /--log-opt size: it is name=value/],
  ['default-ulimits', ['--default-ulimit', 'nofile'], /it is name=soft\[:hard\]/],
  ['default-shm-size', ['--default-shm-size', 'much'], /"much" is no size/],
  ['default-ipc-mode', ['--default-ipc-mode', 'host'], /it is private or shareable/],
  ['default-cgroupns-mode', ['--default-cgroupns-mode', 'x'], /it is private or host/],
  ['init-path', ['--init-path', '/no/init'], /there is no \/no\/init/],
  ['seccomp-profile', ['--seccomp-profile', '/no/profile'], /seccomp-profile \/no\/profile/],
  ['labels', ['--label', 'word'], /it is key=value/],
  ['shutdown-timeout', ['--shutdown-timeout', 'soon'], /it is seconds/],
  ['log-level', ['-l', 'loud'], /it is debug, info, warn/],
  ['add-runtime', ['--add-runtime', 'tocker=/bin/true'], /"tocker" is our own/],
  ['add-runtime', ['--add-runtime', 'mine'], /it is name=path/],
])('%s: %j is refused in one line', (_, words, message) => {
  expect(() => read({}, ...words)).toThrow(message)
  expect(() => read({}, ...words)).toThrow(/^[^\n]*$/)
})

test.each([
  ['log-opts', { 'log-opts': { 'max-size': '1m' } }, ['--log-opt', 'max-size=2m']],
  ['default-ulimits', { 'default-ulimits': { nofile: ulimit } }, ['--default-ulimit', 'nofile=1']],
  ['labels', { labels: ['a=b'] }, ['--label', 'a=c']],
  ['no-new-privileges', { 'no-new-privileges': true }, ['--no-new-privileges']],
])('%s in both places is refused', (_, file, words) => {
  expect(() => read(file, ...words)).toThrow('specified both as a flag and in the configuration file')
})

describe('what a container does not say', () => {
  const defaults = {
    ...builtinDefaults,
    ...{ runtime: 'mine', logDriver: 'local', logOptions: { 'max-size': '1m' }, shmSize: 5 },
  }
  test('is chosen', () => {
    expect(withDefaults({}, defaults, 2)).toEqual({
      ...{ Runtime: 'mine', ShmSize: 5, IpcMode: 'private', CgroupnsMode: 'private' },
      LogConfig: { Type: 'local', Config: { 'max-size': '1m' } },
    })
    expect(withDefaults({}, defaults, 1)).toMatchObject({ CgroupnsMode: 'host' })
  })
  test('is left alone when it does', () => {
    const own = { Runtime: 'runc', ShmSize: 7, IpcMode: 'host', CgroupnsMode: 'host' }
    expect(withDefaults(own, defaults, 2)).toMatchObject(own)
  })
  test('options of a log driver go with that driver', () => {
    const log = (LogConfig: object) => withDefaults({ LogConfig }, defaults, 2).LogConfig
    expect(log({ Type: 'none' })).toEqual({ Type: 'none', Config: {} })
    expect(log({ Config: { 'max-file': '2' } })).toEqual({
      ...{ Type: 'local', Config: { 'max-size': '1m', 'max-file': '2' } },
    })
  })
})
