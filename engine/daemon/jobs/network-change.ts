// `docker network create`, `rm`, `prune`, `connect`, `disconnect`.
//
// A network's row is there before its bridge is, and goes after it: a daemon that is killed
// in between finds a network without interfaces, which are made when somebody needs them.
//
// Next: engine/daemon/network/membership.ts
import type { EndpointSettings } from '../../api/endpoint.ts'
import type { NetworkCreate } from '../../api/network.ts'
import { EngineError } from '../../errors.ts'
import { type Filters, matchesLabels, untilFilter } from '../../graph/image-filters.ts'
import { containerDirectory } from '../container/launch.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'
import { newNetwork } from '../network/create.ts'
import { connect, disconnect, type MembershipParts } from '../network/membership.ts'
import type { NetworkRecord } from '../network/record.ts'

export const networkCreate: DaemonJob<{ body: NetworkCreate }, { id: string }> = {
  name: 'network-create',
  async run(daemon, { body }) {
    const { networks, sandboxes, settings } = daemon
    const network = newNetwork(body, networks, settings.id)
    networks.add(network)
    await sandboxes.turns.take(network.id, async () => {
      try {
        await sandboxes.open(network.id)
      } catch (error) {
        await sandboxes.closeNetwork(network)
        networks.remove(network.id)
        throw error
      }
      tell(daemon, network, 'create')
    })
    return { id: network.id }
  },
}

export const networkRemove: DaemonJob<{ network: string }, void> = {
  name: 'network-remove',
  async run(daemon, { network: text }) {
    const network = daemon.networks.find(text)
    if (isPredefined(network))
      throw new EngineError('forbidden', `${network.name} is a pre-defined network and cannot be removed`)
    await remove(daemon, network)
  },
}

/** @throws EngineError `forbidden` while somebody is on it, `not-found` when somebody else was faster */
async function remove(daemon: Daemon, network: NetworkRecord): Promise<void> {
  const { networks, sandboxes } = daemon
  const { id, name } = network
  await sandboxes.turns.take(id, async () => {
    if (networks.get(id) === undefined) throw new EngineError('not-found', `network ${name} not found`)
    await sandboxes.leftBy(network)
    const users = sandboxes
      .on(id)
      .map((one) => `name:"${daemon.containers.get(one.container)?.name ?? ''}" id:"${one.id.slice(0, 12)}"`)
    if (users.length > 0)
      throw new EngineError(
        'forbidden',
        `error while removing network: network ${name} has active endpoints (${users.join(', ')})`,
      )
    await sandboxes.closeNetwork(network)
    networks.remove(id)
    tell(daemon, network, 'destroy')
  })
}

/** Those of users that nobody is on. @returns their names */
export const networkPrune: DaemonJob<{ filters: Filters }, string[]> = {
  name: 'network-prune',
  async run(daemon, { filters }) {
    const until = untilFilter(filters)
    const found = daemon.networks
      .all()
      .filter(
        (one) =>
          !isPredefined(one) &&
          daemon.sandboxes.on(one.id).length === 0 &&
          (until === undefined || Date.parse(one.created) < until) &&
          matchesLabels(filters, one.labels),
      )
    const gone: string[] = []
    for (const network of found)
      try {
        await remove(daemon, network)
        gone.push(network.name)
      } catch (error) {
        // Somebody has come to it since, or has removed it.
        if (!(error instanceof EngineError && ['forbidden', 'not-found'].includes(error.kind))) throw error
      }
    daemon.events.tell('network', 'prune', '', { reclaimed: '0' })
    return gone
  },
}

interface Membership {
  network: string
  container: string
}

export const networkConnect: DaemonJob<Membership & { settings: EndpointSettings }, void> = {
  name: 'network-connect',
  run: (daemon, { network, container, settings }) =>
    inTurn(daemon, network, container, (parts, id, found) =>
      connect(parts, daemon.containers.find(id), found, settings),
    ),
}

export const networkDisconnect: DaemonJob<Membership, void> = {
  name: 'network-disconnect',
  run: (daemon, { network, container }) =>
    inTurn(daemon, network, container, (parts, id, found) =>
      disconnect(parts, daemon.containers.find(id), found),
    ),
}

/** Nobody starts or stops it meanwhile. */
async function inTurn(
  { networks, containers, sandboxes, graph }: Daemon,
  network: string,
  container: string,
  work: (parts: MembershipParts, id: string, network: NetworkRecord) => Promise<void>,
): Promise<void> {
  const { id } = containers.find(container)
  const found = networks.find(network)
  const directoryOf = (one: string): string => containerDirectory(graph.root, one)
  await containers.turns.take(id, () =>
    // Looked for once more: it may be gone by now.
    work({ containers, sandboxes, directoryOf }, id, networks.find(found.id)),
  )
}

function isPredefined({ name }: NetworkRecord): boolean {
  return ['bridge', 'host', 'none'].includes(name)
}

function tell({ events }: Daemon, { id, name, driver }: NetworkRecord, action: 'create' | 'destroy'): void {
  events.tell('network', action, id, { name, type: driver })
}
