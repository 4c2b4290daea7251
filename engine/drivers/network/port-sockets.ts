// A published port is held by a socket that listens: nobody else gets it, and who comes
// second hears EADDRINUSE from the kernel, which alone knows all that listen.
//
// Hardly anything ever arrives at the socket. The rules (firewall.ts) turn packets to the
// port into packets to the container before anybody looks for a socket. What does arrive,
// no rule can turn: a connection to ::1, which may not leave the machine; one from an IPv6
// client to a container that has IPv4 only; all of them, when rules are switched off. The
// daemon passes these on itself, as docker-proxy does.
//
// Called by the daemon, when endpoints come and go.
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { EngineError, hasCode } from '../../errors.ts'
import { type Address, formatAddress } from './address.ts'
import { formatHostPort, type PortRequest, type Published } from './port-mapping.ts'

/** Whose port it is: `container web`. */
type Owner = string

interface Held extends AsyncDisposable {
  owner: Owner
}

/** As ip_local_port_range(7) has it; Docker begins there, too. */
const dynamic = { first: 32768, last: 60999 }

export class PortSockets {
  readonly #held = new Map<string, Held>()
  #next = dynamic.first

  /**
   * Holds a port for a request, of several that it may be the first that is free.
   * @param target where the container is reached
   * @throws EngineError `conflict` with who has it
   */
  async hold(request: PortRequest, owner: Owner, target: Address): Promise<Published[]> {
    const { range } = request
    const fixed = range !== undefined && range.first === range.last
    for (const port of range === undefined ? this.#dynamicPorts() : numbers(range)) {
      try {
        return await this.#holdAll(request, port, owner, target)
      } catch (error) {
        if (fixed || !(error instanceof EngineError && error.kind === 'conflict')) throw error
      }
    }
    throw new EngineError('conflict', 'all ports are allocated')
  }

  /** The very same as before, after a restart of the daemon. */
  async holdAgain(published: readonly Published[], owner: Owner, target: Address): Promise<void> {
    for (const one of published) {
      const range = { first: one.hostPort, last: one.hostPort }
      await this.#holdAll({ ...one, hosts: [one.host], range }, one.hostPort, owner, target)
    }
  }

  async release(published: readonly Published[]): Promise<void> {
    for (const { protocol, host, hostPort } of published) {
      const key = keyOf(protocol, host, hostPort)
      const held = this.#held.get(key)
      this.#held.delete(key)
      await held?.[Symbol.asyncDispose]()
    }
  }

  async #holdAll(
    { protocol, containerPort, hosts }: PortRequest,
    hostPort: number,
    owner: Owner,
    target: Address,
  ): Promise<Published[]> {
    const done: Published[] = []
    try {
      for (const host of hosts) {
        const published = { protocol, containerPort, host, hostPort }
        await this.#holdOne(published, owner, target)
        done.push(published)
      }
      return done
    } catch (error) {
      await this.release(done)
      throw error
    }
  }

  async #holdOne(published: Published, owner: Owner, target: Address): Promise<void> {
    const { protocol, host, hostPort, containerPort } = published
    const key = keyOf(protocol, host, hostPort)
    const other = this.#held.get(key)?.owner
    const place = formatHostPort(host, hostPort)
    if (other !== undefined)
      throw new EngineError('conflict', `Bind for ${place} failed: port is already allocated (by ${other})`)
    const to = { host: formatAddress(target), port: containerPort }
    const at = { host: formatAddress(host), port: hostPort }
    // Taken from here on: between this line and the next, others ask.
    const placeholder: Held = { owner, [Symbol.asyncDispose]: async () => {} }
    this.#held.set(key, placeholder)
    try {
      const socket = await (protocol === 'tcp'
        ? listen(at, to)
        : protocol === 'udp'
          ? bind(at, to)
          : nothing())
      this.#held.set(key, { owner, [Symbol.asyncDispose]: socket })
    } catch (cause) {
      this.#held.delete(key)
      if (hasCode(cause, 'EADDRINUSE'))
        throw new EngineError('conflict', `Bind for ${place} failed: port is already allocated`, { cause })
      throw new EngineError('invalid', `listen on ${protocol} ${place}`, { cause })
    }
  }

  /** All of them, from where the last one was found: a port that was just let go is not given out at once. */
  *#dynamicPorts(): Generator<number> {
    for (let tries = dynamic.first; tries <= dynamic.last; tries++) {
      const port = this.#next
      this.#next = port === dynamic.last ? dynamic.first : port + 1
      yield port
    }
  }
}

function* numbers({ first, last }: { first: number; last: number }): Generator<number> {
  for (let port = first; port <= last; port++) yield port
}

function keyOf(protocol: string, host: Address, port: number): string {
  return `${protocol} ${formatHostPort(host, port)}`
}

interface Place {
  host: string
  port: number
}

type Close = () => Promise<void>

/** SCTP has no sockets in Node: its ports are held against each other, and not against strangers. */
async function nothing(): Promise<Close> {
  return async () => {}
}

async function listen(at: Place, to: Place): Promise<Close> {
  const open = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ ...to, allowHalfOpen: true, noDelay: true })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.once('close', () => open.delete(one))
      one.on('error', () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen({ ...at, exclusive: true, ipv6Only: true })
  // Of a request that failed before: no reason to stay alive.
  server.unref()
  await once(server, 'listening')
  return async () => {
    for (const one of open) one.destroy()
    server.close()
    await once(server, 'close')
  }
}

/** Milliseconds after which a client of UDP, who never says goodbye, is forgotten. */
const idle = 30_000

async function bind(at: Place, to: Place): Promise<Close> {
  const type = at.host.includes(':') ? 'udp6' : 'udp4'
  const socket = createSocket({ type, ...(type === 'udp6' ? { ipv6Only: true } : {}) })
  const clients = new Map<string, { upstream: UdpSocket; timer: NodeJS.Timeout }>()
  socket.on('message', (message, from: AddressInfo) => {
    const key = `${from.address} ${from.port}`
    const client = clients.get(key) ?? open(from, key)
    client.timer.refresh()
    client.upstream.send(message, to.port, to.host)
  })
  const open = (from: AddressInfo, key: string): { upstream: UdpSocket; timer: NodeJS.Timeout } => {
    const upstream = createSocket(to.host.includes(':') ? 'udp6' : 'udp4')
    const forget = (): void => {
      if (clients.delete(key)) upstream.close()
    }
    upstream.on('message', (answer) => socket.send(answer, from.port, from.address))
    upstream.on('error', forget)
    const client = { upstream: upstream.unref(), timer: setTimeout(forget, idle).unref() }
    clients.set(key, client)
    return client
  }
  socket.bind({ address: at.host, port: at.port, exclusive: true })
  socket.unref()
  await once(socket, 'listening')
  return async () => {
    for (const { upstream, timer } of clients.values()) {
      clearTimeout(timer)
      upstream.close()
    }
    clients.clear()
    socket.close()
    await once(socket, 'close')
  }
}
