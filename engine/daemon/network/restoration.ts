// Networks at the daemon's beginning and end.
//
//   begin   rows of containers that run: their ports are held again, all rules are made anew in
//           one transaction, bridges and veth pairs stay as they are, and so do connections
//           rows of others: a killed daemon's. What they name goes, and then they go
//           bridges that nobody is on: taken down, made again when somebody comes
//           with nobody running, the table that a killed daemon may have left
//   end     with nobody running: every bridge, and the table
//
// Called by assemble.ts.
import type { BridgeDriver } from '../../drivers/network/bridge.ts'
import { interfaces } from '../../drivers/network/host-network.ts'
import { errorLine } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Networks } from './networks.ts'
import { ownerOf } from './publishing.ts'
import { addressesOf, bridgeNetwork, type EndpointRecord, endpointOf, publishedOf } from './record.ts'
import type { Sandboxes } from './sandboxes.ts'

/** @param runningOf a container that runs; undefined for all others */
export async function restoreNetworks(
  sandboxes: Sandboxes,
  runningOf: (container: string) => ContainerRecord | undefined,
): Promise<void> {
  const { networks, driver } = sandboxes.parts
  const there = interfaces()
  const live = networks.endpoints().filter(({ container }) => runningOf(container) !== undefined)
  const stale = networks.endpoints().filter((one) => !live.includes(one))
  const used = new Set(live.map(({ network }) => network))
  const unused = networks.all().filter(({ id, bridge }) => !used.has(id) && there.has(bridge))
  for (const endpoint of stale) await driver.unplug(endpointOf(endpoint, networks.find(endpoint.network)))
  for (const { id } of stale) networks.removeEndpoint(id)
  for (const network of unused) await driver.close(bridgeNetwork(network))
  if (live.length > 0) await restoreLive(networks, driver, live)
  else await driver.closeForeignTable()
  for (const endpoint of live) {
    const record = runningOf(endpoint.container)
    if (record !== undefined) await restoreEndpoint(sandboxes, endpoint, record)
  }
}

/** What the daemon itself does for a container that runs: its ports, its names. */
async function restoreEndpoint(
  sandboxes: Sandboxes,
  endpoint: EndpointRecord,
  record: ContainerRecord,
): Promise<void> {
  const { networks, ports, names, warn } = sandboxes.parts
  const [target] = addressesOf(endpoint)
  try {
    names.join(record, networks.find(endpoint.network), endpoint)
    if (target !== undefined) await ports.holdAgain(publishedOf(endpoint), ownerOf(record.name), target)
    if (endpoint.interface === 'eth0') await sandboxes.followNames(record)
  } catch (error) {
    // Its process may have ended, which the supervisor is about to say.
    warn(`the network of ${record.name}: ${errorLine(error)}`)
  }
}

async function restoreLive(
  networks: Networks,
  driver: BridgeDriver,
  live: readonly EndpointRecord[],
): Promise<void> {
  const ids = [...new Set(live.map(({ network }) => network))]
  await driver.restore(
    ids.map((id) => {
      const network = networks.find(id)
      const endpoints = live.filter((one) => one.network === id).map((one) => endpointOf(one, network))
      return { network: bridgeNetwork(network), endpoints }
    }),
  )
}

/** Nobody runs any more. */
export async function closeNetworks(sandboxes: Sandboxes): Promise<void> {
  const { networks, driver, names } = sandboxes.parts
  names.closeAll()
  await sandboxes.settled()
  const there = interfaces()
  const open = networks.all().filter(({ id, bridge }) => driver.isOpen(id) || there.has(bridge))
  for (const network of open) await driver.close(bridgeNetwork(network))
  await driver.closeTable()
}
