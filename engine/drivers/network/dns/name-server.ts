// The name server of one container: 127.0.0.11, inside its network namespace.
//
//   in the container                      in the daemon
//   getaddrinfo("db")
//     │ 127.0.0.11:53                     name-server.ts ── answer.ts ── zone.ts
//     │ redirected (redirect.ts)            │                              who is called what
//     └──────▶ 127.0.0.11:random ◀────────┘ a socket that was made there
//                                           └── forward.ts: everybody else's names
//
// No process of ours is in the container: the daemon's main thread goes into its network
// namespace for two sockets and comes back (kernel: a socket stays where it was made). A
// thread or a process for each container would cost megabytes, and a start 25 ms.
//
// What a container sends is read as it comes, one packet at a time, and what waits for an
// answer from outside is counted: more than that is refused. It can only starve itself.
//
// Called by name-servers.ts. Next: engine/drivers/network/dns/name-servers.ts
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { EngineError } from '../../../errors.ts'
import { boundSocket } from '../../../syscalls/inet-socket.ts'
import { withinNetwork } from '../../../syscalls/namespace.ts'
import { react, type View } from './answer.ts'
import { Forwarder, type Upstream } from './forward.ts'
import { type Query, udpLimit, writeReply } from './message.ts'
import { nameServerAddress, redirect } from './redirect.ts'
import { serve } from './tcp.ts'

/** TCP connections of one container; more are closed at once. */
const connections = 32

export interface Client extends View {
  /** It may leave its networks: servers that the host alone reaches are asked for it. */
  leadsOut(): boolean
  /** Whom to ask about other names. */
  upstreams(): readonly Upstream[]
}

export class NameServer implements Disposable {
  /** Inode of its namespace, which no other has as long as this is open. */
  readonly #namespace: number
  readonly #client: Client
  readonly #forwarder: Forwarder
  readonly #undo: DisposableStack

  private constructor(namespace: number, client: Client, forwarder: Forwarder, undo: DisposableStack) {
    this.#namespace = namespace
    this.#client = client
    this.#forwarder = forwarder
    this.#undo = undo
  }

  /**
   * @param path of the namespace, such as `/proc/PID/ns/net`; its `lo` is up
   * @throws SyscallError, or EngineError when the rules could not be made; then nothing is left open
   */
  static async open(path: string, client: Client): Promise<NameServer> {
    using undo = new DisposableStack()
    const namespace = undo.adopt(openSync(path, 'r'), closeSync)
    // A PID is used again: the path may lead to a stranger by now, and with most of them to the host.
    const { ino } = fstatSync(namespace)
    if (ino === statSync('/proc/thread-self/ns/net').ino)
      throw new EngineError('conflict', `${path} is the network of the host, and of no container`)
    const forwarder = undo.adopt(new Forwarder(namespace, () => client.upstreams()), (one) => one.close())
    const fds = withinNetwork(namespace, () => ({
      udp: boundSocket('udp', nameServerAddress, 0),
      tcp: boundSocket('tcp', nameServerAddress, connections),
    }))
    const udp = undo.adopt(createSocket('udp4'), (one) => one.close())
    const tcp = undo.adopt(createServer({ noDelay: true }), (one) => one.close())
    // Listened for first: dgram says so before bind() returns.
    const listening = Promise.all([once(udp, 'listening'), once(tcp, 'listening')])
    udp.bind({ fd: fds.udp })
    tcp.listen({ fd: fds.tcp })
    await listening
    // No reason for a daemon to go on that is told to end, and its containers are to outlive it.
    udp.unref()
    tcp.unref()
    await redirect(namespace, { udp: udp.address().port, tcp: portOf(tcp) })
    const server = new NameServer(ino, client, forwarder, undo.move())
    server.#answerOn(udp, tcp)
    return server
  }

  /** Whether it is where this path leads. */
  isIn(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.ino === this.#namespace
  }

  #answerOn(udp: Datagrams, tcp: Server): void {
    udp.on('message', (packet, { port, address }) => {
      const send = (reply: Buffer | undefined): void => {
        // The socket may be closed by now, and a client may be gone: UDP promises nothing.
        if (reply !== undefined && !this.#undo.disposed) udp.send(reply, port, address, () => {})
      }
      const reply = this.#answer('udp', packet)
      if (reply instanceof Promise) void reply.then(send)
      else send(reply)
    })
    udp.on('error', () => {})
    tcp.maxConnections = connections
    tcp.on('connection', (socket: Socket) => {
      socket.unref()
      const untie = this.#tie(socket)
      void serve(socket, async (message) => this.#answer('tcp', message)).finally(untie)
    })
    tcp.on('error', () => {})
  }

  readonly #sockets = new Set<Socket>()

  #tie(socket: Socket): () => void {
    this.#sockets.add(socket)
    return () => this.#sockets.delete(socket)
  }

  /** @returns at once where it knows; undefined where nothing is to be said */
  #answer(protocol: 'udp' | 'tcp', packet: Buffer): Buffer | undefined | Promise<Buffer> {
    const limit = protocol === 'tcp' ? () => 65_535 : udpLimit
    const reaction = react(packet, this.#client, limit)
    if (reaction.do === 'ignore') return undefined
    return reaction.do === 'reply' ? reaction.packet : this.#forward(protocol, packet, reaction.query)
  }

  async #forward(protocol: 'udp' | 'tcp', packet: Buffer, query: Query): Promise<Buffer> {
    if (this.#forwarder.busy) return writeReply(query, 'REFUSED', [], 512)
    const reply = await this.#forwarder.ask(protocol, packet, this.#client.leadsOut())
    // As it came: a server that says by UDP more than it was asked to would have said so to the
    // container itself, and knows best whether it answers by TCP.
    return reply ?? writeReply(query, 'SERVFAIL', [], 512)
  }

  [Symbol.dispose](): void {
    this.#undo.dispose()
    for (const socket of this.#sockets) socket.destroy()
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
