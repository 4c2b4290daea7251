// An attach connection: bytes of one client, to the input of a process and from its output.
//
// Called by server.ts with the socket whose first line asked for it.
import type { Socket } from 'node:net'
import { onHangUp } from '../hang-up.ts'
import type { LogStream } from '../logs/driver.ts'
import type { Viewer } from './output.ts'
import type { AttachRequest } from './protocol.ts'
import type { Supervised } from './supervised.ts'

const streamNumbers = { stdout: 1, stderr: 2 } as const

/** Docker's header of a frame: the stream, three zeros, the length. */
function header(stream: LogStream, length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt8(streamNumbers[stream])
  bytes.writeUInt32BE(length, 4)
  return bytes
}

/** Until either end closes. @param socket paused */
export function attach(socket: Socket, process: Supervised, request: AttachRequest): void {
  const viewer = new SocketViewer(socket, request, !process.terminal)
  const attached = process.output.attach(viewer)
  socket.once('close', () => attached[Symbol.dispose]())
  // Half a close is its input's end, a whole one its own: of a program that says nothing nobody else would see which.
  socket.once('end', () => onHangUp(socket, () => socket.destroy()))
  // Keys come from here, and nothing else; who has none is read all the same, to hear that it left.
  if (request.stdin) void connectInput(socket, process)
  else socket.resume()
}

async function connectInput(socket: Socket, process: Supervised): Promise<void> {
  await process.ready
  const { input } = process
  if (input === undefined) {
    socket.resume()
    return
  }
  // Its own back-pressure: a program that does not read stops its client, and nobody else.
  socket.pipe(input, { end: false })
  const left = (): void => {
    socket.unpipe(input)
    process.inputLeft()
  }
  // Half-closed: no more input, and the output goes on.
  socket.once('end', left)
  // Its input is over, by whomever: what else comes is thrown away, so that the client's end is heard behind it.
  const discard = (): void => void socket.resume()
  input.once('close', discard)
  // Cut off, it has no end.
  socket.once('close', () => {
    left()
    input.off('close', discard)
  })
}

class SocketViewer implements Viewer {
  readonly #socket: Socket
  readonly #wanted: Readonly<Record<LogStream, boolean>>
  readonly #framed: boolean
  #room: Promise<void> | undefined

  constructor(socket: Socket, wanted: AttachRequest, framed: boolean) {
    this.#socket = socket
    this.#wanted = wanted
    this.#framed = framed
  }

  show(stream: LogStream, chunk: Buffer): Promise<void> | undefined {
    const socket = this.#socket
    if (!this.#wanted[stream] || socket.destroyed) return undefined
    let room: boolean
    if (this.#framed) {
      socket.cork()
      socket.write(header(stream, chunk.length))
      room = socket.write(chunk)
      socket.uncork()
    } else room = socket.write(chunk)
    if (room) return undefined
    this.#room ??= new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done)
        socket.off('close', done)
        this.#room = undefined
        resolve()
      }
      socket.once('drain', done)
      socket.once('close', done)
    })
    return this.#room
  }

  end(): void {
    this.#socket.end()
  }
}
