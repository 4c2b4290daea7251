// Names on user-defined networks, for whoever attaches containers to them: who is called
// what goes into one zone, and every container that runs has a name server of its own,
// which answers from it.
//
//   servers.attach(endpoint)       a container is in a network, or is called otherwise now
//   await servers.open(sandbox)    it is about to run: its namespace is there, with `lo` up
//   servers.close(container)       it has ended
//   servers.detach(container, network)
//
// attach and detach may come at any time, before or after open, and are answered from at
// once. Nothing is written down: a daemon that starts attaches what it finds in its
// records, and opens what runs; until then those containers have no answers.
//
// Next: engine/drivers/network/dns/zone.ts
import { type Client, NameServer } from './name-server.ts'
import type { Resolver } from './resolv-conf.ts'
import { type Endpoint, Zone } from './zone.ts'

export interface Sandbox {
  container: string
  /** Path of its network namespace: `/proc/PID/ns/net`. */
  namespace: string
  /** What resolvConf() returned beside the text. */
  resolver: Resolver
}

interface Running {
  server: Promise<NameServer>
  resolver: Resolver
}

export class NameServers {
  readonly #zone = new Zone()
  readonly #running = new Map<string, Running>()

  /** Replaces what was known of this container in this network. */
  attach(endpoint: Endpoint): void {
    this.#zone.attach(endpoint)
  }

  detach(container: string, network: string): void {
    this.#zone.detach(container, network)
  }

  /**
   * Answers at 127.0.0.11 in this namespace. Where it does already, the resolver is another one from here on; a
   * server that the container had elsewhere ends.
   * @throws SyscallError, or EngineError when there is no nft(8); then nothing is open
   */
  async open({ container, namespace, resolver }: Sandbox): Promise<void> {
    const before = this.#running.get(container)
    const there = await before?.server.catch(() => undefined)
    if (before !== undefined && this.#running.get(container) === before && there?.isIn(namespace)) {
      before.resolver = resolver
      return
    }
    this.close(container)
    const running = { resolver, server: NameServer.open(namespace, this.#clientOf(container)) }
    this.#running.set(container, running)
    try {
      await running.server
    } catch (error) {
      if (this.#running.get(container) === running) this.#running.delete(container)
      throw error
    }
  }

  #clientOf(container: string): Client {
    const [zone, running] = [this.#zone, this.#running]
    return {
      addresses: (name) => zone.addresses(container, name),
      pointer: (name) => zone.pointer(container, name),
      leadsOut: () => zone.leadsOut(container),
      upstreams: () => running.get(container)?.resolver.upstreams ?? [],
      ndotsSet: () => running.get(container)?.resolver.ndotsSet ?? false,
    }
  }

  /** Nothing when it has none. One that is still being opened ends as soon as it is. */
  close(container: string): void {
    this.#running.get(container)?.server.then(
      (server) => server[Symbol.dispose](),
      () => {},
    )
    this.#running.delete(container)
  }

  closeAll(): void {
    for (const container of [...this.#running.keys()]) this.close(container)
  }
}
