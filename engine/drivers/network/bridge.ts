// The driver `bridge`: a switch of software for each network, a veth pair for each endpoint.
//
//   open     ip -batch    the bridge, its address, up
//            nft -f       its rules, in the table that is ours
//   attach   ip -batch    the veth pair: one end in the bridge, the other in the sandbox
//            nsenter … ip -batch    in the sandbox: address, up, default route
//            nft -f       published ports, if there are any
//   detach   the sandbox is gone, and the pair with it; or `ip link del`
//
// Two processes and ten milliseconds for a container without published ports. Nothing here
// waits for anybody else's container: the kernel has a lock for its interfaces, the only one.
//
// Called by the daemon's sandboxes. Next: engine/drivers/network/ip-batch.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, errorLine } from '../../errors.ts'
import { commandWith } from '../../syscalls/command.ts'
import type { Address } from './address.ts'
import type { BridgeNetwork, Endpoint, NetworkDriver } from './driver.ts'
import { networkText, publishedText, tableText, withoutNetworkText } from './firewall.ts'
import { interfaces, setSysctl } from './host-network.ts'
import { bridgeLines, defaultRouteLines, sandboxLines, vethLines } from './ip-batch.ts'
import { closeOtherFirewalls, openOtherFirewalls } from './other-firewalls.ts'

export interface BridgeOptions {
  /** Of nft. */
  table: string
  /** False: no rules at all, daemon.json's `iptables`. */
  rules: boolean
  /** Let the host pass on packets that are not for itself: `ip-forward`. */
  forward: boolean
  warn: (line: string) => void
}

/** Milliseconds within which the kernel takes down the interfaces of a namespace that nobody uses. */
const patience = 1000

export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge'
  readonly #options: BridgeOptions
  readonly #open = new Map<string, Promise<void>>()
  #table: Promise<void> | undefined

  constructor(options: BridgeOptions) {
    this.#options = options
  }

  /** Once for each network; who comes while it is being made waits for that. */
  open(network: BridgeNetwork): Promise<void> {
    const opening =
      this.#open.get(network.id) ??
      this.#make(network).catch((error: unknown) => {
        this.#open.delete(network.id)
        throw error
      })
    this.#open.set(network.id, opening)
    return opening
  }

  /** Of nft. */
  get table(): string {
    return this.#options.table
  }

  isOpen(id: string): boolean {
    return this.#open.has(id)
  }

  async #make(network: BridgeNetwork): Promise<void> {
    await Promise.all([this.#makeBridge(network), this.#makeTable(), this.#passOthers(network)])
    this.#switchOn(network)
    await this.#nft(networkText(this.#options.table, network))
  }

  #switchOn({ bridge, subnets, internal }: BridgeNetwork): void {
    // DNAT from 127.0.0.1 sends packets with that source through the bridge, which is otherwise refused.
    setSysctl(`net/ipv4/conf/${bridge}/route_localnet`, '1')
    if (this.#options.forward && !internal) {
      setSysctl('net.ipv4.ip_forward', '1')
      if (subnets.some(({ subnet }) => subnet.family === 6)) setSysctl('net.ipv6.conf.all.forwarding', '1')
    }
  }

  async #passOthers({ bridge, internal }: BridgeNetwork): Promise<void> {
    if (!this.#options.rules || internal) return
    const warning = await openOtherFirewalls(bridge)
    if (warning !== undefined) this.#options.warn(warning)
  }

  async #makeBridge(network: BridgeNetwork): Promise<void> {
    if (network.adopted) {
      if (!interfaces().has(network.bridge))
        throw new EngineError(
          'not-found',
          `there is no bridge ${network.bridge}: make it, or leave --bridge out`,
        )
      return
    }
    const [add = '', ...rest] = bridgeLines(network)
    // It may be there: after a restart, with containers that run.
    await ip(interfaces().has(network.bridge) ? rest : [add, ...rest])
  }

  /** Empty, whatever a daemon before us had in it: every network that is used is opened again. */
  #makeTable(): Promise<void> {
    this.#table ??= this.#nft(tableText(this.#options.table)).catch((error: unknown) => {
      this.#table = undefined
      throw error
    })
    return this.#table
  }

  /** Networks with endpoints that are there: everything that is missing, and all rules at once. */
  async restore(all: readonly { network: BridgeNetwork; endpoints: readonly Endpoint[] }[]): Promise<void> {
    const { table } = this.#options
    for (const { network } of all) {
      await this.#makeBridge(network)
      await this.#passOthers(network)
    }
    const rules = all.flatMap(({ network, endpoints }) => [
      networkText(table, network),
      ...endpoints.map((endpoint) => publishedText(table, endpoint, 'add')),
    ])
    await this.#nft([tableText(table), ...rules].join(''))
    this.#table = Promise.resolve()
    for (const { network } of all) {
      this.#switchOn(network)
      this.#open.set(network.id, Promise.resolve())
    }
  }

  async close(network: BridgeNetwork): Promise<void> {
    await this.#open.get(network.id)?.catch(() => {})
    const wasOpen = this.#open.delete(network.id)
    if (!network.adopted && interfaces().has(network.bridge)) await ip([`link del ${network.bridge}`])
    if (this.#options.rules && !network.internal) await closeOtherFirewalls(network.bridge)
    if (wasOpen) await this.#nft(withoutNetworkText(this.#options.table, network))
  }

  /** Takes the table away: no network is open any more. */
  async closeTable(): Promise<void> {
    if (this.#table === undefined) return
    this.#table = undefined
    await this.#deleteTable()
  }

  /** One that a killed daemon has left, perhaps without any network in it. Where there is no nft, nobody made one. */
  async closeForeignTable(): Promise<void> {
    try {
      await this.#deleteTable()
    } catch (error) {
      if (!(error instanceof EngineError && error.kind === 'unavailable'))
        this.#options.warn(errorLine(error))
    }
  }

  #deleteTable(): Promise<void> {
    return this.#nft(`table inet ${this.#options.table} {}\ndelete table inet ${this.#options.table}\n`)
  }

  async attach(network: BridgeNetwork, endpoint: Endpoint, pid: number): Promise<void> {
    await using undo = new AsyncDisposableStack()
    await ip(vethLines(network, endpoint, pid))
    undo.defer(() => this.#remove(endpoint))
    // Neither needs the other, and nft takes as long as ip does.
    await both(ipIn(pid, sandboxLines(endpoint)), this.publish(endpoint))
    for (const sysctl of endpoint.sysctls) await sysctlIn(pid, sysctl)
    undo.move()
  }

  async detach(endpoint: Endpoint): Promise<void> {
    // Most end with their sandbox, and the kernel is about to take the pair down. `link del` would do it
    // again, and wait for every CPU to have forgotten it: 20 ms.
    for (const end = Date.now() + patience; Date.now() < end; await sleep(20))
      if (!interfaces().has(endpoint.veth)) return
    await this.#remove(endpoint)
  }

  async unplug(endpoint: Endpoint): Promise<void> {
    await this.#remove(endpoint)
  }

  async #remove({ veth }: Endpoint): Promise<void> {
    if (!interfaces().has(veth)) return
    await ip([`link del ${veth}`]).catch((error: unknown) => {
      // The kernel was faster.
      if (interfaces().has(veth)) throw error
    })
  }

  async publish(endpoint: Endpoint): Promise<void> {
    await this.#nft(publishedText(this.#options.table, endpoint, 'add'))
  }

  async unpublish(endpoint: Endpoint): Promise<void> {
    if (this.#table !== undefined) await this.#nft(publishedText(this.#options.table, endpoint, 'delete'))
  }

  /** Another default route, in a sandbox that has an endpoint more or less. */
  async setGateways(pid: number, name: string, gateways: readonly Address[]): Promise<void> {
    await ipIn(pid, defaultRouteLines(name, gateways))
  }

  async #nft(text: string): Promise<void> {
    if (!this.#options.rules || text === '') return
    try {
      await commandWith('nft', ['-f', '-'], text)
    } catch (error) {
      const kind = error instanceof EngineError ? error.kind : 'internal'
      throw new EngineError(kind, `rules of the network: ${errorLine(error)}`)
    }
  }
}

/** By tee(1): /proc/sys/net shows everybody what is in their own namespace. */
async function sysctlIn(pid: number, sysctl: string): Promise<void> {
  const [name = '', value = ''] = sysctl.split('=')
  const file = `/proc/sys/${name.replaceAll('.', '/')}`
  await commandWith('nsenter', [`--net=/proc/${pid}/ns/net`, 'tee', file], `${value}\n`)
}

/** Both to their end, whatever comes of one: what is undone after this is not still being done. */
async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  const failed = (await Promise.allSettled([one, other])).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function ip(lines: readonly string[]): Promise<void> {
  await commandWith('ip', ['-batch', '-'], `${lines.join('\n')}\n`)
}

/** The same within the network namespace of a process. */
async function ipIn(pid: number, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  await commandWith('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-batch', '-'], `${lines.join('\n')}\n`)
}
