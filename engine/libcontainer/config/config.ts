// config.json, whole: what a bundle says its container should be.
// OCI runtime specification 1.2, config.md. Unknown properties are ignored, as
// "Extensibility" asks; everything known is checked before anything is touched.
//
// Next: engine/libcontainer/create.ts
import * as z from 'zod/mini'
import { linuxSchema, mountSchema } from './linux.ts'
import { processSchema } from './process.ts'
import { absolutePath, name, stringMap, text } from './values.ts'

const hookSchema = z.object({
  path: absolutePath,
  args: z.exactOptional(z.array(text)),
  env: z.exactOptional(z.array(text)),
  /** Seconds. */
  timeout: z.exactOptional(z.int().check(z.gte(1, 'a time-out is longer than 0 seconds'))),
})
export type Hook = z.infer<typeof hookSchema>

const hookList = z.exactOptional(z.array(hookSchema))

const hooksSchema = z.object({
  prestart: hookList,
  createRuntime: hookList,
  createContainer: hookList,
  startContainer: hookList,
  poststart: hookList,
  poststop: hookList,
})
type Hooks = z.infer<typeof hooksSchema>
export type HookKind = keyof Hooks

export const configSchema = z.object({
  ociVersion: name,
  /** Absent: the container can be created, and not started. */
  process: z.exactOptional(processSchema),
  root: z.object({ path: name, readonly: z.exactOptional(z.boolean()) }),
  hostname: z.exactOptional(text),
  domainname: z.exactOptional(text),
  mounts: z.exactOptional(z.array(mountSchema)),
  hooks: z.exactOptional(z.nullable(hooksSchema)),
  annotations: z.exactOptional(stringMap),
  linux: z.exactOptional(linuxSchema),
})
export type Config = z.infer<typeof configSchema>
