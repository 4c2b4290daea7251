// Which image of an index is for which machine.
import { describe, expect, test } from 'vitest'
import { type Descriptor, mediaTypes } from '../../../../engine/graph/manifest.ts'
import {
  acceptablePlatforms,
  choose,
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
} from '../../../../engine/graph/platform.ts'

function index(...platforms: (string | undefined)[]) {
  return {
    schemaVersion: 2 as const,
    manifests: platforms.map((text, number): Descriptor => {
      const [os = '', architecture = '', variant] = text?.split('/') ?? []
      return {
        mediaType: mediaTypes.ociManifest,
        digest: `sha256:${String(number).padStart(64, '0')}`,
        size: 1,
        ...(text === undefined ? {} : { platform: { os, architecture, ...(variant ? { variant } : {}) } }),
      }
    }),
  }
}
function chosen(platform: string, ...offers: string[]): string | undefined {
  const { manifests } = index(...offers)
  return offers[
    manifests.findIndex((one) => one.digest === choose(index(...offers), parsePlatform(platform)).digest)
  ]
}

test.each([
  ['linux/x86_64', 'linux/amd64'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['Linux/i686', 'linux/386'],
  ['macos/arm64', 'darwin/arm64'],
  ['arm64', 'linux/arm64'],
  ['linux/constructor', 'linux/constructor'],
])('%s is %s', (typed, normal) => {
  expect(formatPlatform(parsePlatform(typed))).toBe(normal)
})

test('this machine has a name, and a system alone is this machine with it', () => {
  expect(hostPlatform('x64')).toEqual({ os: 'linux', architecture: 'amd64' })
  expect(hostPlatform('arm')).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' })
  expect(parsePlatform('linux')).toEqual(hostPlatform())
  expect(normalizePlatform({ os: 'linux', architecture: 'arm64', variant: '' })).toEqual({
    os: 'linux',
    architecture: 'arm64',
  })
})

test.each(['', 'a/b/c/d', 'linux/', 'linux/a b', '/', `linux/${'a'.repeat(50)}`])(
  '%j is refused',
  (typed) => {
    expect(() => parsePlatform(typed)).toThrow(/is no platform/)
  },
)

describe('the best that the machine can run is chosen', () => {
  test.each<[string, string[], string]>([
    ['linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v2'],
    ['linux/amd64', ['linux/386', 'linux/amd64/v2'], 'linux/386'],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v8'], 'linux/arm/v6'],
    ['linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64/v8'],
    ['linux/arm64', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ])('for %s of %j: %s', (platform, offers, best) => {
    expect(chosen(platform, ...offers)).toBe(best)
  })
  test('an index of one image that says nothing is for any machine', () => {
    expect(choose(index(undefined)).size).toBe(1)
  })
  test('an amd64 of level 4 tries five', () => {
    expect(acceptablePlatforms(parsePlatform('linux/amd64/v4')).map(formatPlatform)).toEqual([
      'linux/amd64/v4',
      'linux/amd64/v3',
      'linux/amd64/v2',
      'linux/amd64',
      'linux/386',
    ])
  })
  test('without one, the message lists what there is, and no attestations', () => {
    expect(() =>
      choose(index('linux/amd64', 'linux/arm', 'unknown/unknown'), parsePlatform('linux/s390x')),
    ).toThrow('no matching manifest for linux/s390x: it is for linux/amd64, linux/arm/v7')
    expect(() => choose(index())).toThrow(/says of none/)
  })
})
