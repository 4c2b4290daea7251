// An image's config: what to run in it, which layers its root filesystem has, and how
// it came about. Its digest is the image's id.
//
// Because of that it is kept as the bytes that came. What is parsed here is for reading;
// who makes a new config of an old one (commit) starts from the old one's JSON, so that
// fields which we do not know, and Docker's that OCI has not, live on.
//
// OCI image specification 1.1, config.md; Docker's fields from its image/image.go.
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { digestField, optional, parseDocument, stringMap } from './document.ts'

/** Far above any: long histories have some hundred kilobytes. */
export const largestConfig = 8 * 2 ** 20

const emptyObjects = z.record(z.string(), z.unknown())

const healthcheckSchema = z.looseObject({
  /** `['NONE']`, `['CMD', …]`, `['CMD-SHELL', '…']`. */
  Test: optional(z.array(z.string())),
  /** Nanoseconds, as all of these. */
  Interval: optional(z.number()),
  Timeout: optional(z.number()),
  StartPeriod: optional(z.number()),
  StartInterval: optional(z.number()),
  Retries: optional(z.int()),
})

const runConfigSchema = z.looseObject({
  User: optional(z.string()),
  /** `80/tcp`: {}. */
  ExposedPorts: optional(emptyObjects),
  Env: optional(z.array(z.string())),
  Entrypoint: optional(z.array(z.string())),
  Cmd: optional(z.array(z.string())),
  Volumes: optional(emptyObjects),
  WorkingDir: optional(z.string()),
  Labels: optional(stringMap),
  StopSignal: optional(z.string()),
  StopTimeout: optional(z.int()),
  // Docker's, which OCI has not.
  Healthcheck: optional(healthcheckSchema),
  OnBuild: optional(z.array(z.string())),
  Shell: optional(z.array(z.string())),
  ArgsEscaped: optional(z.boolean()),
})
/** What a container of this image gets when nobody says otherwise. */
export type RunConfig = z.infer<typeof runConfigSchema>

const historySchema = z.looseObject({
  created: optional(z.string()),
  author: optional(z.string()),
  created_by: optional(z.string()),
  comment: optional(z.string()),
  /** Changed the config only: there is no layer for it. */
  empty_layer: optional(z.boolean()),
})

const imageConfigSchema = z.looseObject({
  /** RFC 3339. */
  created: optional(z.string()),
  author: optional(z.string()),
  architecture: z.string(),
  os: z.string(),
  variant: optional(z.string()),
  'os.version': optional(z.string()),
  'os.features': optional(z.array(z.string())),
  config: optional(runConfigSchema),
  rootfs: z.looseObject({
    type: z.literal('layers'),
    // Go omits an empty list: an image FROM scratch of nothing but a config.
    diff_ids: optional(z.array(digestField)),
  }),
  history: optional(z.array(historySchema)),
  docker_version: optional(z.string()),
  comment: optional(z.string()),
})
export type ImageConfig = z.infer<typeof imageConfigSchema>

/**
 * @param layers how many its manifest has; checked when given
 * @throws EngineError `invalid` with the place and the reason
 */
export function parseImageConfig(bytes: Uint8Array, layers?: number): ImageConfig {
  const config = parseDocument(bytes, 'image config', imageConfigSchema, largestConfig)
  const count = diffIdsOf(config).length
  // Each layer is checked against its diff id: one without would come in unchecked.
  if (layers !== undefined && layers !== count)
    throw new EngineError(
      'invalid',
      `image config: $.rootfs.diff_ids: it names ${count} layers, and the manifest ${layers}`,
    )
  const made = (config.history ?? []).filter((entry) => entry.empty_layer !== true).length
  // Fewer are common: tools leave the history out, or parts of it.
  if (made > count)
    throw new EngineError(
      'invalid',
      `image config: $.history: it made ${made} layers, and there are ${count}`,
    )
  return config
}

export function diffIdsOf(config: ImageConfig): readonly string[] {
  return config.rootfs.diff_ids ?? []
}

/** Milliseconds since the epoch; 0 where it says nothing, or nothing that is a date. */
export function createdAt(created: string | null | undefined): number {
  const time = Date.parse(created ?? '')
  return Number.isNaN(time) ? 0 : time
}
