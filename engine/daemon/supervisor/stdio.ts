// The three descriptors of a process, and our ends of them.
//
//   container's 0   <── FIFO stdin  <──  whoever is attached
//   container's 1   ──> FIFO stdout ──>  output.ts: log, and whoever is attached
//   container's 2   ──> FIFO stderr ──>
//
//   with a terminal:  0, 1, 2 = slave  <──>  master
//
// FIFOs with a name, and not pipes: when this process is killed, the next supervisor
// opens them again, and what the container has written meanwhile is still in there. For
// that the container holds its output open for reading, too: a pipe without any reader
// would give it SIGPIPE, and end it. When 64 KiB are full, it waits.
//
// Its input ends with us, since a writer is what makes an input: the next supervisor
// finds it at its end. A terminal ends with us as well, and its processes get SIGHUP.
import { chownSync, closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { ReadStream } from 'node:tty'
import { duplicate, makeFifo } from '../../syscalls/file.ts'
import type { LogStream } from '../logs/driver.ts'
import { Keyboard } from './keyboard.ts'

export interface Ends {
  /** Undefined for an input that is empty from the start, or over. */
  input?: Writable
  outputs: { stream: LogStream; from: Readable }[]
  /** Of its terminal; undefined where it has none. */
  resize?: (size: { rows: number; columns: number }) => void
}

export interface Stdio extends Disposable {
  /** For the process; disposing closes our copies. */
  child: readonly [number, number, number]
  /** Once the process has its own. @param console master of its terminal, which is ours from here on */
  connect(console?: number): Ends
}

/** Undefined where the input is empty. */
type Choice = { terminal: boolean; stdin: boolean; owner?: { uid: number; gid: number } }

/** @param directory there already: of a process that is just being deleted it must not come back */
export function makeStdio(directory: string, { terminal, stdin, owner }: Choice): Stdio {
  using opened = new DisposableStack()
  const open = (path: string, flags: number): number => {
    const fd = openSync(path, flags)
    opened.defer(() => closeSync(fd))
    return fd
  }
  const nothing = open('/dev/null', constants.O_RDWR)
  if (terminal) {
    const close = opened.move()
    return {
      child: [nothing, nothing, nothing],
      connect: (console) => terminalEnds(console ?? nothing),
      [Symbol.dispose]: () => close.dispose(),
    }
  }
  const names = [...(stdin ? ['stdin'] : []), 'stdout', 'stderr']
  for (const name of names) {
    makeFifo(join(directory, name), 0o600)
    // A program may open /dev/stdout anew, and is nobody to files of the host's root.
    if (owner) chownSync(join(directory, name), owner.uid, owner.gid)
  }
  // Both ways: a FIFO that is opened for writing alone waits for a reader, or says ENXIO.
  const writer = stdin
    ? openSync(join(directory, 'stdin'), constants.O_RDWR | constants.O_NONBLOCK)
    : undefined
  const input = stdin ? open(join(directory, 'stdin'), constants.O_RDONLY) : nothing
  const [out, error] = ['stdout', 'stderr'].map((name) => open(join(directory, name), constants.O_RDWR))
  const readers = openOutputs(directory)
  const close = opened.move()
  let connected = false
  return {
    child: [input, out ?? nothing, error ?? nothing],
    connect: () => {
      connected = true
      return { ...(writer === undefined ? {} : { input: inputTo(writer) }), outputs: readers() }
    },
    [Symbol.dispose]: () => {
      close.dispose()
      if (connected) return
      for (const { from } of readers()) from.destroy()
      if (writer !== undefined) closeSync(writer)
    },
  }
}

/** Of a container that an earlier supervisor gave birth to. */
export function reopenOutputs(directory: string): Ends {
  return { outputs: openOutputs(directory)() }
}

/** Opened now, and streams when they are called for: a FIFO has an end only after somebody had it open. */
function openOutputs(directory: string): () => Ends['outputs'] {
  const streams = ['stdout', 'stderr'] as const
  const open = streams.map((stream) => ({
    stream,
    fd: openSync(join(directory, stream), constants.O_RDONLY | constants.O_NONBLOCK),
  }))
  return () =>
    open.map(({ stream, fd }) => ({ stream, from: new Socket({ fd, readable: true, writable: false }) }))
}

function inputTo(fd: number): Writable {
  const socket = new Socket({ fd, readable: false, writable: true })
  // EPIPE cannot be: we are a reader ourselves. What else happens to it ends the input, and nothing more.
  socket.on('error', () => {})
  return socket
}

function terminalEnds(master: number): Ends {
  const screen = new ReadStream(master)
  // EIO is how a master says that nobody has the slave open any more.
  screen.on('error', () => {})
  // Its own copy, which stays when the screen is at its end: by then the number of the other may be a stranger's.
  const keyboard = new Keyboard(duplicate(master))
  return {
    input: keyboard,
    outputs: [{ stream: 'stdout', from: screen }],
    resize: (size) => keyboard.resize(size),
  }
}
