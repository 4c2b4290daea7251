// DNS over TCP (RFC 7766): every message behind its length in two bytes, several on one
// connection. It is for what is too long for UDP.
//
// One question after the other, and none is read before the last is answered and the
// answer has left: so a client that asks a lot, or reads slowly, fills the kernel's
// buffers and not our memory.
//
// Called by name-server.ts for those who ask, and by exchange.ts for those who are asked.
import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Milliseconds without a byte, after which a connection is closed. */
const idle = 15_000

/** The messages on a connection, as they get complete; ends when it does. @throws when it was cut */
export async function* messages(socket: Socket): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    // No more than a message of 65,535 bytes and a chunk: the length has no more bits.
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = endOfFirst(rest); end <= rest.length; end = endOfFirst(rest)) {
      yield rest.subarray(2, end)
      rest = rest.subarray(end)
    }
  }
}

function endOfFirst(bytes: Buffer): number {
  return bytes.length < 2 ? Number.POSITIVE_INFINITY : 2 + bytes.readUInt16BE(0)
}

/** A message as it goes over the wire. @param message 65,535 bytes at most */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message])
}

/** Answers what comes on a connection until it ends, whoever ends it. @param answer undefined: nothing is said to that */
export async function serve(
  socket: Socket,
  answer: (message: Buffer) => Promise<Buffer | undefined>,
): Promise<void> {
  socket.setTimeout(idle, () => socket.destroy())
  // What goes wrong on it ends the loop below, too.
  socket.on('error', () => {})
  try {
    for await (const message of messages(socket)) {
      const reply = await answer(message)
      if (reply !== undefined && !socket.write(framed(reply))) await once(socket, 'drain')
    }
  } catch {
    // Reset, or too slow: it was the client's connection.
  } finally {
    socket.destroySoon()
  }
}
