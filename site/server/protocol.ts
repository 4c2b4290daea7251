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

/** What a class looks at, decided by whoever presents. */
const stageSchema = z.object({
  step: id,
  /** Hints and solutions that were revealed. */
  revealed: z.array(id).max(50),
  /** Terminals in sight. */
  terminals: z.array(id).max(10),
  /** The projector is black for a moment. */
  blank: z.boolean(),
})
export type Stage = z.infer<typeof stageSchema>

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
  z.object({ type: z.literal('present'), stage: stageSchema }),
  z.object({ type: z.literal('catch-up'), step: id }),
])
export type Request = z.infer<typeof requestSchema>

/** A player's event as it travels: bytes as base64. */
type WireEvent = Exclude<PlayerEvent, { type: 'output' }> | { type: 'output'; terminal: string; data: string }

/** What whoever presents is told about the class. */
export interface ClassFacts {
  viewers: number
  following: number
  code: string
  /** Where it is joined: `http://192.0.2.7:4400/join`. */
  addresses: string[]
}

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
  /** For whoever presents: notes as HTML, by step. No page of the site has them. */
  | { type: 'notes'; notes: Record<string, string> }
  | ({ type: 'class' } & ClassFacts)
  /** Something that the learner asked for cannot be done. `busy`: another program uses the sandbox. */
  | { type: 'notice'; message: string; kind: 'busy' | 'failed' }
