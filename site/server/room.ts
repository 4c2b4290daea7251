// One learner at one lesson: a player, and the pages that show it.
//
// A page that reloads, or loses its connection, comes back to the same room and
// finds its terminals as they were. A room with nobody in it closes after a while.
//
// Next: lessons/player/player.ts
import type { WebSocket } from 'ws'
import type { Lesson } from '../../lessons/format/lesson.ts'
import type { Language } from '../../lessons/language/language.ts'
import { sandboxWords } from '../../lessons/language/sandbox.ts'
import type { PlayerEvent } from '../../lessons/player/events.ts'
import { Player } from '../../lessons/player/player.ts'
import { Progress } from '../../lessons/player/progress.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import type { Classroom } from './classroom.ts'
import { renderNotes } from './notes.ts'
import { type Message, type Request, requestSchema, type Stage } from './protocol.ts'

const lingerMilliseconds = 30_000

export class Room {
  readonly #lesson: Lesson
  readonly #language: Language
  readonly #sandbox: Promise<Sandbox>
  readonly #onEmpty: () => void
  readonly #classroom: Classroom | undefined
  /** Pages that present. */
  readonly #presenters = new Set<WebSocket>()
  readonly #pages = new Set<WebSocket>()
  #player: Promise<Player> | undefined
  #linger: NodeJS.Timeout | undefined

  /**
   * @param language of the page, in which the player speaks; the lesson's own may be another
   * @param classroom where what is presented here can be seen, when there is a class
   */
  constructor(
    lesson: Lesson,
    language: Language,
    sandbox: Promise<Sandbox>,
    onEmpty: () => void,
    classroom?: Classroom,
  ) {
    this.#lesson = lesson
    this.#language = language
    this.#classroom = classroom
    this.#sandbox = sandbox
    this.#onEmpty = onEmpty
  }

  /** Nobody looks at it. */
  get empty(): boolean {
    return [...this.#pages].every((page) => page.readyState !== page.OPEN)
  }

  /** @param fresh without what was done on earlier visits */
  async join(page: WebSocket, fresh: boolean): Promise<void> {
    clearTimeout(this.#linger)
    this.#pages.add(page)
    page.on('close', () => {
      this.#pages.delete(page)
      this.#presenters.delete(page)
      if (this.#pages.size === 0) this.#linger = setTimeout(() => void this.close(), lingerMilliseconds)
    })
    page.on('message', (data) => void this.#receive(page, String(data)))
    try {
      const player = await this.#open()
      const { name } = await this.#sandbox
      const done = (await new Progress().read())[this.#lesson.slug] ?? []
      // It left while the machine came up, and its room may be closed.
      if (page.readyState !== page.OPEN) return
      const state = player.state()
      if (!fresh) for (const step of done) state.steps[step] = true
      send(page, { type: 'hello', ...state, sandbox: name })
    } catch (error) {
      // The next page that comes tries again.
      this.#player = undefined
      send(page, {
        type: 'notice',
        kind: 'failed',
        message: sandboxWords(messageOf(error), this.#language),
      })
      page.close(1011)
    }
  }

  #open(): Promise<Player> {
    this.#player ??= this.#sandbox.then(async (sandbox) => {
      const player = await Player.open({
        ...{ lesson: this.#lesson, language: this.#language },
        ...{ sandbox, progress: new Progress() },
      })
      player.on((event) => {
        this.#broadcast(event)
        this.#classroom?.hear(player, event)
      })
      return player
    })
    return this.#player
  }

  #broadcast(event: PlayerEvent): void {
    const wire =
      event.type === 'output' ? { ...event, data: Buffer.from(event.data).toString('base64') } : event
    for (const page of this.#pages) send(page, { type: 'event', event: wire })
  }

  async #receive(page: WebSocket, text: string): Promise<void> {
    let request: Request
    try {
      request = requestSchema.parse(JSON.parse(text))
    } catch {
      // Not a message of ours: 1008 is "policy violation", RFC 6455 section 7.4.1.
      return page.close(1008, 'not a message of this protocol')
    }
    try {
      const player = await this.#open()
      if (request.type === 'present') this.#present(page, player, request.stage)
      else await act(player, request, (message) => send(page, message))
    } catch (error) {
      const busy = error instanceof Error && 'kind' in error && error.kind === 'busy'
      send(page, {
        type: 'notice',
        kind: busy ? 'busy' : 'failed',
        message: sandboxWords(messageOf(error), this.#language),
      })
    }
  }

  #present(page: WebSocket, player: Player, stage: Stage): void {
    // Notes are for this page alone, and for nobody who only reads the site's files.
    if (!this.#presenters.has(page)) send(page, { type: 'notes', notes: renderNotes(this.#lesson) })
    this.#presenters.add(page)
    this.#classroom?.present(player, stage)
    this.tellPresenters()
  }

  /** The number of viewers changed. */
  tellPresenters(): void {
    const facts = this.#classroom?.facts()
    if (facts) for (const page of this.#presenters) send(page, { type: 'class', ...facts })
  }

  async close(): Promise<void> {
    clearTimeout(this.#linger)
    this.#onEmpty()
    for (const page of this.#pages) page.close(1001)
    await this.#player
      ?.then((player) => {
        this.#classroom?.end(player)
        return player.close()
      })
      .catch(() => {})
  }
}

async function act(
  player: Player,
  request: Exclude<Request, { type: 'present' }>,
  reply: (message: Message) => void,
): Promise<void> {
  switch (request.type) {
    case 'enter':
      return player.enter(request.step)
    case 'run':
      return void (await player.run(request.id))
    case 'check':
      return void (await player.check(request.id))
    case 'solve': {
      const outcome = await player.solve(request.id)
      if (outcome.state !== 'passed') throw new Error(outcome.message ?? outcome.state)
      return
    }
    case 'answer':
      return void player.answer(request.id, request.choices)
    case 'input':
      return player.write(request.terminal, request.data)
    case 'resize':
      return player.resize(request.terminal, request.cols, request.rows)
    case 'watch':
      return void player.watch(request.id, request.on)
    case 'read':
      return reply({ type: 'exercise', id: request.id, text: await player.readExercise(request.id) })
    case 'write':
      return player.writeExercise(request.id, request.text)
    case 'reset':
      return player.reset({ force: request.force })
    case 'catch-up':
      return void (await player.catchUp(request.step))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function send(page: WebSocket, message: Message): void {
  if (page.readyState === page.OPEN) page.send(JSON.stringify(message))
}
