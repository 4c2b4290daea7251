// `docker network connect` and `disconnect`: another cable for a container that may be
// running, or one less.
//
// While it runs, three things follow from it: which network has the default route, and the
// published ports with it; whom it asks for names; what stands in its /etc/hosts. Those
// files are written in place: they are bound into it, and a new file would not be seen.
//
// Called by the jobs of networks, in the container's turn.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EndpointSettings } from '../../api/endpoint.ts'
import { formatAddress } from '../../drivers/network/address.ts'
import { EngineError } from '../../errors.ts'
import type { Containers } from '../container/containers.ts'
import { namesInHosts } from '../container/identity-files.ts'
import type { ContainerRecord } from '../container/record.ts'
import { gatewayName, placesOf } from './places.ts'
import { movePorts } from './publishing.ts'
import { addressesOf, type EndpointRecord, endpointOf, type NetworkRecord } from './record.ts'
import type { Sandboxes } from './sandboxes.ts'
import { checkSettings } from './wanted.ts'

export interface MembershipParts {
  containers: Containers
  sandboxes: Sandboxes
  /** Where the daemon keeps a container's files. */
  directoryOf: (container: string) => string
}

/** @throws EngineError in Docker's words, with nothing changed */
export async function connect(
  parts: MembershipParts,
  record: ContainerRecord,
  network: NetworkRecord,
  settings: EndpointSettings,
): Promise<void> {
  checkMode(record, network)
  if (record.networks[network.name] !== undefined)
    throw new EngineError(
      'forbidden',
      `endpoint with name ${record.name} already exists in network ${network.name}`,
    )
  checkSettings(network, settings)
  const next = withNetworks(record, { ...record.networks, [network.name]: { id: network.id, settings } })
  if (record.state.pid !== 0) await plugIn(parts, next, network).catch(unlessEnded(record))
  parts.containers.save(next)
}

/** @throws EngineError in Docker's words */
export async function disconnect(
  parts: MembershipParts,
  record: ContainerRecord,
  network: NetworkRecord,
): Promise<void> {
  const { [network.name]: known, ...rest } = record.networks
  if (known === undefined)
    throw new EngineError('forbidden', `container ${record.id} is not connected to network ${network.name}`)
  if (network.name === 'host')
    throw new EngineError(
      'forbidden',
      'container cannot be disconnected from host network or connected to host network',
    )
  const next = withNetworks(record, rest)
  const endpoint = parts.sandboxes.of(record.id).find((one) => one.network === network.id)
  if (endpoint !== undefined) await pullOut(parts, next, endpoint).catch(unlessEnded(record))
  parts.containers.save(next)
}

/** Its process may have ended, and nobody has said so yet: then it has no sandbox, and what is written down is all there is to do. */
function unlessEnded({ state }: ContainerRecord): (error: unknown) => void {
  return (error) => {
    if (existsSync(`/proc/${state.pid}/ns/net`)) throw error
  }
}

function withNetworks(record: ContainerRecord, networks: ContainerRecord['networks']): ContainerRecord {
  return { ...record, networks }
}

function checkMode({ hostConfig, networks }: ContainerRecord, network: NetworkRecord): void {
  const mode = hostConfig.NetworkMode ?? ''
  if (mode.startsWith('container:'))
    throw new EngineError(
      'invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    )
  if (mode === 'host' || network.name === 'host')
    throw new EngineError(
      'forbidden',
      'container cannot be disconnected from host network or connected to host network',
    )
  if (networks.none !== undefined || (network.name === 'none' && Object.keys(networks).length > 0))
    throw new EngineError(
      'forbidden',
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    )
}

async function plugIn(
  { sandboxes, directoryOf }: MembershipParts,
  record: ContainerRecord,
  network: NetworkRecord,
): Promise<void> {
  await using undo = new AsyncDisposableStack()
  const numbers = sandboxes.of(record.id).map((one) => Number(/\d+$/.exec(one.interface)?.[0] ?? 0))
  const endpoint = await sandboxes.take(record, network, `eth${Math.max(-1, ...numbers) + 1}`)
  undo.defer(() => sandboxes.drop(endpoint))
  await sandboxes.plug(record, endpoint, record.state.pid)
  await settleGateway(sandboxes, record)
  const own = addressesOf(endpoint).map((one) => `${formatAddress(one)}\t${namesInHosts(record)}`)
  rewrite(join(directoryOf(record.id), 'hosts'), (lines) => [...lines, ...own])
  await followNames(sandboxes, directoryOf, record)
  undo.move()
}

async function pullOut(
  { sandboxes, directoryOf }: MembershipParts,
  record: ContainerRecord,
  endpoint: EndpointRecord,
): Promise<void> {
  // First the ports, then the cable that they lead through.
  await settleGateway(sandboxes, record)
  await sandboxes.drop(sandboxes.parts.networks.endpoint(endpoint.id) ?? endpoint)
  const own = new Set(addressesOf(endpoint).map((one) => formatAddress(one)))
  rewrite(join(directoryOf(record.id), 'hosts'), (lines) =>
    lines.filter((line) => !own.has(line.split('\t', 1)[0] ?? '')),
  )
  await followNames(sandboxes, directoryOf, record)
}

/** The default route is where the best of its networks has it. @param record with the networks that it shall have */
async function settleGateway(sandboxes: Sandboxes, record: ContainerRecord): Promise<void> {
  const { networks, driver } = sandboxes.parts
  const best = networks.named(gatewayName(placesOf(record, networks)) ?? '')
  const all = sandboxes.of(record.id)
  const [before, after] = [all.find((one) => one.gateway), all.find((one) => one.network === best?.id)]
  if (before?.id === after?.id) return
  if (before !== undefined) networks.saveEndpoint({ ...before, gateway: false })
  if (after === undefined || best === undefined) return
  const next = { ...after, gateway: true }
  networks.saveEndpoint(next)
  await driver.setGateways(record.state.pid, after.interface, endpointOf(next, best).gateways)
  if (before !== undefined) await movePorts(sandboxes.parts, record.name, { ...before, gateway: false }, next)
}

async function followNames(
  sandboxes: Sandboxes,
  directoryOf: MembershipParts['directoryOf'],
  record: ContainerRecord,
): Promise<void> {
  const { text } = await sandboxes.followNames(record)
  writeFileSync(join(directoryOf(record.id), 'resolv.conf'), text)
}

function rewrite(path: string, change: (lines: string[]) => string[]): void {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  writeFileSync(path, `${change(lines).join('\n')}\n`)
}
