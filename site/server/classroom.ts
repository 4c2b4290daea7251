// A class: one lesson that is presented, and up to two hundred who look on.
//
// The instructor's room tells what happens (hear), viewers get it. There is no
// way back: a viewer's messages end in viewer.ts, and this file knows no method
// of the player but those that read.
//
//   room -- present, hear --> classroom -- mirror, stage, event … --> viewers
//
// Next: site/server/viewer.ts
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import type { Player } from '../../lessons/player/player.ts'
import type { Sizes, ViewerMessage } from './class-protocol.ts'
import type { ClassFacts, Stage } from './protocol.ts'
import { Viewer } from './viewer.ts'

const mostViewers = 200
/** Output is gathered for so many milliseconds, and told up to so many bytes; of more than that only the screen. */
const gathering = 80
const mostOutput = 16 * 1024
/** Milliseconds between two screens of a terminal that prints too much. */
const screenEvery = 500
/** Lines above the screen that a latecomer gets. */
const scrollback = 300
/** Looks, two seconds each, from one ping to the next. */
const pingEvery = 5

type Presented = Pick<Player, 'lesson' | 'state' | 'terminal'>

export class Classroom {
  readonly #viewers = new Set<Viewer>()
  readonly #newcomers = new Set<Viewer>()
  readonly #door: () => Pick<ClassFacts, 'code' | 'addresses'>
  readonly #onCount: () => void
  readonly #pings: NodeJS.Timeout
  #looks = 0
  #player: Presented | undefined
  #stage: Stage | undefined
  #samples: Record<string, PlayerEvent> = {}
  readonly #output = new Map<string, Uint8Array[]>()
  readonly #flooded = new Set<string>()
  #sizes: Sizes = {}
  #flushing: NodeJS.Timeout | undefined
  #welcoming: NodeJS.Timeout | undefined
  #lastScreens = 0

  /** @param door how it is joined @param onCount called when the number of viewers changed */
  constructor(door: () => Pick<ClassFacts, 'code' | 'addresses'>, onCount: () => void) {
    this.#door = door
    this.#onCount = onCount
    this.#pings = setInterval(() => this.#look(), 2000).unref()
  }

  facts(): ClassFacts {
    return {
      ...this.#door(),
      viewers: this.#viewers.size,
      following: [...this.#viewers].filter((viewer) => viewer.follows).length,
    }
  }

  join(socket: WebSocket): void {
    // 1013 is "try again later", of the IANA registry.
    if (this.#viewers.size >= mostViewers) {
      socket.close(1013, 'the class is full')
      return
    }
    const viewer = new Viewer(socket, {
      onHello: () => this.#welcome(viewer),
      onChange: this.#onCount,
    })
    this.#viewers.add(viewer)
    this.#onCount()
    socket.on('close', () => {
      this.#viewers.delete(viewer)
      this.#newcomers.delete(viewer)
      this.#onCount()
    })
    this.#welcome(viewer)
  }

  /** This player's lesson is what the class looks at from now on. */
  present(player: Presented, stage: Stage): void {
    this.#stage = stage
    if (player === this.#player) {
      this.#tell({ type: 'stage', stage })
      return
    }
    this.#player = player
    this.#sizes = sizes(player)
    this.#samples = {}
    this.#output.clear()
    for (const viewer of this.#viewers) this.#welcome(viewer)
  }

  /** The player is gone. */
  end(player: Presented): void {
    if (player !== this.#player) return
    this.#player = undefined
    this.#stage = undefined
    this.#tell({ type: 'waiting' })
  }

  /** What a player tells; of another one than is presented it is nobody's business. */
  hear(player: Presented, event: PlayerEvent): void {
    if (player !== this.#player) return
    if (event.type === 'output') {
      this.#output.set(event.terminal, [...(this.#output.get(event.terminal) ?? []), event.data])
      this.#flushing ??= setTimeout(() => this.#flush(), gathering)
      return
    }
    // In order: a screen is cleared before what comes after it.
    this.#flush()
    if (event.type === 'watch') this.#samples[event.id] = event
    this.#tell({ type: 'event', event })
  }

  close(): void {
    clearInterval(this.#pings)
    clearTimeout(this.#flushing)
    clearTimeout(this.#welcoming)
    for (const viewer of this.#viewers) viewer.close()
  }

  /** Who went away without a word, and who can take something again? */
  #look(): void {
    const ping = ++this.#looks % pingEvery === 0
    for (const viewer of this.#viewers) {
      if (ping) viewer.ping()
      if (viewer.recovered) this.#welcome(viewer)
    }
  }

  #tell(message: ViewerMessage): void {
    // Written once for all of them.
    const text = JSON.stringify(message)
    for (const viewer of this.#viewers) viewer.send(text)
  }

  #flush(): void {
    clearTimeout(this.#flushing)
    this.#flushing = undefined
    this.#tellSizes()
    for (const [terminal, chunks] of this.#output) {
      const data = Buffer.concat(chunks)
      if (data.length > mostOutput || this.#flooded.has(terminal)) this.#flooded.add(terminal)
      else this.#tell({ type: 'event', event: { type: 'output', terminal, data: data.toString('base64') } })
    }
    this.#output.clear()
    if (this.#flooded.size === 0) return
    const wait = this.#lastScreens + screenEvery - performance.now()
    if (wait > 0) {
      this.#flushing = setTimeout(() => this.#flush(), wait)
      return
    }
    this.#lastScreens = performance.now()
    for (const name of this.#flooded) {
      const terminal = this.#player?.terminal(name)
      if (terminal) this.#tell({ type: 'screen', terminal: name, data: terminal.serialize(0) })
    }
    this.#flooded.clear()
  }

  #tellSizes(): void {
    for (const [terminal, size] of Object.entries(this.#player ? sizes(this.#player) : {})) {
      const { cols, rows } = this.#sizes[terminal] ?? {}
      if (cols !== size.cols || rows !== size.rows) this.#tell({ type: 'size', terminal, ...size })
      this.#sizes[terminal] = size
    }
  }

  /** All there is to see, soon: a class that comes in at once is welcomed at once. */
  #welcome(viewer: Viewer): void {
    // Until then nothing: what comes before the snapshot is in it.
    viewer.behind = true
    this.#newcomers.add(viewer)
    this.#welcoming ??= setTimeout(() => void this.#snapshot(), 50)
  }

  async #snapshot(): Promise<void> {
    this.#flush()
    const newcomers = [...this.#newcomers]
    this.#newcomers.clear()
    this.#welcoming = undefined
    const [player, stage] = [this.#player, this.#stage]
    for (const viewer of newcomers) viewer.begin()
    const messages: ViewerMessage[] = []
    if (player && stage) {
      const { slug, title } = player.lesson
      const names = player.lesson.sandbox.terminals
      // What comes while the emulator still reads waits in the viewers, and follows. One that was
      // closed meanwhile never answers.
      const screens = Object.fromEntries(
        await Promise.all(
          names.map(
            async (name): Promise<[string, string]> => [
              name,
              (await Promise.race([player.terminal(name)?.settled(scrollback), sleep(1000)])) ?? '',
            ],
          ),
        ),
      )
      const { blocks, steps } = player.state()
      messages.push({ type: 'mirror', slug, title, stage, sizes: sizes(player) })
      messages.push({ type: 'hello', blocks, steps, screens, sandbox: '' })
      for (const event of Object.values(this.#samples))
        if (event.type === 'watch') messages.push({ type: 'event', event })
    } else messages.push({ type: 'waiting' })
    const texts = messages.map((message) => JSON.stringify(message))
    for (const viewer of newcomers) viewer.end(texts)
  }
}

function sizes(player: Presented): Sizes {
  return Object.fromEntries(
    player.lesson.sandbox.terminals.flatMap((name) => {
      const screen = player.terminal(name)?.screen
      return screen ? [[name, { cols: screen.cols, rows: screen.rows }]] : []
    }),
  )
}
