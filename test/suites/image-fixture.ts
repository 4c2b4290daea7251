// Images for tests, made of a few words: each layer is a text in place of an archive.
import { Readable } from 'node:stream'
import { sha256 } from '../../engine/graph/digest.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { mediaTypes } from '../../engine/graph/manifest.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { type NewLayer, registerImage } from '../../engine/graph/register-image.ts'

export interface Recipe {
  /** What the layers are made of, the lowest first. */
  layers?: readonly string[]
  names?: readonly string[]
  labels?: Record<string, string>
  /** RFC 3339. */
  created?: string
  parent?: string
  /** A manifest comes along, and the layers' blobs. */
  manifest?: boolean
}

export function configOf({ layers = ['base'], labels, created = '2026-01-01T00:00:00Z' }: Recipe): Buffer {
  return Buffer.from(
    JSON.stringify({
      created,
      architecture: 'amd64',
      os: 'linux',
      author: 'us',
      config: { Cmd: ['sh'], ...(labels ? { Labels: labels } : {}) },
      rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
      history: [
        ...layers.map((text) => ({ created, created_by: `ADD ${text}` })),
        { created, created_by: 'CMD sh', empty_layer: true },
      ],
    }),
  )
}

/** @returns the image's id */
export async function makeImage(graph: Graph, recipe: Recipe = {}): Promise<string> {
  const { layers = ['base'], names = [], parent } = recipe
  const config = configOf(recipe)
  const news: NewLayer[] = []
  for (const text of layers) {
    const content = Buffer.from(text)
    const blob = { digest: sha256(content), mediaType: mediaTypes.ociLayer, size: content.length }
    if (recipe.manifest) await graph.content.put(content)
    news.push({
      diffId: blob.digest,
      open: () => Readable.from([content], { objectMode: false }),
      ...(recipe.manifest ? { blob } : {}),
    })
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: sha256(config), size: config.length },
      layers: news.flatMap(({ blob }) => (blob ? [blob] : [])),
    }),
  )
  const { imageId } = await registerImage(graph, {
    config,
    layers: news,
    references: names.map(parseReference),
    ...(parent === undefined ? {} : { parent }),
    ...(recipe.manifest ? { manifest } : {}),
  })
  return imageId
}
