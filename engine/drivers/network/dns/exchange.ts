// One question to one server of the world outside, and its answer or nothing.
//
// A forger who sees nothing must guess 16 bits of id and, since every question has a
// socket of its own, the port that the kernel chose for it. A connected socket takes
// packets from that server alone, and hears ECONNREFUSED where nobody listens, instead of
// waiting in vain.
//
// Called by forward.ts.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { closeSync } from 'node:fs'
import { isIPv6, Socket } from 'node:net'
import { inetSocket } from '../../../syscalls/inet-socket.ts'
import { withinNetwork } from '../../../syscalls/namespace.ts'
import { isResponse, questionEnd } from './message.ts'
import { framed, messages } from './tcp.ts'

export interface Server {
  address: string
  port: number
  /** Of the network namespace from which it is asked; undefined for the host's. */
  namespace: number | undefined
}

type Done = (reply?: Buffer) => void
/** Begins to ask. @returns what ends it */
type Ask = (server: Server, message: Buffer, fits: (reply: Buffer) => boolean, done: Done) => () => void

/**
 * @param message the query in bytes; gets an id of its own on the way
 * @param pending gets what ends the exchange early, for as long as it lasts
 * @param patience in milliseconds
 */
export function exchange(
  protocol: 'udp' | 'tcp',
  server: Server,
  message: Buffer,
  pending: Set<() => void>,
  patience: number,
): Promise<Buffer | undefined> {
  const own = Buffer.from(message)
  own.writeUInt16BE(randomInt(0x1_0000), 0)
  return new Promise((resolve) => {
    let close = (): void => {}
    const done: Done = (reply) => {
      if (!pending.delete(stop)) return
      clearTimeout(timer)
      close()
      if (reply !== undefined) message.copy(reply, 0, 0, 2)
      resolve(reply)
    }
    const stop = (): void => done()
    pending.add(stop)
    const timer = setTimeout(stop, patience).unref()
    try {
      close = ask[protocol](server, own, (reply) => answers(own, reply), done)
    } catch {
      // EMFILE, or a family that this host does not have: as good as no answer.
      done()
    }
  })
}

/** Whether it answers this question: id and question the same, though a server may spell the name in its own way. */
function answers(query: Buffer, reply: Buffer): boolean {
  const end = questionEnd(query) ?? 12
  const plain = (packet: Buffer): string => packet.toString('latin1', 12, end).toLowerCase()
  return (
    reply.length >= 12 &&
    isResponse(reply) &&
    reply.readUInt16BE(0) === query.readUInt16BE(0) &&
    // A server that could not read it repeats no question.
    (reply.readUInt16BE(4) === 0 || plain(reply) === plain(query))
  )
}

const ask: Record<'udp' | 'tcp', Ask> = {
  udp({ address, port, namespace }, message, fits, done) {
    const fd = madeIn(namespace, 'udp', address)
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    // Nobody waits for an answer once the daemon ends.
    socket.unref()
    socket.on('error', () => done())
    socket.on('message', (reply) => fits(reply) && done(reply))
    try {
      socket.bind({ fd }, () => socket.connect(port, address, () => socket.send(message)))
    } catch (error) {
      closeSync(fd)
      throw error
    }
    return () => socket.close()
  },
  tcp({ address, port, namespace }, message, fits, done) {
    // manualStart: Node would read from it at once, and it is not connected yet.
    const options = { fd: madeIn(namespace, 'tcp', address), manualStart: true }
    const socket = new Socket(options)
    socket.unref()
    socket.on('error', () => done())
    socket.connect({ port, host: address }, () => socket.write(framed(message)))
    const first = async (): Promise<void> => {
      for await (const reply of messages(socket)) if (fits(reply)) return done(reply)
      done()
    }
    first().catch(() => done())
    return () => socket.destroy()
  },
}

function madeIn(namespace: number | undefined, protocol: 'udp' | 'tcp', address: string): number {
  const make = (): number => inetSocket(protocol, address)
  return namespace === undefined ? make() : withinNetwork(namespace, make)
}
