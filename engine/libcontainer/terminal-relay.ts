// Keyboard and screen of a container in the foreground: what we type goes to the
// master of its terminal, what it prints comes from there.
//
//   our terminal (raw)  --- stdin --->  master  ~~~  slave: the container
//                       <-- stdout ---
//
// Raw, since the container's terminal does the work that ours would do otherwise:
// echo, line editing, and turning Ctrl-C into SIGINT.
import { closeSync } from 'node:fs'
import { socketpair } from '../syscalls/socket.ts'
import { resizeTerminal } from '../syscalls/terminal.ts'
import { receiveMaster } from './terminal-master.ts'

export class TerminalRelay {
  /** For init, which sends the master through it. */
  readonly socket: number
  readonly #ours: number
  #drained: Promise<void> = Promise.resolve()
  #undo = new DisposableStack()

  constructor() {
    ;[this.#ours, this.socket] = socketpair()
    this.#undo.defer(() => closeSync(this.#ours))
  }

  /** To be called once init has sent the master. */
  async connect(): Promise<void> {
    // Not by `await import()`: the runtime runs from code that V8 compiled ahead, and there import() is an error.
    const { ReadStream, WriteStream } = process.getBuiltinModule('node:tty')
    closeSync(this.socket)
    const fd = receiveMaster(this.#ours)
    const { stdin, stdout } = process
    const fit = (): void => {
      if (stdout.isTTY) resizeTerminal(fd, { rows: stdout.rows, columns: stdout.columns })
    }
    fit()
    const screen = new ReadStream(fd)
    const keyboard = new WriteStream(fd)
    this.#drained = new Promise((resolve) => {
      // EIO is how a master says that nobody has the slave open any more.
      screen.on('error', () => resolve()).on('end', () => resolve())
    })
    keyboard.on('error', () => {})
    screen.on('data', (chunk) => stdout.write(chunk))
    const type = (chunk: Buffer): void => void keyboard.write(chunk)
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', type)
    process.on('SIGWINCH', fit)
    this.#undo.defer(() => {
      process.off('SIGWINCH', fit)
      stdin.off('data', type)
      stdin.pause()
      if (stdin.isTTY) stdin.setRawMode(false)
      screen.destroy()
      keyboard.destroy()
    })
  }

  /** After the container's end: prints what is still to come, and gives our terminal back. */
  async end(): Promise<void> {
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, 500).unref())
    await Promise.race([this.#drained, timeout])
    // A pipe that is read slowly gets all of it.
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
    this.#undo.dispose()
  }
}
