// One of a lesson's terminals: a shell in the sandbox, what its screen shows, and
// whether it waits for a command.
//
// The screen is kept by a real terminal emulator (@xterm/headless), so that a
// reader who comes late gets it whole: colours, cursor, full-screen programs.
import serialize from '@xterm/addon-serialize'
import xterm from '@xterm/headless'
import type { Sandbox, Shell } from '../../sandbox-vm/sandbox.ts'
import { PromptMarks, plainText } from './prompt-marks.ts'
import { sessionEnvironment, shellEnvironment } from './session.ts'
import { Silence } from './silence.ts'

/** How a command ended. `status` is unknown when its shell does not tell; `lost` when the terminal went away. */
export type CommandEnd =
  | { type: 'ended'; status: number | undefined; output: string }
  | { type: 'timeout'; output: string }
  | { type: 'lost' }

export interface TerminalEvents {
  onData: (chunk: Uint8Array) => void
  /** A shell waits for input again, or something that we cannot see into may. */
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
  /** The shell at the prompt tells when a command begins and ends, as bash does; dash tells prompts only. */
  #tellsEnd = false
  /** Marks since the last prompt. A prompt without any is the old one, drawn again: after a paste, a resize. */
  #seen = { begin: false, end: false }
  /** What was captured is the echo of the command, and not yet its output. */
  #echoing = false
  /** How the last shell ended, when it ended by itself. */
  #exitStatus: number | undefined
  #lastData = 0
  #running = ''
  /** What the learner typed since the last prompt, and no command of it began yet. */
  #typed = ''
  /** The learner sent a line to something that tells no ends. */
  #entered = false
  /** A command of ours runs, and is waited for; it turned out to be a shell, which waits for commands. */
  #waitedFor = false
  #isShell = false
  /** Asks the sandbox what keeps the terminal: `shell`, `raw` or nothing; see `lab waits`. */
  #ask: (() => Promise<string>) | undefined
  readonly #silence = new Silence(() => void this.#look())
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
    this.#running = ''
    this.#typed = ''
    this.#tellsEnd = false
    this.#seen = { begin: false, end: false }
    const env = shellEnvironment(session, this.name)
    this.#ask = async () =>
      (await sandbox.exec(`lab waits ${this.name}`, { env: sessionEnvironment(session), timeout: 10_000 }))
        .stdout
    const shell = await sandbox.shell({ cols, rows, command: ['bash'], cwd: env.HOME ?? '/', env })
    this.#shell = shell
    // A shell that was given up may still have something to say.
    shell.onData((chunk) => this.#shell === shell && this.#receive(chunk))
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

  /** The command that keeps the terminal from taking another (empty when nobody knows), or undefined when it waits for one. */
  get busy(): string | undefined {
    return this.#state === 'running' ? this.#running : undefined
  }

  /** Resolves when the terminal can take a command, or after so long. */
  async idle(milliseconds: number): Promise<void> {
    await this.#until(() => this.busy === undefined, milliseconds)
  }

  /** The learner's keys. */
  write(data: string): void {
    if (this.#state === 'prompt') this.#typed += data
    else if (data.includes('\r')) this.#entered = true
    this.#shell?.write(data)
  }

  resize(cols: number, rows: number): void {
    if (cols < 2 || rows < 2 || (cols === this.screen.cols && rows === this.screen.rows)) return
    this.screen.resize(cols, rows)
    this.#shell?.resize(cols, rows)
  }

  /** The screen and what scrolled off it (all, or so many lines), as text with escape sequences that draws it again. */
  serialize(scrollback?: number): string {
    return this.#serializer.serialize(scrollback === undefined ? {} : { scrollback })
  }

  /** The same, as soon as everything that came until now is on the screen: the emulator reads in slices. */
  settled(scrollback?: number): Promise<string> {
    return new Promise((resolve) => {
      this.screen.write('', () => resolve(this.serialize(scrollback)))
    })
  }

  /** Takes away what the learner half typed, so that a command does not end up behind it. */
  async clearLine(): Promise<void> {
    const typing = (): boolean => this.#state === 'prompt' && this.#typed !== ''
    // Enter was pressed: the command it begins is on its way.
    if (/[\r\n]/.test(this.#typed)) await this.#until(() => !typing(), 500)
    if (!typing()) return
    if (/[\r\n]/.test(this.#typed)) {
      // No command began: an open quote, or a loop without its end. Only Ctrl-C leaves that.
      this.#state = 'running'
      this.#shell?.write('\x03')
      await this.#until(() => this.#atPrompt(), 2000)
    } else this.#shell?.write('\x05\x15')
    this.#typed = ''
  }

  /** Types a command and waits for its end. `interactive` ends as soon as something waits for input. */
  async run(command: string, options: { interactive: boolean; timeout: number }): Promise<CommandEnd> {
    const marked = this.#state === 'prompt'
    this.#output = ''
    this.#capturing = true
    this.#echoing = true
    this.#status = undefined
    this.#state = 'running'
    this.#running = command.split('\n')[0] ?? ''
    this.#lastData = performance.now()
    this.#isShell = false
    this.#waitedFor = true
    this.#silence.broken()
    // Bracketed paste makes several lines one input, which runs as one and ends with one mark.
    const lines =
      command.includes('\n') && marked && this.#tellsEnd ? `\x1b[200~${command}\x1b[201~` : command
    this.#shell?.write(`${lines}\r`)
    const quiet = (): number => {
      if (!options.interactive) return 800
      // Nothing yet: it is still starting, or it is one of the few that wait in silence (cat).
      return marked && this.#output === '' ? 6000 : 1500
    }
    const began = this.#lastData
    const ended = await this.#until(() => {
      if (this.#state === 'prompt' || this.#isShell) return true
      const still = performance.now() - this.#lastData
      return (options.interactive || !marked) && this.#lastData > began && still > quiet()
    }, options.timeout)
    this.#waitedFor = false
    const output = plainText(this.#output)
    if (!this.isOpen)
      return this.#exitStatus === undefined
        ? { type: 'lost' }
        : { type: 'ended', status: this.#exitStatus, output }
    if (!ended) return { type: 'timeout', output }
    // Read again: it changed while we waited, which the type checker cannot know.
    if (!this.#atPrompt()) this.#unmarked()
    return { type: 'ended', status: this.#status, output }
  }

  /** Nothing came for a while. */
  async #look(): Promise<void> {
    // The end of what was entered, as far as anybody can see.
    if (this.#state === 'unmarked' && this.#entered) this.#events.onPrompt()
    this.#entered = false
    if (this.#state !== 'running') return
    // On a slow machine the shell that waits may be the old one, which has not taken the line yet.
    if (this.#tellsEnd && !this.#seen.begin) return this.#silence.again()
    const said = this.#lastData
    const found = ((await this.#ask?.().catch(() => '')) ?? '').trim()
    if (!this.isOpen || this.#atPrompt() || said !== this.#lastData) return
    const shell = found === 'shell' || (found === 'raw' && /[#$%>] $/.test(this.#lineToCursor()))
    if (!shell) return this.#silence.again()
    if (this.#waitedFor) this.#isShell = true
    else this.#unmarked()
    this.#notify()
  }

  #unmarked(): void {
    this.#state = 'unmarked'
    this.#running = ''
    this.#events.onPrompt()
  }

  #lineToCursor(): string {
    const { baseY, cursorX, cursorY } = this.screen.buffer.active
    return this.screen.buffer.active.getLine(baseY + cursorY)?.translateToString(false, 0, cursorX) ?? ''
  }

  #atPrompt(): boolean {
    return this.#state === 'prompt'
  }

  close(): void {
    const shell = this.#shell
    this.#shell = undefined
    this.#silence.stop()
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
        this.#typed = ''
        this.#seen.begin = true
        // Several lines have a C each: only before the first one is there nothing but the echo.
        if (this.#echoing) this.#output = ''
        this.#echoing = false
        this.#capturing = true
      } else if (mark.type === 'D') {
        this.#status = mark.status
        this.#seen.end = true
        // What follows is the next prompt.
        this.#capturing = false
      } else if (mark.type === 'B') this.#prompt()
    }
    if (this.#state === 'prompt') this.#silence.stop()
    else this.#silence.broken()
    this.#notify()
  }

  #prompt(): void {
    if (this.#tellsEnd && !this.#seen.begin && !this.#seen.end) return
    this.#tellsEnd = this.#seen.end
    this.#seen = { begin: false, end: false }
    this.#state = 'prompt'
    this.#running = ''
    this.#typed = ''
    this.#events.onPrompt()
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
