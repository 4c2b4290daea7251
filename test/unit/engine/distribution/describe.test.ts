// What a registry has under a name, without a pull: digest and platforms.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describe } from '../../../../engine/distribution/describe.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { archiveOf, publish, type TestImage } from '../../../suites/registry-image.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'

let registry: TestRegistry
let image: TestImage
beforeEach(async () => {
  registry = await TestRegistry.open()
  image = publish(registry, 'app', '1', [archiveOf(() => {})])
})
afterEach(() => registry[Symbol.asyncDispose]())

const look = (name: string) =>
  describe(parseReference(`${registry.host}/${name}`), { registry: { retries: { pause: 1 } } })

test('a manifest: its config says for which platform', async () => {
  const found = await look('app:1')
  expect(found.Descriptor).toMatchObject({ digest: image.digest, size: expect.any(Number) })
  expect(found.Platforms).toEqual([{ os: 'linux', architecture: expect.any(String) }])
  expect(await look(`app@${image.digest}`)).toEqual(found)
})

test('an index: it says so itself', async () => {
  const entry = (architecture: string, variant?: string) => ({
    ...{ mediaType: mediaTypes.ociManifest, digest: image.digest, size: 1 },
    platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
  })
  const manifests = [entry('amd64'), entry('arm', 'v7')]
  registry.manifest(
    'app',
    'all',
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    mediaTypes.ociIndex,
  )
  expect(await look('app:all')).toMatchObject({
    Descriptor: { mediaType: mediaTypes.ociIndex },
    Platforms: [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm', variant: 'v7' },
    ],
  })
})

test('what is not there', async () => {
  await expect(look('app:2')).rejects.toMatchObject({ kind: 'not-found' })
})
