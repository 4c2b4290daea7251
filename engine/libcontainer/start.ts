// The second half of a container's birth: `start` wakes the init that `create`
// left waiting, and hears how it went.
//
// The container's FIFOs stand in its state directory. init holds both open for
// reading and writing, and execve(2) closes them: so the end of `result` means
// that the command runs.
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import type { InitMessage } from './handshake.ts'
import { hear, type Listener, linesOf } from './host-channel.ts'
import { startFifo } from './status.ts'

/** Wakes init, and waits until it has become the command. @throws EngineError what init said, when it could not */
export async function wakeInit(directory: string, listener: Listener): Promise<void> {
  const result = openSync(join(directory, 'result'), constants.O_RDONLY | constants.O_NONBLOCK)
  let go: number
  try {
    // Nobody reads a FIFO of which nobody is left: ENXIO, in place of waiting for ever.
    go = openSync(join(directory, startFifo), constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (cause) {
    closeSync(result)
    throw notWaiting(cause)
  }
  try {
    // Its absence is what "running" is known by (status.ts), so it goes first. Of
    // two `start`s at the same moment one can remove it.
    unlinkSync(join(directory, startFifo))
    writeSync(go, '1')
  } catch (cause) {
    closeSync(result)
    throw notWaiting(cause)
  } finally {
    closeSync(go)
  }
  await hearUntilEnd(result, listener)
}

function notWaiting(cause: unknown): EngineError {
  return new EngineError('conflict', 'the container has no process that waits to be started', { cause })
}

async function hearUntilEnd(fd: number, listener: Listener): Promise<void> {
  // A FIFO is read as a socket is: when something comes, and not by a thread that waits in read(2).
  const stream = new Socket({ fd, readable: true, writable: false })
  let failure: unknown
  stream.setEncoding('utf8')
  for await (const line of linesOf(stream)) {
    const message: InitMessage = JSON.parse(line)
    try {
      hear(message, listener)
    } catch (error) {
      failure = error
    }
  }
  if (failure !== undefined) throw failure
}
