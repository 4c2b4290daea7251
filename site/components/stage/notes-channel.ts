// Between the presenting page and its notes window: a BroadcastChannel, which
// stays in this browser. No server sees it.
//
//   presenting page                notes window
//     | <-- hello (when it opens)
//     | -- now (whenever something changed)
//     | <-- act (its buttons and keys)
import type { PresentAction } from './present-keys.ts'
import type { Timer } from './timer.ts'

export interface NotesNow {
  lesson: string
  /** 0 for the title. */
  at: number
  of: number
  title: string
  /** HTML; empty without a note. */
  note: string
  next: string | undefined
  commands: { id: string; terminal: string; command: string; running: boolean }[]
  /** HTML of the right answers of questions that are still open. */
  answers: string[]
  timer: Timer
  minutes: number
  sandbox: string
  viewers: string
  /** What the presenting page says at the moment. */
  said: string
}

export type NotesMessage =
  | { type: 'hello' }
  | { type: 'now'; now: NotesNow }
  | { type: 'act'; action: PresentAction }

export function openChannel(slug: string, receive: (message: NotesMessage) => void): BroadcastChannel {
  const channel = new BroadcastChannel(`learn-containers ${slug}`)
  channel.onmessage = (event: MessageEvent<NotesMessage>) => receive(event.data)
  return channel
}
