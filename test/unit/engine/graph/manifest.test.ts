// Manifests and indexes, both spellings; and what is refused of them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../../engine/errors.ts'
import {
  largestManifest,
  mediaTypes,
  parseManifest,
  requireImage,
} from '../../../../engine/graph/manifest.ts'

const digest = (hex: string): string => `sha256:${hex.repeat(32)}`
const config = { mediaType: mediaTypes.ociConfig, digest: digest('aa'), size: 10 }
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digest('bb'), size: 20 }
const oci = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] }
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    {
      mediaType: mediaTypes.ociManifest,
      digest: digest('cc'),
      size: 3,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ],
}
const docker = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: { ...config, mediaType: mediaTypes.dockerConfig },
  layers: [{ ...layer, mediaType: mediaTypes.dockerLayerGzip }],
}
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const parse = (value: unknown, type?: string) => parseManifest(bytes(value), type)

describe('is read:', () => {
  test('an OCI manifest, with all that 1.1 added', () => {
    const whole = {
      ...oci,
      artifactType: 'application/x',
      subject: { ...config, mediaType: mediaTypes.ociManifest },
      annotations: { a: 'b' },
    }
    expect(parse(whole)).toEqual({ kind: 'manifest', mediaType: mediaTypes.ociManifest, manifest: whole })
  })
  test('a Docker manifest and a list', () => {
    expect(parse(docker, mediaTypes.dockerManifest).mediaType).toBe(mediaTypes.dockerManifest)
    const list = { ...index, mediaType: mediaTypes.dockerList }
    expect(parse(list, mediaTypes.dockerList)).toEqual({
      kind: 'index',
      mediaType: mediaTypes.dockerList,
      index: list,
    })
  })
  test('one without a type, by its shape or by what it came as', () => {
    const { mediaType: _, ...bare } = oci
    expect(parse(bare)).toMatchObject({ kind: 'manifest', mediaType: mediaTypes.ociManifest })
    expect(parse({ schemaVersion: 2, manifests: [] })).toMatchObject({ kind: 'index' })
    expect(parse(bare, `${mediaTypes.ociManifest}; charset=utf-8`).kind).toBe('manifest')
    expect(parse(oci, 'application/octet-stream').kind).toBe('manifest')
  })
  test('null is read as absent, and unknown fields are let be', () => {
    expect(parse({ ...oci, annotations: null, extra: 1 }).kind).toBe('manifest')
  })
})

describe('is refused:', () => {
  test.each<[string, unknown, string | undefined, RegExp]>([
    ['a manifest that is an index, too', { ...oci, manifests: [] }, undefined, /at the same time/],
    ['an index that is a manifest, too', { ...index, layers: [] }, undefined, /at the same time/],
    ['one that came as another', oci, mediaTypes.ociIndex, /says it is .*manifest.*, and came as .*index/],
    [
      'an index that calls itself a manifest',
      { ...index, mediaType: mediaTypes.ociManifest },
      undefined,
      /\$\.config: it is missing/,
    ],
    [
      'an index without a type that came as a manifest',
      { schemaVersion: 2, manifests: [] },
      mediaTypes.ociManifest,
      /\$\.config: it is missing/,
    ],
    ['an unknown type', { ...oci, mediaType: 'text/html' }, undefined, /"text\/html" is not the type/],
    [
      'a type that is a property of every object',
      { ...oci, mediaType: 'constructor' },
      undefined,
      /not the type/,
    ],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, undefined, /schema version 1/],
    [
      'signed schema 1',
      { schemaVersion: 1 },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      /schema version 1/,
    ],
    [
      'no digest',
      { ...oci, layers: [{ ...layer, digest: 'sha256:x' }] },
      undefined,
      /\$\.layers\[0\]\.digest: a sha256 digest has 64/,
    ],
    [
      'a digest that leads elsewhere',
      { ...oci, config: { ...config, digest: '../../etc/passwd' } },
      undefined,
      /\$\.config\.digest/,
    ],
    [
      'a negative size',
      { ...oci, config: { ...config, size: -1 } },
      undefined,
      /\$\.config\.size: it is below 0/,
    ],
    [
      'half a byte',
      { ...oci, config: { ...config, size: 0.5 } },
      undefined,
      /\$\.config\.size: it must be a whole number/,
    ],
    [
      'too many layers',
      { ...oci, layers: Array(1001).fill(layer) },
      undefined,
      /\$\.layers: there are more than 1000/,
    ],
    ['an array', [], undefined, /not an object/],
    ['null', null, undefined, /not an object/],
  ])('%s', (_, value, type, reason) => {
    expect(() => parse(value, type)).toThrow(reason)
  })
  test('what is no JSON, no UTF-8, too deep, too large', () => {
    const of = (text: string) => () => parseManifest(new TextEncoder().encode(text))
    expect(of('{')).toThrow('manifest: it is no JSON')
    expect(() => parseManifest(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('manifest: it is no UTF-8')
    expect(of(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toThrow('nested deeper than 64')
    expect(() => parseManifest(new Uint8Array(largestManifest + 1))).toThrow(/are the most/)
  })
  test('an artifact, where an image is needed', () => {
    const chart = { ...oci, config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }
    const parsed = parse(chart)
    expect(() => parsed.kind === 'manifest' && requireImage(parsed.manifest)).toThrow(/helm/)
  })
})

test('a mutated manifest is read, or refused in one line', () => {
  const seeds: unknown[] = [oci, docker, index]
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.jsonValue()), { maxLength: 4 }),
      (seed, changes) => {
        const document: unknown = structuredClone(seed)
        for (const [where, which, value] of changes) mutate(document, where, which, value)
        accepts(() => parse(document))
      },
    ),
    { numRuns: 5000 },
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.nat(),
      fc.uint8Array({ maxLength: 3 }),
      (seed, where, noise) => {
        const text = bytes(seed).slice()
        text.set(noise, where % (text.length - 3))
        accepts(() => parseManifest(text))
      },
    ),
    { numRuns: 5000 },
  )
})

function accepts(parseIt: () => unknown): void {
  try {
    parseIt()
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError)
    expect(String(error)).toMatch(/^EngineError: manifest: .+$/)
  }
}

/** Puts `value` somewhere into the document, takes something away, or moves it. */
function mutate(document: unknown, where: number, which: number, value: unknown): void {
  const places: [Record<string, unknown>, string][] = []
  const walk = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return
    const holder = one as Record<string, unknown>
    for (const key of Object.keys(holder)) {
      places.push([holder, key])
      walk(holder[key])
    }
  }
  walk(document)
  const [holder, key] = places[where % Math.max(places.length, 1)] ?? []
  if (holder === undefined || key === undefined) return
  if (which % 3 === 0) delete holder[key]
  else if (which % 3 === 1) holder[key] = value
  else holder[String(which % 7 === 0 ? 'manifests' : 'mediaType')] = holder[key]
}
