// One of a lesson's terminals: a shell in the sandbox, what its screen shows, and
// whether it waits for a command.
//
// The screen is kept by a real terminal emulator (@xterm/headless), so that a
// reader who comes late gets it whole: colours, cursor, full-screen programs.
import serialize from '@xterm/addon-serialize'
import xterm from '@xterm/headless'
import type { Sandbox, Shell } from '../../sandbox-vm/sandbox.ts'
import { PromptMarks, plainText } from './prompt-marks.ts'
import { shellEnvironment } from './session.ts'

/** How a command ended. `status` is unknown when its shell does not tell; `lost` when the terminal went away. */
export type CommandEnd =
  | { type: 'ended'; status: number | undefined; output: string }
  | { type: 'timeout'; output: string }
  | { type: 'lost' }

export interface TerminalEvents {
  onData: (chunk: Uint8Array) => void
  /** A shell waits for input again. */
  onPrompt: () => void
  /** The outermost shell ended. */
  onExit: () => void
}

export class Terminal {
  readonly name: string
  readonly screen: InstanceType<typeof xterm.Terminal>
  readonly #serializer = new serialize.SerializeAddon()
  readonly #events: TerminalEvents
  #shell: Shell | undefined
  #marks = new PromptMarks()
  /** `unmarked`: something runs that waits for input without saying so, such as top, or a shell without our marks. */
  #state: 'prompt' | 'running' | 'unmarked' = 'running'
  #status: number | undefined
  #output = ''
  #capturing = true
  /** How the last shell ended, when it ended by itself. */
  #exitStatus: number | undefined
  #lastData = 0
  #running = ''
  /** Called with every mark and every end of the shell. */
  readonly #waiters = new Set<() => void>()

  constructor(name: string, cols: number, rows: number, events: TerminalEvents) {
    this.name = name
    this.#events = events
    this.screen = new xterm.Terminal({ cols, rows, scrollback: 2000, allowProposedApi: true })
    this.screen.loadAddon(this.#serializer)
  }

  /** Opens a shell, and waits for its first prompt. */
  async open(sandbox: Sandbox, session: string): Promise<void> {
    const { cols, rows } = this.screen
    this.screen.reset()
    this.#marks = new PromptMarks()
    this.#state = 'running'
    const env = shellEnvironment(session, this.name)
    const shell = await sandbox.shell({ cols, rows, command: ['bash'], cwd: env.HOME ?? '/', env })
    this.#shell = shell
    shell.onData((chunk) => this.#receive(chunk))
    this.#exitStatus = undefined
    void shell.exited.then((status) => {
      if (this.#shell !== shell) return
      this.#shell = undefined
      // 255 is what a lost connection gives.
      if (status !== 255) this.#exitStatus = status
      this.#notify()
      this.#events.onExit()
    })
    await this.#until(() => this.#state === 'prompt', 15_000)
  }

  get isOpen(): boolean {
    return this.#shell !== undefined
  }

  /** What keeps the terminal from taking a command, or undefined when it waits for one. */
  get busy(): string | undefined {
    return this.#state === 'running' ? this.#running || 'a command' : undefined
  }

  write(data: string): void {
    this.#shell?.write(data)
  }

  resize(cols: number, rows: number): void {
    if (cols < 2 || rows < 2 || (cols === this.screen.cols && rows === this.screen.rows)) return
    this.screen.resize(cols, rows)
    this.#shell?.resize(cols, rows)
  }

  /** The screen and what scrolled off it, as text with escape sequences that draws it again. */
  serialize(): string {
    return this.#serializer.serialize()
  }

  /** Types a command and waits for its end. `interactive` ends as soon as something waits for input. */
  async run(command: string, options: { interactive: boolean; timeout: number }): Promise<CommandEnd> {
    const marked = this.#state === 'prompt'
    this.#output = ''
    this.#capturing = true
    this.#status = undefined
    this.#state = 'running'
    this.#running = command.split('\n')[0] ?? ''
    this.#lastData = performance.now()
    // Bracketed paste makes several lines one input, which runs as one and ends with one mark.
    const lines = command.includes('\n') && marked ? `\x1b[200~${command}\x1b[201~` : command
    this.write(`${lines}\r`)
    const quiet = options.interactive ? 1500 : 800
    const began = this.#lastData
    const ended = await this.#until(() => {
      if (this.#state === 'prompt') return true
      const still = performance.now() - this.#lastData
      return (options.interactive || !marked) && this.#lastData > began && still > quiet
    }, options.timeout)
    const output = plainText(this.#output)
    if (!this.isOpen)
      return this.#exitStatus === undefined
        ? { type: 'lost' }
        : { type: 'ended', status: this.#exitStatus, output }
    if (!ended) return { type: 'timeout', output }
    // Read again: it changed while we waited, which the type checker cannot know.
    if (!this.#atPrompt()) this.#state = 'unmarked'
    return { type: 'ended', status: this.#status, output }
  }

  #atPrompt(): boolean {
    return this.#state === 'prompt'
  }

  close(): void {
    const shell = this.#shell
    this.#shell = undefined
    shell?.close()
    this.#notify()
  }

  dispose(): void {
    this.close()
    this.screen.dispose()
  }

  #receive(chunk: Uint8Array): void {
    this.#lastData = performance.now()
    this.screen.write(chunk)
    this.#events.onData(chunk)
    for (const mark of this.#marks.push(chunk)) {
      if (mark.type === 'text') {
        if (this.#capturing && this.#output.length < 1e6) this.#output += mark.text
      } else if (mark.type === 'C') {
        this.#state = 'running'
        // What came before was the echo of the command.
        this.#output = ''
        this.#capturing = true
      } else if (mark.type === 'D') {
        this.#status = mark.status
        // What follows is the next prompt.
        this.#capturing = false
      }
      if (mark.type === 'B') {
        this.#state = 'prompt'
        this.#events.onPrompt()
      }
    }
    this.#notify()
  }

  #notify(): void {
    for (const waiter of this.#waiters) waiter()
  }

  /** Resolves true when `condition` holds, false after `milliseconds` or when the shell ended. */
  #until(condition: () => boolean, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer)
        clearInterval(poll)
        this.#waiters.delete(look)
        resolve(result)
      }
      const look = (): void => {
        if (!this.isOpen) finish(false)
        else if (condition()) finish(true)
      }
      const timer = setTimeout(() => finish(false), milliseconds)
      // Silence makes no event.
      const poll = setInterval(look, 100)
      this.#waiters.add(look)
      look()
    })
  }
}
