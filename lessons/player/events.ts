// What a player tells whoever shows the lesson: the terminal UI draws it, the
// site's server sends it to the browser as JSON, `--run-all` prints it.
//
// Next: lessons/player/player.ts
import type { Sample } from './watch/samples.ts'

/** `waiting`: nothing happened yet. `lost`: the machine went away meanwhile; try again. */
export type BlockState = 'waiting' | 'running' | 'passed' | 'failed' | 'lost'

export type PlayerEvent =
  /** Output of a terminal, base64 when it travels as JSON. */
  | { type: 'output'; terminal: string; data: Uint8Array }
  /** A terminal has a shell (again): clear the screen and redraw. */
  | { type: 'terminal'; terminal: string; state: 'open' | 'closed' }
  /** A run, check, predict or exercise changed its state. `message` is for the learner. */
  | { type: 'block'; id: string; state: BlockState; message?: string; status?: number; seconds?: number }
  /** Every check of the step passes, and its questions are answered. */
  | { type: 'step'; id: string; done: boolean }
  | { type: 'sandbox'; state: 'starting' | 'ready' | 'lost' | 'resetting'; message?: string }
  /** A step is made while nobody looks (catch-up.ts): what is being done, step `at` of `of`, and what went wrong. */
  | {
      type: 'catch-up'
      step: string
      state: 'running' | 'done' | 'failed'
      doing?: 'mending' | 'taking' | 'resetting' | 'replaying'
      at?: number
      of?: number
      message?: string
    }
  /** A sample for a live view; see lessons/player/watch/samples.ts. */
  | { type: 'watch'; id: string; sample: Sample }

/** How a run, a check, an answer or a solution ended. */
export interface Outcome {
  state: Extract<BlockState, 'passed' | 'failed' | 'lost'>
  message?: string
  /** Exit status, when the shell told it. */
  status?: number
  seconds: number
}
