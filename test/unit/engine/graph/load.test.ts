// Archives of images from anybody: what is loaded of them, and what is refused.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgressMessage } from '../../../../engine/api/progress.ts'
import { EngineError } from '../../../../engine/errors.ts'
import { sha256 } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { findImage } from '../../../../engine/graph/images.ts'
import { loadImages } from '../../../../engine/graph/load.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { pruneImages } from '../../../../engine/graph/prune-images.ts'
import { saveImages } from '../../../../engine/graph/save.ts'
import { configOf, makeImage } from '../../../suites/image-fixture.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'
import { type Member, tarOf } from '../../../suites/tar-of.ts'

let root: string
let graph: Graph
let other: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-archives-'))
  graph = await openGraph(join(root, 'one'), new MemoryDriver())
  other = await openGraph(join(root, 'two'), new MemoryDriver())
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const load = (archive: Uint8Array, to = other) =>
  loadImages(to, Readable.from([archive], { objectMode: false }))
const blobs = async (of = other): Promise<string[]> =>
  (await Array.fromAsync(of.content.list())).map((blob) => blob.digest).sort()
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const blobName = (content: Uint8Array): string => `blobs/${sha256(content).replace(':', '/')}`
const refused = async (members: readonly Member[]): Promise<string> => {
  const error: unknown = await load(tarOf(members)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(EngineError)
  expect(await blobs()).toEqual([])
  expect(readdirSync(join(root, 'two/image/memory/content/ingest'))).toEqual([])
  expect(other.db.images.all()).toEqual([])
  return error instanceof EngineError ? error.message : ''
}

const config = configOf({ layers: ['a', 'b'] })
const docker = (item: object = {}): Member[] => [
  ['config.json', config],
  ['one/layer.tar', Buffer.from('a')],
  ['two/layer.tar', Buffer.from('b')],
  [
    'manifest.json',
    json([
      { Config: 'config.json', RepoTags: ['app:1'], Layers: ['one/layer.tar', 'two/layer.tar'], ...item },
    ]),
  ],
]
const manifest = json({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest: sha256(config), size: config.length },
  layers: ['a', 'b'].map((text) => ({ mediaType: mediaTypes.ociLayer, digest: sha256(text), size: 1 })),
})
const entry = (more: object = {}) => ({
  mediaType: mediaTypes.ociManifest,
  digest: sha256(manifest),
  size: manifest.length,
  ...more,
})
const index = (...manifests: object[]): Buffer => json({ schemaVersion: 2, manifests })
const layout = (...manifests: object[]): Member[] => [
  ...[config, manifest, Buffer.from('a'), Buffer.from('b')].map(
    (content): Member => [blobName(content), content],
  ),
  ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
  ['index.json', index(...(manifests.length > 0 ? manifests : [entry()]))],
]

describe('is loaded:', () => {
  test('a docker archive, and it says so', async () => {
    const said: ProgressMessage[] = []
    const archive = Readable.from([tarOf(docker())], { objectMode: false })
    const loaded = await loadImages(other, archive, { onProgress: (message) => said.push(message) })
    expect(loaded).toEqual([{ imageId: sha256(config), names: ['app:1'] }])
    expect(said).toContainEqual({
      id: sha256('a').slice(7, 19),
      status: 'Loading layer',
      progressDetail: { current: 1, total: 1 },
    })
    expect(said.at(-1)).toEqual({ status: 'Loaded image: app:1' })
    expect(await blobs()).toHaveLength(3)
  })
  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('one compressed by %s, with layers that are, too', async (_, compress) => {
    const members = docker().map(
      ([name, content]): Member => [name, name.endsWith('.tar') ? compress(content ?? '') : content],
    )
    expect(await load(compress(tarOf(members)))).toHaveLength(1)
    expect(
      other.db.layers
        .all()
        .map(({ diff_id }) => diff_id)
        .sort(),
    ).toEqual([sha256('a'), sha256('b')].sort())
    expect(await load(await buffer(await saveImages(other, ['app:1'])), graph)).toHaveLength(1)
  })
  test('layers that are links to others, with ./ before every name', async () => {
    const links: Member[] = [
      ['./config.json', configOf({ layers: ['a', 'a', 'a'] })],
      ['./one/layer.tar', Buffer.from('a')],
      ['./two/layer.tar', '../one/layer.tar'],
      ['./three/layer.tar', '../two/layer.tar'],
      [
        './manifest.json',
        json([{ Config: 'config.json', Layers: ['one/layer.tar', 'two/layer.tar', 'three/layer.tar'] }]),
      ],
    ]
    expect(await load(tarOf(links))).toMatchObject([{ names: [] }])
    expect(other.db.layers.all()).toHaveLength(3)
  })
  test('an OCI layout, by its annotations', async () => {
    const named = (name: string, key = 'org.opencontainers.image.ref.name') =>
      entry({ annotations: { [key]: name } })
    const archive = tarOf(
      layout(named('x.y/a:1', 'io.containerd.image.name'), named('docker.io/library/b:2'), named('latest')),
    )
    expect((await load(archive)).map(({ names }) => names)).toEqual([['x.y/a:1'], ['b:2'], []])
    expect(other.db.images.get(sha256(config))?.manifest).toBe(sha256(manifest))
  })
  test('of an index for several platforms, what this machine runs', async () => {
    const inner = index(
      entry({ platform: { os: 'linux', architecture: 'riscv64' }, digest: sha256('not in here') }),
      entry({ platform: { os: 'linux', architecture: 'amd64' } }),
      entry({ platform: { os: 'linux', architecture: 'arm64' } }),
    )
    const outer = { mediaType: mediaTypes.ociIndex, digest: sha256(inner), size: inner.length }
    expect(await load(tarOf([[blobName(inner), inner], ...layout(outer)]))).toHaveLength(1)
  })
  test('with the manifest of index.json, when that has every layer', async () => {
    const both = (...manifests: object[]): Member[] => [
      ...layout(...manifests),
      [
        'manifest.json',
        json([
          {
            Config: blobName(config),
            RepoTags: ['app:1'],
            Layers: [blobName(Buffer.from('a')), blobName(Buffer.from('b'))],
          },
        ]),
      ],
    ]
    await load(tarOf(both()))
    expect(other.db.images.get(sha256(config))?.manifest).toBe(sha256(manifest))
    await load(tarOf(both({ ...entry(), digest: sha256('nowhere') })), graph)
    expect(graph.db.images.get(sha256(config))?.manifest).toBeNull()
  })
  test('a name that another image has is taken, and that is said', async () => {
    const old = await makeImage(other, { names: ['app:1'] })
    const said: string[] = []
    const archive = Readable.from([tarOf(docker())], { objectMode: false })
    await loadImages(other, archive, { onProgress: ({ status }) => said.push(status) })
    expect(said).toContain(
      `The image app:1 already exists, renaming the old one with ID ${old} to empty string`,
    )
    expect(findImage(other, 'app:1').id).toBe(sha256(config))
  })
  test('what belongs to no image is not kept', async () => {
    await load(tarOf([['README', Buffer.from('hello')], ...docker()]))
    expect(await blobs()).toHaveLength(3)
    expect((await pruneImages(other)).SpaceReclaimed).toBe(0)
  })
})

describe('is refused, and leaves nothing:', () => {
  test.each<[string, () => Member[], RegExp]>([
    [
      'what is no image archive',
      () => [['etc/passwd', Buffer.from('x')]],
      /neither a manifest\.json nor an index\.json/,
    ],
    [
      'a layer that is not there',
      () => docker().filter(([name]) => !name.startsWith('two')),
      /names "two\/layer\.tar", and has no such file/,
    ],
    ['a path that leads out', () => docker({ Config: '../../../etc/passwd' }), /has no such file/],
    [
      'links in a circle',
      () => [
        ['one', 'two'],
        ['two', 'one'],
        ['manifest.json', json([{ Config: 'one' }])],
      ],
      /has no such file/,
    ],
    ['too few layers', () => docker({ Layers: ['one/layer.tar'] }), /names 2 layers, and the manifest 1/],
    ['the wrong layers', () => docker({ Layers: ['two/layer.tar', 'one/layer.tar'] }), /was promised/],
    ['a name that is none', () => docker({ RepoTags: ['App'] }), /must be lowercase/],
    [
      'a config that is none',
      () =>
        docker().map(
          ([name, content]): Member => [name, name === 'config.json' ? Buffer.from('{}') : content],
        ),
      /image config: \$\.architecture: it is missing/,
    ],
    [
      'a blob that is not what its name says',
      () => [[blobName(Buffer.from('x')), Buffer.from('y')]],
      /does not fit its digest/,
    ],
    [
      'a list of the wrong shape',
      () => [['manifest.json', json({ Config: 'x' })]],
      /manifest\.json: \$: it must be an array/,
    ],
    [
      'an index that is a manifest',
      () => [...layout().slice(0, -1), ['index.json', manifest]],
      /index\.json is a manifest/,
    ],
    [
      'an artifact',
      () => {
        const chart = Buffer.from(String(manifest).replace(mediaTypes.ociConfig, 'application/x.chart'))
        return [
          ...layout({ ...entry(), digest: sha256(chart), size: chart.length }),
          [blobName(chart), chart],
        ]
      },
      /an artifact of type "application\/x\.chart"/,
    ],
    [
      'a platform that it has not',
      () => {
        const inner = index(entry({ platform: { os: 'plan9', architecture: 'mips' } }))
        return [
          [blobName(inner), inner],
          ...layout({ mediaType: mediaTypes.ociIndex, digest: sha256(inner), size: 1 }),
        ]
      },
      /no matching manifest for linux\/\w+: it is for plan9\/mips/,
    ],
  ])('%s', async (_, members, reason) => {
    expect(await refused(members())).toMatch(reason)
  })
  test('an archive that breaks off', async () => {
    const whole = tarOf(docker())
    for (const length of [600, 1500, 2100, whole.length - 1700])
      await expect(load(whole.subarray(0, length))).rejects.toThrow(EngineError)
    expect(await blobs()).toEqual([])
  })
})

test('an archive with mutated documents is loaded, or refused in one line', async () => {
  const documents = new Map([
    ['index.json', index(entry({ annotations: { 'org.opencontainers.image.ref.name': 'a:1' } }))],
    [
      'manifest.json',
      json([
        {
          Config: blobName(config),
          RepoTags: ['b:1'],
          Layers: [sha256('a'), sha256('b')].map((digest) => `blobs/${digest.replace(':', '/')}`),
        },
      ]),
    ],
  ])
  // Their blobs are there already, so only what is mutated costs any time.
  await load(tarOf(layout()))
  const members = layout().slice(0, -1)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...documents),
      fc.nat(),
      fc.nat(4),
      fc.oneof(fc.jsonValue().map(json), fc.uint8Array({ maxLength: 4 })),
      async ([name, document], where, skipped, noise) => {
        const at = where % document.length
        const mutated = Buffer.concat([document.subarray(0, at), noise, document.subarray(at + skipped)])
        try {
          await load(tarOf([...members, [name, mutated]]))
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError)
          expect(String(error)).not.toMatch(/\n/)
        }
      },
    ),
    { numRuns: 1000 },
  )
}, 120_000)
