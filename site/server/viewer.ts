// One who looks on in class. A viewer that is slow, or went away, costs nothing:
// what it cannot take is not kept for it.
//
// Owned by classroom.ts.
import type { WebSocket } from 'ws'
import { viewerRequestSchema } from './class-protocol.ts'

/** Bytes that may wait for a viewer's network before it gets nothing more. */
const most = 512 * 1024
/** Messages within ten seconds. The page sends one when it opens and one for each click on "follow". */
const mostMessages = 30

export interface ViewerEvents {
  onHello: () => void
  onChange: () => void
}

export class Viewer {
  readonly #socket: WebSocket
  /** Whether it shows the step that is presented. */
  follows = true
  /** It missed something, and gets nothing until it gets everything anew. */
  behind = false
  #alive = true
  #messages = 0
  /** Kept back until the snapshot before it was sent. */
  #queue: string[] | undefined

  constructor(socket: WebSocket, events: ViewerEvents) {
    this.#socket = socket
    socket.on('pong', () => {
      this.#alive = true
    })
    socket.on('message', (data) => this.#receive(String(data), events))
  }

  /** It can take a snapshot again. */
  get recovered(): boolean {
    return this.behind && this.#socket.bufferedAmount < most / 16
  }

  send(text: string): void {
    if (this.behind || this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#queue) this.#queue.push(text)
    else if (this.#socket.bufferedAmount > most) this.behind = true
    else this.#socket.send(text)
  }

  /** From here on messages wait for end(). */
  begin(): void {
    this.behind = false
    this.#queue = []
  }

  /** Sends the snapshot, then what came since begin(). */
  end(snapshot: readonly string[]): void {
    const since = this.#queue ?? []
    this.#queue = undefined
    for (const text of [...snapshot, ...since]) this.send(text)
  }

  /** Ends the connection of who did not answer the last time. */
  ping(): void {
    this.#messages = 0
    if (!this.#alive) this.#socket.terminate()
    else this.#socket.ping()
    this.#alive = false
  }

  close(): void {
    this.#socket.close(1001)
  }

  #receive(text: string, events: ViewerEvents): void {
    let request: unknown
    try {
      request = JSON.parse(text)
    } catch {
      // Falls through: no message of ours.
    }
    const { data } = viewerRequestSchema.safeParse(request)
    // 1008 is "policy violation", RFC 6455 section 7.4.1.
    if (!data || ++this.#messages > mostMessages) this.#socket.close(1008, 'viewers only look')
    else if (data.type === 'hello') events.onHello()
    else {
      this.follows = data.on
      events.onChange()
    }
  }
}
