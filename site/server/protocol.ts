// What a lesson page and the server say to each other over the WebSocket: JSON,
// one object a message. Parsed at both ends.
//
//   page                               server
//     | <-- progress (while the VM comes up)
//     | <-- hello (what was done, what the terminals show)
//     | -- enter, run, check, answer, solve, input, resize, watch …
//     | <-- event (lessons/player/events.ts), notice
import { z } from 'zod'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import type { BlockStatus } from '../../lessons/player/ledger.ts'

const id = z.string().max(100)

export const requestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('enter'), step: id }),
  z.object({ type: z.literal('run'), id }),
  z.object({ type: z.literal('check'), id }),
  z.object({ type: z.literal('solve'), id }),
  z.object({ type: z.literal('answer'), id, choices: z.array(z.number().int().min(0).max(20)).max(20) }),
  z.object({ type: z.literal('input'), terminal: id, data: z.string().max(65_536) }),
  z.object({
    type: z.literal('resize'),
    terminal: id,
    cols: z.number().int().min(2).max(500),
    rows: z.number().int().min(2).max(300),
  }),
  z.object({ type: z.literal('watch'), id, on: z.boolean() }),
  z.object({ type: z.literal('read'), id }),
  z.object({ type: z.literal('write'), id, text: z.string().max(262_144) }),
  z.object({ type: z.literal('reset'), force: z.boolean() }),
])
export type Request = z.infer<typeof requestSchema>

/** A player's event as it travels: bytes as base64. */
type WireEvent = Exclude<PlayerEvent, { type: 'output' }> | { type: 'output'; terminal: string; data: string }

export type Message =
  | {
      type: 'hello'
      blocks: Record<string, BlockStatus>
      steps: Record<string, boolean>
      screens: Record<string, string>
      sandbox: string
    }
  | { type: 'progress'; text: string }
  | { type: 'event'; event: WireEvent }
  | { type: 'exercise'; id: string; text: string }
  /** Something that the learner asked for cannot be done. `busy`: another program uses the sandbox. */
  | { type: 'notice'; message: string; kind: 'busy' | 'failed' }
