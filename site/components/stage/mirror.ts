// A viewer's end of the socket: a connection that only listens, and looks like
// the learner's own to the components that show it.
//
// Next: site/server/class-protocol.ts
import { reactive } from 'vue'
import type { Sizes, ViewerMessage } from '../../server/class-protocol.ts'
import type { Message, Stage } from '../../server/protocol.ts'
import { Connection } from '../connection.ts'

export interface MirrorState {
  /** Undefined until the server has said; null while nobody presents. */
  shown: { slug: string; title: string; stage: Stage } | null | undefined
  sizes: Sizes
}

export class Mirror extends Connection {
  readonly mirror: MirrorState = reactive({ shown: undefined, sizes: {} })
  #follow: ((on: boolean) => void) | undefined

  protected override path(): string {
    return '/class'
  }

  /** Nothing that a component asks for goes anywhere. */
  override send(): void {}

  follow(on: boolean): void {
    this.#follow?.(on)
  }

  protected override opened(socket: WebSocket): void {
    this.#follow = (on) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'follow', on }))
    }
  }

  protected override receive(message: Message | ViewerMessage): void {
    const { mirror } = this
    if (message.type === 'waiting') {
      mirror.shown = null
      this.state.link = 'ready'
    } else if (message.type === 'mirror') {
      mirror.shown = { slug: message.slug, title: message.title, stage: message.stage }
      mirror.sizes = message.sizes
    } else if (message.type === 'stage') {
      if (mirror.shown) mirror.shown.stage = message.stage
    } else if (message.type === 'size') {
      mirror.sizes[message.terminal] = { cols: message.cols, rows: message.rows }
    } else if (message.type === 'screen') this.emit(message.terminal, message.data, true)
    else super.receive(message)
  }
}
