// Questions that are for the world outside: one server after the other, as resolv.conf
// lists them, until one of them has an answer.
//
// A server is asked from inside the container's network, so what its networks cannot
// reach, its name server cannot either: from an internal network nothing gets out this
// way. The exception are servers that only the host reaches, such as systemd-resolved on
// the host's 127.0.0.53: they are asked from the host, but for containers that may leave
// their networks only.
//
// Called by name-server.ts. Next: engine/drivers/network/dns/name-server.ts
import { exchange } from './exchange.ts'
import { rcodes } from './message.ts'

export interface Upstream {
  address: string
  /** 53, but in tests. */
  port?: number
  /** It is the host's: on its loopback, or in a family that the container has not. */
  onHost: boolean
}

/** Docker's, both: servers, and milliseconds for each. */
const most = 3
const patience = 4000
/** Questions of one container on their way. Each has a descriptor, of which the daemon has use for others, too. */
const atATime = 256

export class Forwarder {
  readonly #namespace: number
  readonly #upstreams: () => readonly Upstream[]
  readonly #pending = new Set<() => void>()
  #open = true

  /** @param namespace a descriptor of the container's network namespace, open as long as this */
  constructor(namespace: number, upstreams: () => readonly Upstream[]) {
    this.#namespace = namespace
    this.#upstreams = upstreams
  }

  /** Whether one more would be too many. */
  get busy(): boolean {
    return this.#pending.size >= atATime
  }

  /** @param leadsOut the container may leave its networks @returns the answer in bytes; undefined when nobody had one */
  async ask(protocol: 'udp' | 'tcp', message: Buffer, leadsOut: boolean): Promise<Buffer | undefined> {
    for (const { address, port = 53, onHost } of this.#upstreams().slice(0, most)) {
      if (onHost && !leadsOut) continue
      if (!this.#open) return undefined
      const server = { address, port, namespace: onHost ? undefined : this.#namespace }
      const reply = await exchange(protocol, server, message, this.#pending, patience)
      // "I failed" and "not you" are no answers: the next one may know.
      const code = (reply?.[3] ?? 0) & 15
      if (reply !== undefined && code !== rcodes.SERVFAIL && code !== rcodes.REFUSED) return reply
    }
    return undefined
  }

  close(): void {
    this.#open = false
    for (const stop of this.#pending) stop()
  }
}
