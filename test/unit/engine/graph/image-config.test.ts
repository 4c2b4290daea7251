// Configs, and the two names of a layer.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../../engine/errors.ts'
import { chainId, chainIds } from '../../../../engine/graph/chain-id.ts'
import { createdAt, diffIdsOf, parseImageConfig } from '../../../../engine/graph/image-config.ts'

const one = `sha256:${'11'.repeat(32)}`
const two = `sha256:${'22'.repeat(32)}`
const config = {
  created: '2026-01-02T03:04:05.678901234Z',
  architecture: 'amd64',
  os: 'linux',
  config: {
    Env: ['PATH=/bin'],
    Cmd: ['sh'],
    Entrypoint: null,
    Labels: { a: 'b' },
    OnBuild: null,
    Hostname: 'x',
  },
  rootfs: { type: 'layers', diff_ids: [one, two] },
  history: [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }, { created_by: 'RUN' }],
  docker_version: '28.0',
  container: 'abc',
}
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

test('is read, with what Docker adds, and keeps what we do not know', () => {
  expect(parseImageConfig(bytes(config), 2)).toEqual(config)
  expect(diffIdsOf(parseImageConfig(bytes({ ...config, history: [], rootfs: { type: 'layers' } })))).toEqual(
    [],
  )
})

describe('is refused:', () => {
  test.each<[string, unknown, number | undefined, RegExp]>([
    [
      'another number of layers than the manifest',
      config,
      3,
      /\$\.rootfs\.diff_ids: it names 2 layers, and the manifest 3/,
    ],
    [
      'a history of more layers than there are',
      { ...config, history: Array(3).fill({}) },
      2,
      /\$\.history: it made 3/,
    ],
    [
      'another kind of root',
      { ...config, rootfs: { type: 'x', diff_ids: [] } },
      undefined,
      /\$\.rootfs\.type: it must be layers/,
    ],
    ['no root', { ...config, rootfs: undefined }, undefined, /\$\.rootfs: it is missing/],
    [
      'an environment of numbers',
      { ...config, config: { Env: [1] } },
      undefined,
      /\$\.config\.Env\[0\]: it must be a string/,
    ],
    [
      'no platform',
      { rootfs: config.rootfs },
      undefined,
      /\$\.architecture: it is missing; \$\.os: it is missing/,
    ],
  ])('%s', (_, value, layers, reason) => {
    expect(() => parseImageConfig(bytes(value), layers)).toThrow(reason)
  })
})

test('a date that is none is the beginning of time', () => {
  expect(createdAt('2026-01-02T03:04:05.678901234Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  expect([createdAt('yesterday'), createdAt(null), createdAt(undefined)]).toEqual([0, 0, 0])
})

test('chain ids are as the specification computes them', () => {
  expect(chainId(undefined, one)).toBe(one)
  // printf '%s %s' sha256:11… sha256:22… | sha256sum
  expect(chainIds([one, two])).toEqual([
    one,
    'sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5',
  ])
  expect(chainIds([])).toEqual([])
})

test('a mutated config is read, or refused in one line', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(
        ...Object.keys(config),
        'config.Env',
        'config.Cmd',
        'rootfs.diff_ids',
        'rootfs.type',
        'history.0',
      ),
      fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.dictionary(fc.string(), fc.string())),
      (path, value) => {
        const document = structuredClone(config)
        const keys = path.split('.')
        const last = keys.pop() ?? ''
        const holder = keys.reduce<Record<string, unknown>>(
          (at, key) => at[key] as Record<string, unknown>,
          document,
        )
        holder[last] = value
        try {
          parseImageConfig(bytes(document), 2)
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError)
          expect(String(error)).toMatch(/^EngineError: image config: \$.+$/)
        }
      },
    ),
    { numRuns: 10_000 },
  )
})
