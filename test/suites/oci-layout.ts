// An image as a directory that skopeo(1) can copy from: `oci:<directory>:<tag>`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Descriptor, mediaTypes } from '../../engine/graph/manifest.ts'
import { digestOf } from './test-registry.ts'

/** @returns digests of the manifest and the config */
export function writeLayout(
  directory: string,
  archives: readonly Buffer[],
  tag = '1',
): { digest: string; id: string } {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes)
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
  const layers = archives.map((tar) => put(mediaTypes.ociLayerGzip, gzipSync(tar, { level: 1 })))
  const config = put(
    mediaTypes.ociConfig,
    json({
      created: '2026-01-01T00:00:00Z',
      os: 'linux',
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
      history: archives.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test' })),
    }),
  )
  const { ociManifest } = mediaTypes
  const manifest = put(ociManifest, json({ schemaVersion: 2, mediaType: ociManifest, config, layers }))
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } }
  writeFileSync(join(directory, 'index.json'), json({ schemaVersion: 2, manifests: [named] }))
  writeFileSync(join(directory, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  return { digest: manifest.digest, id: config.digest }
}
