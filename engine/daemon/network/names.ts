// Names of containers on user-defined networks: who is told to the name servers, and which
// container has one of its own.
//
// Called by sandboxes.ts. Next: engine/drivers/network/dns/name-servers.ts
import type { EndpointSettings } from '../../api/endpoint.ts'
import { NameServers } from '../../drivers/network/dns/name-servers.ts'
import type { Resolver } from '../../drivers/network/dns/resolv-conf.ts'
import { dnsNames } from '../../drivers/network/dns/zone.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { EndpointRecord, NetworkRecord } from './record.ts'

/** Those that have names: not the default one, where links do that. */
export function hasNames({ driver, name }: NetworkRecord): boolean {
  return driver === 'bridge' && name !== 'bridge'
}

export class ContainerNames {
  readonly #servers = new NameServers()

  /** @param links `container:alias`, of this network */
  join(record: ContainerRecord, network: NetworkRecord, { ipv4, ipv6 }: EndpointRecord): void {
    if (!hasNames(network)) return
    const settings: EndpointSettings = record.networks[network.name]?.settings ?? {}
    this.#servers.attach({
      ...{ network: network.id, networkName: network.name, internal: network.internal },
      gatewayPriority: settings.GwPriority ?? 0,
      container: record.id,
      dnsNames: dnsNames({
        ...{ name: record.name, id: record.id, hostname: record.config.Hostname ?? '' },
        aliases: settings.Aliases ?? [],
      }),
      links: linksOf(record, network.name).map(({ target, alias }) => ({ name: target, alias })),
      addresses: [ipv4, ipv6].filter((one) => one !== null),
    })
  }

  leave(container: string, network: string): void {
    this.#servers.detach(container, network)
  }

  /** @param pid of a process in its sandbox */
  async open(container: string, pid: number, resolver: Resolver): Promise<void> {
    await this.#servers.open({ container, namespace: `/proc/${pid}/ns/net`, resolver })
  }

  close(container: string): void {
    this.#servers.close(container)
  }

  closeAll(): void {
    this.#servers.closeAll()
  }
}

/** `--link db:database`: of the network that `--network` named, or of an endpoint's own settings. */
export function linksOf(
  { hostConfig, networks }: Pick<ContainerRecord, 'hostConfig' | 'networks'>,
  network: string,
): { target: string; alias: string }[] {
  const own = networks[network]?.settings.Links ?? []
  const ofHost = hostConfig.NetworkMode === network ? (hostConfig.Links ?? []) : []
  return [...new Set([...ofHost, ...own])].map((text) => {
    const [target = '', alias = target] = text.split(':')
    return { target: target.replace(/^\//, ''), alias: alias.replace(/^.*\//, '') }
  })
}
