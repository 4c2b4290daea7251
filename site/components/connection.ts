// The page's end of the WebSocket: what was done, what the terminals say, what
// can be asked for. One per lesson page; it connects again by itself.
//
// Next: site/server/protocol.ts
import { markRaw, reactive } from 'vue'
import type { Language } from '../../lessons/language/language.ts'
import { siteWords } from '../../lessons/language/site.ts'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import type { BlockStatus } from '../../lessons/player/ledger.ts'
import { withSample } from '../../lessons/player/watch/cgroup-history.ts'
import { type LayersPicture, layersPicture } from '../../lessons/player/watch/layers-picture.ts'
import { type NetworkPicture, networkPicture } from '../../lessons/player/watch/network-picture.ts'
import type { CgroupSample, Sample } from '../../lessons/player/watch/samples.ts'
import type { ClassFacts, Message, Request } from '../server/protocol.ts'
import { wordsOf } from './stage/stage-words.ts'

export interface LessonState {
  link: 'connecting' | 'starting' | 'ready' | 'lost' | 'resetting' | 'refused' | 'away'
  /** One line for the status bar. */
  message: string
  sandbox: string
  blocks: Record<string, BlockStatus>
  steps: Record<string, boolean>
  samples: Record<string, Sample>
  /** The last minute of each cgroup, by path: another view of the same group goes on with it. */
  histories: Record<string, CgroupSample[]>
  /** What each overlay shows, by mount point: with what was copied up before. */
  overlays: Record<string, LayersPicture>
  /** Of each view of networks: rates are measured from one to the next. */
  networks: Record<string, NetworkPicture>
  exercises: Record<string, string>
  /** Hints that the learner opened: the next one is offered after the one before. */
  opened: Record<string, boolean>
  /** A step that is being made, or was. */
  catchUp: Extract<PlayerEvent, { type: 'catch-up' }> | undefined
  /** For whoever presents: notes as HTML, by step; the class that looks on. */
  notes: Record<string, string>
  class: ClassFacts | undefined
  notice: { message: string; kind: 'busy' | 'failed' } | undefined
}

/** Terminal output goes past Vue: it is much, and xterm keeps it. `fresh` clears the screen first. */
type OutputListener = (terminal: string, data: Uint8Array | string, fresh: boolean) => void

export class Connection {
  readonly state: LessonState = reactive({
    link: 'connecting',
    message: '',
    sandbox: '',
    blocks: {},
    steps: {},
    samples: {},
    histories: {},
    overlays: {},
    networks: {},
    exercises: {},
    opened: {},
    catchUp: undefined,
    notes: {},
    class: undefined,
    notice: undefined,
  })
  readonly #slug: string
  /** Of the page: in it the server speaks, and the lesson's checks. */
  readonly #language: Language
  readonly #fresh: boolean
  readonly #output = new Set<OutputListener>()
  #socket: WebSocket | undefined
  #closed = false
  #failures = 0

  /** @param fresh what was done on earlier visits is not to be seen: a class begins at the beginning */
  constructor(slug: string, language: Language, fresh = false) {
    this.#slug = slug
    this.#language = language
    this.#fresh = fresh
  }

  /** Where the socket is; undefined where there is none: the sandbox answers on loopback only. */
  protected path(): string | undefined {
    const here = ['127.0.0.1', 'localhost'].includes(location.hostname)
    if (!here) return undefined
    return `/sandbox?lesson=${this.#slug}&language=${this.#language}&visitor=${visitor()}${this.#fresh ? '&fresh' : ''}`
  }

  /** For those who know more to say than `send` takes. */
  protected opened(_socket: WebSocket): void {}

  /** Called again for every new connection, with `onReady` to say anew what the page looks at. */
  open(onReady: () => void): void {
    const path = this.path()
    if (path === undefined) {
      this.state.link = 'refused'
      this.state.message = wordsOf(document.documentElement.lang).readingAlong
      return
    }
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.host}${path}`)
    this.#socket = socket
    let opened = false
    socket.addEventListener('open', () => {
      opened = true
      this.state.link = 'starting'
      this.opened(socket)
    })
    socket.addEventListener('message', (event: MessageEvent<string>) => {
      const message: Message = JSON.parse(event.data)
      this.receive(message)
      if (message.type === 'hello') onReady()
    })
    socket.addEventListener('close', () => {
      if (this.#closed) return
      this.#failures++
      // A page of the built site without its server, or without the token: a browser does not say which.
      this.state.link = opened ? 'away' : this.#failures > 2 ? 'refused' : 'connecting'
      const words = siteWords[this.#language].sandbox
      this.state.message = this.state.link === 'refused' ? words.refused : words.again
      setTimeout(() => this.open(onReady), Math.min(5000, 400 * this.#failures))
    })
  }

  send(request: Request): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request))
  }

  onOutput(listener: OutputListener): () => void {
    this.#output.add(listener)
    return () => this.#output.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#socket?.close()
  }

  protected emit(terminal: string, data: Uint8Array | string, fresh: boolean): void {
    for (const listener of this.#output) listener(terminal, data, fresh)
  }

  protected receive(message: Message): void {
    const { state } = this
    if (message.type === 'progress') state.message = message.text
    else if (message.type === 'notice') state.notice = message
    else if (message.type === 'exercise') state.exercises[message.id] = message.text
    else if (message.type === 'notes') state.notes = message.notes
    else if (message.type === 'class') state.class = message
    else if (message.type === 'hello') {
      this.#failures = 0
      Object.assign(state, {
        link: 'ready',
        message: '',
        sandbox: message.sandbox,
        blocks: message.blocks,
        steps: message.steps,
        notice: undefined,
      })
      for (const [terminal, screen] of Object.entries(message.screens)) this.emit(terminal, screen, true)
    } else {
      const { event } = message
      if (event.type === 'output')
        this.emit(
          event.terminal,
          Uint8Array.from(atob(event.data), (one) => one.charCodeAt(0)),
          false,
        )
      else if (event.type === 'terminal') this.emit(event.terminal, '', true)
      else if (event.type === 'block')
        state.blocks[event.id] = { state: event.state, ...(event.message ? { message: event.message } : {}) }
      else if (event.type === 'step') state.steps[event.id] = event.done
      else if (event.type === 'watch') this.#keep(event.id, event.sample)
      else if (event.type === 'catch-up') state.catchUp = event
      else {
        state.link = event.state
        state.message = event.message ?? ''
      }
    }
  }

  #keep(id: string, sample: Sample): void {
    const { samples, histories, overlays, networks } = this.state
    samples[id] = sample
    if (sample.view === 'cgroup') histories[sample.path] = withSample(histories[sample.path] ?? [], sample)
    if (sample.view === 'layers') overlays[sample.path] = layersPicture(sample, overlays[sample.path])
    if (sample.view === 'network') {
      const picture = networkPicture(sample, networks[id])
      // Its parts are compared with each other: as they are, not as Vue would wrap them.
      if (picture) networks[id] = markRaw(picture)
    }
  }
}

/** Names this tab: a reload comes back to its terminals, another tab gets its own. */
function visitor(): string {
  const stored = sessionStorage.getItem('visitor')
  if (stored) return stored
  const made = crypto.randomUUID()
  sessionStorage.setItem('visitor', made)
  return made
}
