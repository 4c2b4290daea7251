// What init must know to become the container: the part of an OCI config that
// this runtime serves, and the lines that come back while it does so.
//
// Only these types cross the pipe between create.ts and init.ts. Parsed on both
// sides: init is a process of its own, and trusts nobody.
import { z } from 'zod'

export const containerConfigSchema = z.object({
  id: z.string(),
  /** Absolute path of the root filesystem, on the host. */
  rootfs: z.string(),
  readonly: z.boolean(),
  hostname: z.string(),
  /** `none`: a network namespace with nothing but lo. `host`: no network namespace. */
  network: z.enum(['none', 'host']),
  process: z.object({
    args: z.array(z.string()).min(1),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
  }),
  trace: z.boolean(),
})
export type ContainerConfig = z.infer<typeof containerConfigSchema>

/** Bytes and counts; left out, no limit. */
export interface Limits {
  memory?: number
  pids?: number
}

const traceRecordSchema = z.object({
  process: z.enum(['tocker', 'init']),
  kind: z.enum(['syscall', 'command']),
  name: z.string(),
  args: z.string(),
  result: z.string(),
  at: z.number(),
  milliseconds: z.number(),
  frames: z.array(z.string()),
})

/** One line from init: a record of the trace, a warning, or why it failed. End of file: it has become the container. */
export const initMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('trace'), record: traceRecordSchema }),
  z.object({ type: z.literal('warning'), message: z.string() }),
  z.object({ type: z.literal('failed'), message: z.string(), exitStatus: z.number() }),
])
export type InitMessage = z.infer<typeof initMessageSchema>
