// What the keeper and the programs that use its VM say to each other: one JSON
// object a line, over a unix socket in a directory that only the user may enter.
//
//   program                          keeper
//      | -- hello (who, keep) ------>  |   the connection is the program's lease:
//      | <-- state starting ---------  |   the kernel closes it when the program
//      | <-- state ready (port) -----  |   dies, however it dies
//      | -- reset ------------------>  |
//      | <-- state resetting --------  |   everybody hears this
//      | <-- state ready ------------  |
//      | <-- answer (of the reset) --  |
//      | -- (closes) --------------->  |   the last one out: the VM stops, unless kept
//
// `refused` answers a hello that comes while the VM stops, or from another version.
//
// Next: sandbox-vm/keeper/main.ts

import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { z } from 'zod'

export const requestSchema = z.discriminatedUnion('type', [
  /** `lease: false` looks only: it neither starts nor holds the VM. */
  z.object({
    type: z.literal('hello'),
    /** Of keeper/version.ts; looked at only when a lease is asked for. */
    version: z.string(),
    who: z.string(),
    keep: z.boolean(),
    lease: z.boolean(),
  }),
  z.object({ type: z.literal('status'), id: z.number() }),
  z.object({ type: z.literal('reset'), id: z.number(), force: z.boolean() }),
  z.object({ type: z.literal('keep'), id: z.number(), keep: z.boolean() }),
  z.object({ type: z.literal('stop'), id: z.number(), force: z.boolean() }),
])
export type Request = z.infer<typeof requestSchema>

const statusSchema = z.object({
  state: z.string(),
  port: z.number().optional(),
  acceleration: z.string(),
  qemuVersion: z.string(),
  qemuPid: z.number().optional(),
  keeperPid: z.number(),
  memoryMegabytes: z.number(),
  cpus: z.number(),
  image: z.string(),
  users: z.array(z.string()),
  keep: z.boolean(),
  startedAt: z.number(),
})
export type KeeperStatus = z.infer<typeof statusSchema>

export const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('state'),
    state: z.enum(['starting', 'ready', 'lost', 'resetting', 'failed', 'stopped']),
    reason: z.string().default(''),
    port: z.number().optional(),
  }),
  /** No lease. `stopping`: wait until the connection ends, then start another keeper. */
  z.object({ type: z.literal('refused'), stopping: z.boolean(), reason: z.string() }),
  z.object({
    type: z.literal('answer'),
    id: z.number(),
    error: z.object({ kind: z.enum(['busy', 'failed', 'lost']), message: z.string() }).optional(),
    status: statusSchema.optional(),
  }),
])
export type Message = z.infer<typeof messageSchema>

/** Calls back with each line of `socket` that `schema` accepts; a line that it does not accept ends the connection. */
export function readMessages<T>(socket: Socket, schema: z.ZodType<T>, onMessage: (message: T) => void): void {
  createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    .on('line', (line) => {
      try {
        onMessage(schema.parse(JSON.parse(line)))
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error
        socket.destroy()
      }
    })
    // readline repeats the socket's errors; the socket's own listener deals with them.
    .on('error', () => {})
}
