// What a viewer in class and the server say to each other. The server tells; a
// viewer can ask for everything once more, and say that it looks elsewhere.
//
//   viewer                             server
//     | <-- waiting (nobody presents), or
//     | <-- mirror, hello (all there is to see now)
//     | <-- stage, event, size, screen (what changes)
//     | -- hello, follow
import { z } from 'zod'
import type { Message, Stage } from './protocol.ts'

/** All that a viewer may say. Any other message ends the connection. */
export const viewerRequestSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello') }),
  z.strictObject({ type: z.literal('follow'), on: z.boolean() }),
])

/** Cells of a terminal: the viewer's must have as many, or lines would break elsewhere. */
export type Sizes = Record<string, { cols: number; rows: number }>

export type ViewerMessage =
  | { type: 'waiting' }
  | { type: 'mirror'; slug: string; title: string; stage: Stage; sizes: Sizes }
  | { type: 'stage'; stage: Stage }
  | { type: 'size'; terminal: string; cols: number; rows: number }
  /** A terminal anew: so much was printed that the viewer gets its end. */
  | { type: 'screen'; terminal: string; data: string }
  | Extract<Message, { type: 'hello' | 'event' }>
