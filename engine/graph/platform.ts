// For which machine an image is: operating system, architecture, and the variant of it.
//
// Everybody spells architectures differently (uname says x86_64, Go amd64), and newer
// processors run what older ones do. Names and order are containerd's, which Docker uses.
//
// Pure, but for hostPlatform(). Called by pull, load and import.
import { EngineError } from '../errors.ts'
import type { Descriptor, ImageIndex } from './manifest.ts'

export interface Platform {
  os: string
  /** As Go says it: `amd64`, `arm64`. */
  architecture: string
  /** `v7`; absent where there is but one. */
  variant?: string
}

const operatingSystems: Readonly<Record<string, string>> = { macos: 'darwin' }
/** Another spelling, and the variant that it implies. */
const architectures: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ['386'],
  i686: ['386'],
  ia32: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  armv7l: ['arm', 'v7'],
  armv6l: ['arm', 'v6'],
  ppc64el: ['ppc64le'],
  loongarch64: ['loong64'],
}

/** One spelling for each platform: `linux/aarch64/v8` is `linux/arm64`. */
export function normalizePlatform({ os, architecture, variant }: Platform): Platform {
  const lower = architecture.toLowerCase()
  const [name, implied] = own(architectures, lower) ?? [lower]
  return withVariant(own(operatingSystems, os.toLowerCase()) ?? os.toLowerCase(), name, variant || implied)
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

/** The variant that goes without saying is not said; on 32-bit Arm it is always said. */
function withVariant(os: string, architecture: string, given: string | undefined): Platform {
  const variant =
    given === undefined || given === '' ? undefined : given.toLowerCase().replace(/^(?=\d)/, 'v')
  if (architecture === 'arm') return { os, architecture, variant: variant ?? 'v7' }
  const silent: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8' }
  return variant === undefined || variant === silent[architecture]
    ? { os, architecture }
    : { os, architecture, variant }
}

/** `linux/arm/v7`, `linux/amd64`, or an architecture alone. @throws EngineError `invalid` */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/')
  const [first = '', second, third] = parts
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_.-]{1,40}$/.test(part)))
    throw new EngineError(
      'invalid',
      `${JSON.stringify(text.slice(0, 80))} is no platform: write os/architecture or os/architecture/variant, as linux/arm64`,
    )
  const host = hostPlatform()
  if (second !== undefined)
    return normalizePlatform({
      os: first,
      architecture: second,
      ...(third === undefined ? {} : { variant: third }),
    })
  // One word is a system or an architecture, and there are few systems.
  return ['linux', 'darwin', 'windows', 'freebsd', 'macos'].includes(first.toLowerCase())
    ? normalizePlatform({ ...host, os: first })
    : normalizePlatform({ os: host.os, architecture: first })
}

/** Containers are Linux, whatever runs the command line. */
export function hostPlatform(arch: string = process.arch): Platform {
  return normalizePlatform({ os: 'linux', architecture: arch })
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
}

// #region acceptable
/** What a machine can run, best first: an amd64 of level 3 runs v3, v2, plain amd64, and 386. */
export function acceptablePlatforms(platform: Platform): Platform[] {
  const wanted = normalizePlatform(platform)
  const { os, architecture } = wanted
  const level = Number(/^v(\d)$/.exec(wanted.variant ?? '')?.[1] ?? 0)
  const down = (from: number, to: number): string[] =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => `v${from - index}`)
  const of = (name: string, variants: string[]): Platform[] =>
    variants.map((variant) => withVariant(os, name, variant))
  switch (architecture) {
    case 'amd64':
      return [...of('amd64', down(Math.max(level, 1), 1)), { os, architecture: '386' }]
    case 'arm':
      return of('arm', down(level || 7, 5))
    case 'arm64':
      return [...of('arm64', down(Math.max(level, 8), 8)), ...of('arm', down(8, 5))]
    default:
      return [wanted]
  }
}
// #endregion acceptable

/**
 * The manifest of an index that fits best; of two that fit equally, the first.
 * @throws EngineError `not-found` with a list of what there is
 */
export function choose(index: ImageIndex, platform: Platform = hostPlatform()): Descriptor {
  const offers = index.manifests.flatMap((descriptor) =>
    descriptor.platform ? [{ descriptor, name: formatPlatform(platformOf(descriptor.platform)) }] : [],
  )
  for (const wanted of acceptablePlatforms(platform)) {
    const found = offers.find(({ name }) => name === formatPlatform(wanted))
    if (found) return found.descriptor
  }
  // Without a platform it is for any: an index with one image in it, as `oci:` directories have.
  const [only] = index.manifests
  if (index.manifests.length === 1 && only !== undefined && !only.platform) return only
  // BuildKit keeps its attestations in the index, for the platform unknown/unknown.
  const names = [...new Set(offers.map(({ name }) => name))].filter((name) => !name.startsWith('unknown/'))
  const list =
    names.length === 0 ? 'it says of none of its manifests what it is for' : `it is for ${names.join(', ')}`
  throw new EngineError(
    'not-found',
    `no matching manifest for ${formatPlatform(normalizePlatform(platform))}: ${list}`,
  )
}

function platformOf({ os, architecture, variant }: NonNullable<Descriptor['platform']>): Platform {
  return normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) })
}
