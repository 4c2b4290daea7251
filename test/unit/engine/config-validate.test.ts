// Each rule of config.json can fail, names its JSON path, and is told with all others at once.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { exampleConfig } from '../../../engine/libcontainer/config/example.ts'
import {
  loadConfig,
  validateConfig,
  validateProcess,
  validateResources,
} from '../../../engine/libcontainer/config/validate.ts'
import { cases, changed, device, linux, mounts, namespaces, process } from '../../suites/config-cases.ts'

let bundle: string
beforeAll(() => {
  bundle = mkdtempSync(join(tmpdir(), 'lc-config-'))
  mkdirSync(join(bundle, 'rootfs'))
  writeFileSync(join(bundle, 'file'), '')
  symlinkSync('loop', join(bundle, 'loop'))
})
afterAll(() => rmSync(bundle, { recursive: true }))

/** What validateConfig says of it; `good` when nothing. */
function refusal(text: string, warnings: string[] = []): string {
  try {
    validateConfig(text, bundle, (line) => warnings.push(line))
    return 'good'
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError)
    return error instanceof EngineError ? error.message : ''
  }
}

test('the example is good, rootless too', () => {
  expect(refusal(changed(() => {}))).toBe('good')
  const rootless = exampleConfig({ rootless: { uid: 1000, gid: 1000 }, cgroupNamespace: false })
  expect(refusal(JSON.stringify(rootless))).toBe('good')
  expect(rootless.linux?.namespaces?.map(({ type }) => type)).toEqual(['pid', 'ipc', 'uts', 'mount', 'user'])
})

test.each([
  ['', '$: it is empty'],
  [' \n', '$: it is empty'],
  ['{', '$: it is not JSON'],
  ['{"a":1}{', '$: it is not JSON'],
  ['[]', '$: it must be an object'],
  ['null', '$: it must be an object'],
  ['"x"', '$: it must be an object'],
  ['{}', '$.ociVersion: it is missing; $.root: it is missing'],
  [`"${'x'.repeat(10 * 1024 ** 2)}"`, '$: it has 10.0 MiB, and 4 is the most'],
  [`${'['.repeat(1000)}${']'.repeat(1000)}`, 'nested deeper than 64'],
  [`{"a":${'{"b":'.repeat(100)}1${'}'.repeat(100)}}`, 'nested deeper than 64'],
])('%.20s is refused', (text, reason) => {
  expect(refusal(text)).toContain(reason)
})

test.each(cases)('%s: %s', (path, change, reason = '') => {
  const text = refusal(changed(change))
  const found = text.replace('config.json: ', '').split('; ')
  expect(
    found.some((one) => one.startsWith(`${path}: `) && one.includes(reason)),
    text,
  ).toBe(true)
})

test('all of it is told at once, whether the schema or a rule found it', () => {
  const text = refusal(
    changed((c) => {
      process(c, { cwd: 5, env: ['X'], args: [] })
      namespaces(c).push({ type: 'pid' })
      linux(c, { sysctl: { 'vm.x': '1' }, rootfsPropagation: 'odd' })
      Object.assign(c, { ociVersion: '3.0.0' })
    }),
  )
  for (const path of [
    '$.process.cwd: ',
    '$.process.args: ',
    '$.process.env[0]: ',
    '$.linux.namespaces[6].type: ',
    '$.linux.sysctl["vm.x"]: ',
    '$.linux.rootfsPropagation: ',
    '$.ociVersion: ',
  ])
    expect(text).toContain(path)
})

test('a section that could not be read is not held against others', () => {
  const text = refusal(changed((c) => namespaces(c).push({ type: 7 })))
  expect(text).toBe(
    'config.json: $.linux.namespaces[6].type: it must be one of pid, network, mount, ipc, uts, user, cgroup, time',
  )
})

test('null is "left out", as Go writes it; and thousands of violations are counted, not printed', () => {
  const nulls = { mounts: null, hooks: null, annotations: null, linux: { seccomp: null, devices: null } }
  const config = { ociVersion: '1.0.2-dev', root: { path: 'rootfs' }, ...nulls }
  expect(refusal(JSON.stringify(config))).toBe('good')
  const many = refusal(changed((c) => process(c, { env: Array(5000).fill('X') })))
  expect(many).toMatch(/; and 4900 more$/)
})

test('what the specification wants said, and not refused, is a warning', () => {
  const warnings: string[] = []
  const text = changed((c) => {
    process(c, { capabilities: { bounding: ['CAP_OF_TOMORROW'] } })
    mounts(c, { destination: 'tmp', type: 'tmpfs' })
    linux(c, { devices: [device('/dev/a', 1), device('/dev/b', 1)], netDevices: { eth0: {} } })
  })
  expect(refusal(text, warnings)).toBe('good')
  expect(warnings).toEqual([
    expect.stringContaining('CAP_OF_TOMORROW'),
    expect.stringContaining('mounts[0].destination'),
    expect.stringContaining('linux.devices[1]: /dev/b is the same device as /dev/a'),
    expect.stringContaining('linux.netDevices is ignored: it belongs to a later specification'),
  ])
})

test('a property named __proto__ changes nothing', () => {
  const config = validateConfig(
    changed(() => {}).replace('{', '{"__proto__":{"hostname":"x"},"constructor":1,'),
    bundle,
  )
  expect(Object.getPrototypeOf(config)).toBe(Object.prototype)
  expect(config.hostname).toBe('tocker')
})

describe('parts', () => {
  test('process.json', () => {
    expect(validateProcess('{"args":["sh"],"cwd":"/","user":{"uid":0,"gid":0}}').args).toEqual(['sh'])
    expect(() => validateProcess('{"args":["sh"],"cwd":"x","user":{}}')).toThrow(
      'process.json: $.cwd: it is not an absolute path; $.user.uid: it is missing',
    )
    expect(() => validateProcess('{"args":["sh"],"cwd":"/","env":["X"],"user":{"uid":0,"gid":0}}')).toThrow(
      'process.json: $.env[0]: it is not NAME=value',
    )
  })
  test('resources', () => {
    expect(validateResources('{"memory":{"limit":-1}}')).toEqual({ memory: { limit: -1 } })
    expect(() => validateResources('{"memory":{"swap":5}}')).toThrow('resources: $.memory.swap')
    expect(() => validateResources('')).toThrow('resources: $: it is empty')
  })
})

describe('config.json as a file', () => {
  test('is read', () => {
    writeFileSync(
      join(bundle, 'config.json'),
      changed(() => {}),
    )
    expect(loadConfig(bundle).root.path).toBe('rootfs')
  })
  test('is missing, a directory, too large, a FIFO', () => {
    expect(() => loadConfig('/nowhere')).toThrow('JSON specification file /nowhere/config.json not found')
    for (const name of ['directory', 'large', 'fifo']) mkdirSync(join(bundle, name))
    mkdirSync(join(bundle, 'directory/config.json'))
    expect(() => loadConfig(join(bundle, 'directory'))).toThrow('$: it is not a regular file')
    writeFileSync(join(bundle, 'large/config.json'), ' '.repeat(10 * 1024 ** 2))
    expect(() => loadConfig(join(bundle, 'large'))).toThrow('$: it has 10.0 MiB')
    execFileSync('mkfifo', [join(bundle, 'fifo/config.json')])
    expect(() => loadConfig(join(bundle, 'fifo'))).toThrow('$: it is not a regular file')
  })
})
