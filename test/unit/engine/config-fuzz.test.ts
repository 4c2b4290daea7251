// Mutated configs, thousands of them: whatever stands in config.json, it is taken,
// or refused with a JSON path and a reason. Never a crash, a hang, or half a word.
//
// A failure prints its seed and path: FUZZ_SEED=… FUZZ_RUNS=… repeats or prolongs.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { exampleConfig } from '../../../engine/libcontainer/config/example.ts'
import {
  validateConfig,
  validateProcess,
  validateResources,
} from '../../../engine/libcontainer/config/validate.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 12_000)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
let bundle: string
beforeAll(() => {
  bundle = mkdtempSync(join(tmpdir(), 'lc-fuzz-'))
  mkdirSync(join(bundle, 'rootfs'))
})
afterAll(() => rmSync(bundle, { recursive: true }))

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** A config with something in nearly every section, so that there is something to spoil. */
const rich: Json = JSON.parse(
  JSON.stringify({
    ...exampleConfig({ rootless: { uid: 1000, gid: 1000 }, cgroupNamespace: true }),
    domainname: 'example',
    annotations: { 'org.example': 'x' },
    hooks: { prestart: [{ path: '/bin/true', args: ['true'], env: ['A=b'], timeout: 3 }], poststop: [] },
    linux: {
      ...exampleConfig({ rootless: { uid: 1000, gid: 1000 }, cgroupNamespace: true }).linux,
      cgroupsPath: '/a/b',
      devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
      sysctl: { 'fs.mqueue.msg_max': '10' },
      rootfsPropagation: 'rslave',
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: { limit: 2 ** 26, swap: 2 ** 27, swappiness: 5 },
        cpu: { shares: 512, quota: 5000, period: 10000, cpus: '0' },
        pids: { limit: 10 },
        blockIO: { weight: 10, weightDevice: [{ major: 8, minor: 0, weight: 20 }] },
        hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
        network: { classID: 1, priorities: [{ name: 'lo', priority: 1 }] },
        rdma: { x: { hcaHandles: 1 } },
        unified: { 'memory.high': '1' },
      },
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 1,
        architectures: ['SCMP_ARCH_X86_64'],
        syscalls: [
          { names: ['read'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
        ],
      },
    },
  }),
)

/** Values that have broken parsers before. */
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    true,
    '',
    '\0',
    '/',
    '..',
    '../../..',
    'rootfs',
    '1.2.0',
    '__proto__',
    'x'.repeat(5000),
    -1,
    0.5,
    1e308,
    2 ** 32,
    2 ** 53,
    -(2 ** 63),
    [],
    {},
    [[]],
    [null],
    [{}],
    { path: '/proc/self/ns/net/x', type: 'network' },
    { toString: 1 },
  ),
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
)

/** Where to change what: each number picks a child, until there is none or the numbers end. */
const mutation = fc.record({
  steps: fc.array(fc.nat(40), { minLength: 1, maxLength: 7 }),
  how: fc.constantFrom('replace', 'delete', 'add', 'double', 'swap'),
  name: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'path', 'type', 'constructor', 'linux')),
  value: odd,
})
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

function mutate(root: Json, { steps, how, name, value }: Mutation): Json {
  const box = { root: structuredClone(root) } as { [name: string]: Json }
  let holder: Json = box
  let key = 'root'
  for (const step of steps) {
    const child: Json = (holder as { [name: string]: Json })[key] ?? null
    const keys = typeof child === 'object' && child !== null ? Object.keys(child) : []
    if (keys.length === 0) break
    holder = child
    key = keys[step % keys.length] ?? ''
  }
  const place = holder as { [name: string]: Json }
  const old = place[key] ?? null
  if (how === 'replace') place[key] = value
  else if (how === 'delete') delete place[key]
  else if (how === 'double' && Array.isArray(holder)) holder.push(old)
  else if (how === 'swap' && Array.isArray(old)) place[key] = Object.fromEntries(old.entries()) as Json
  else if (Array.isArray(old)) old.push(value)
  else if (typeof old === 'object' && old !== null)
    Object.defineProperty(old, name, { value, enumerable: true, configurable: true, writable: true })
  return box.root ?? null
}

const counts = { good: 0, refused: 0 }

/** Good, or one line with at least one path and reason. */
function check(validate: () => unknown): void {
  const start = performance.now()
  try {
    validate()
    counts.good++
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    counts.refused++
    expect(error.kind).toBe('invalid')
    expect(error.message).toMatch(/^[\w.]+: \$[^ ]*(\["[^\n]*"\])?[^\n:]*: \S/)
    expect(error.message).not.toMatch(/undefined|\[object|Invalid input/)
    expect(error.message.length).toBeLessThan(1_000_000)
  }
  expect(performance.now() - start).toBeLessThan(10_000)
}

test(`${runs} mutated configs: each is taken, or refused with a path and a reason`, {
  timeout: 300_000,
}, () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const config = mutations.reduce(mutate, rich)
      check(() => validateConfig(JSON.stringify(config), bundle))
    }),
    { seed, numRuns: runs, verbose: 1 },
  )
  // Were all refused, or all taken, the mutations would miss what they are for.
  expect(counts.good).toBeGreaterThan(runs / 100)
  expect(counts.refused).toBeGreaterThan(runs / 10)
})

test('texts cut, spliced and spoiled: the same', { timeout: 300_000 }, () => {
  const text = JSON.stringify(rich)
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ unit: 'binary' }), (at, length, put) => {
      check(() => validateConfig(text.slice(0, at) + put + text.slice(at + length), bundle))
    }),
    { seed, numRuns: Math.floor(runs / 6), verbose: 1 },
  )
})

test('anything at all, by the other two doors: the same', { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
      check(() => validateProcess(text))
      check(() => validateResources(text))
    }),
    { seed, numRuns: Math.floor(runs / 12), verbose: 1 },
  )
})
