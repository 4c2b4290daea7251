// Images for a registry of tests: real archives, made by tar(1), with what layers have
// to say: whiteouts, links, modes, owners, names beyond ASCII.
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Descriptor, mediaTypes } from '../../engine/graph/manifest.ts'
import { digestOf, type TestRegistry } from './test-registry.ts'

export interface TestImage {
  /** Of the manifest. */
  digest: string
  /** Digest of the config. */
  id: string
  layers: (Descriptor & { diffId: string })[]
  config: Buffer
}

/** An archive of what `fill` writes into a directory. */
export function archiveOf(fill: (directory: string) => void): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'lc-layer-'))
  try {
    fill(directory)
    return execFileSync(
      'tar',
      ['-C', directory, '--sort=name', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-c', '.'],
      {
        maxBuffer: 2 ** 30,
      },
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Three layers, of which the third takes away what the first brought. */
export function usualArchives(seed = ''): Buffer[] {
  return [
    archiveOf((at) => {
      mkdirSync(join(at, 'etc'))
      writeFileSync(join(at, 'etc/hosts'), `127.0.0.1 localhost ${seed}\n`)
      writeFileSync(join(at, 'etc/gone'), 'soon')
      chmodSync(join(at, 'etc/hosts'), 0o640)
    }),
    archiveOf((at) => {
      mkdirSync(join(at, 'bin'))
      writeFileSync(join(at, 'bin/größe'), 'x'.repeat(100_000))
      chmodSync(join(at, 'bin/größe'), 0o4755)
      linkSync(join(at, 'bin/größe'), join(at, 'bin/same'))
      symlinkSync('größe', join(at, 'bin/link'))
    }),
    archiveOf((at) => {
      mkdirSync(join(at, 'etc'))
      writeFileSync(join(at, 'etc/.wh.gone'), '')
      writeFileSync(join(at, 'etc/motd'), `hello ${seed}\n`)
    }),
  ]
}

/** Puts an image into a registry, compressed otherwise than we do it. */
export function publish(
  registry: TestRegistry,
  repository: string,
  tag: string | undefined,
  archives: readonly Buffer[],
  platform: { os: string; architecture: string } = { os: 'linux', architecture: 'amd64' },
): TestImage {
  const layers = archives.map((tar) => ({
    mediaType: mediaTypes.ociLayerGzip,
    ...registry.blob(repository, gzipSync(tar, { level: 1 })),
    diffId: digestOf(tar),
  }))
  const config = Buffer.from(
    JSON.stringify({
      ...platform,
      created: '2026-01-01T00:00:00Z',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, ...registry.blob(repository, config) },
    layers: layers.map(({ diffId: _, ...descriptor }) => descriptor),
  }
  const digest = registry.manifest(repository, tag, manifest, mediaTypes.ociManifest)
  return { digest, id: digestOf(config), layers, config }
}
